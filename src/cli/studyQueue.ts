/**
 * Runs the runs of a study as processes of their own (`sdlm train`), a few at a time: each has its directory, goes on
 * from its checkpoint, and cannot take another with it.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DataError } from '../base/errors.ts';
import { differences } from '../config/experiment.ts';
import { defaultPresetId, presetExperiment } from '../config/presets.ts';
import type { PlannedRun } from '../lab/studyRuns.ts';
import type { RunState } from './studyDirectory.ts';

export interface QueuedRun extends PlannedRun {
  readonly state: RunState;
}

export interface QueueOptions {
  readonly directory: string;
  readonly backend: 'gpu' | 'cpu';
  /** Processes at a time. */
  readonly jobs: number;
  /** Told after every step of any run. */
  readonly onStep: (run: PlannedRun, step: number) => void;
  readonly onEnd: (run: PlannedRun) => void;
}

/**
 * Runs what is not finished; answers whether all is, false after Ctrl+C, which lets the runs save. Throws `DataError`
 * with the sentence of the first run that fails; the others are stopped and can go on.
 */
export async function runQueue(runs: readonly QueuedRun[], options: QueueOptions): Promise<boolean> {
  const waiting = runs.filter(({ state }) => state !== 'finished');
  const done = new Set(runs.filter(({ state }) => state === 'finished').map(({ name }) => name));
  const active = new Map<string, Promise<void>>();
  const stops = new Set<() => void>();
  let isStopped = false;
  let failure: unknown = null;
  const stop = () => {
    isStopped = true;
    for (const end of stops) end();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  const start = (run: QueuedRun) =>
    runOne(run, options, stops)
      .then((isWhole) => {
        if (!isWhole) return;
        done.add(run.name);
        options.onEnd(run);
      })
      .catch((error: unknown) => {
        failure ??= error;
        stop();
      })
      .finally(() => active.delete(run.name));
  for (;;) {
    while (!isStopped && active.size < options.jobs) {
      const next = waiting.findIndex(({ from }) => from === null || done.has(from));
      if (next < 0) break;
      const [run] = waiting.splice(next, 1);
      active.set(run.name, start(run));
    }
    if (active.size === 0) break;
    await Promise.race(active.values());
  }
  if (failure) throw failure;
  // Once stopped, signals stay heard: one Ctrl+C comes twice where a launcher passes it on, and must not cut the end short.
  if (!isStopped) for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  return !isStopped;
}

/** One run in its process; answers whether it came to its end. */
function runOne(run: QueuedRun, { directory, backend, onStep }: QueueOptions, stops: Set<() => void>) {
  const child = spawn(
    process.execPath,
    [...process.execArgv, process.argv[1], ...argumentsOf(run, directory, backend)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const stop = () => child.kill('SIGINT');
  stops.add(stop);
  let last = 0;
  let words = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    last = (JSON.parse(line) as { step: number }).step;
    onStep(run, last);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  return new Promise<boolean>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      stops.delete(stop);
      const sentence =
        words
          .trim()
          .split('\n')
          .at(-1)
          ?.replace(/^sdlm: /, '') ?? '';
      if (code === 0) resolve(last === run.experiment.training.steps);
      else reject(new DataError(`${run.name}: expected the run to end well, got ${sentence || `signal ${signal}`}`));
    });
  });
}

function argumentsOf({ name, experiment, from, state }: QueuedRun, directory: string, backend: string): string[] {
  const at = join(directory, name);
  if (state === 'begun') return ['train', '--resume', at, '--backend', backend];
  const settings = differences(experiment, presetExperiment(defaultPresetId));
  return [
    'train',
    ...['--preset', defaultPresetId, '--backend', backend, '--out', at],
    ...Object.entries(settings).flatMap(([path, value]) => ['--set', `${path}=${value}`]),
    ...(from === null ? [] : ['--from', join(directory, from)]),
  ];
}
