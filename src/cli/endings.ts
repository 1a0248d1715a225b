/**
 * What ends a command before its time: a signal (HUP as TERM), a parent that is gone, or output that cannot be written. A
 * command that has something to save says how it stops (`stopsBy`); any other ends at once.
 */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { reasonOf } from './disk.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

let stop: (() => void) | null = null;
let stoppedAt: number | null = null;
let lost: NodeJS.ErrnoException | null = null;

/** Listens for what ends any command. Called once, first. */
export function watchEndings(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    lost ??= error;
    if (stop) stop();
    else endWithoutOutput(0);
  });
  // Progress that nobody reads is no reason to end.
  process.stderr.on('error', () => {});
  // The launcher and a study hold a channel to this process. It closes when they are gone, however they went.
  if (process.connected) process.once('disconnect', () => (stop ? stop() : process.exit(130)));
}

/**
 * From here on the command ends by `stopNow`, until what this answers is called. Ctrl+C in a terminal arrives twice, once
 * passed on by the launcher; a second one a moment later ends the process at once.
 */
export function stopsBy(stopNow: () => void): () => void {
  const hear = () => {
    if (stoppedAt !== null && performance.now() - stoppedAt > 1000) process.exit(130);
    stoppedAt ??= performance.now();
    stopNow();
  };
  stop = stopNow;
  for (const signal of signals) process.on(signal, hear);
  if (lost) stopNow();
  return () => {
    stop = null;
    for (const signal of signals) process.off(signal, hear);
  };
}

/** Whether standard output takes no more words. */
export function isOutputLost(): boolean {
  // The stream knows before it tells.
  lost ??= process.stdout.errored as NodeJS.ErrnoException | null;
  return lost !== null;
}

/**
 * Ends the process; with exit code 1 and one sentence where standard output could not be written. A reader that closes
 * early (`| head`) has what it wanted: no error and no word.
 */
export function endWithoutOutput(code: number): never {
  if (!isOutputLost() || lost!.code === 'EPIPE') process.exit(code);
  process.stderr.write(`sdlm: standard output: expected to write to it, got ${reasonOf(lost)}\n`);
  process.exit(1);
}
