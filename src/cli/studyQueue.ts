/**
 * Runs the runs of a study as processes of their own (`sdlm train`), a few at a time: each has its directory, goes on
 * from its checkpoint, and cannot take another with it.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { DataError } from '../base/errors.ts';
import { differences } from '../config/experiment.ts';
import { defaultPresetId, presetExperiment } from '../config/presets.ts';
import type { PlannedRun } from '../lab/studyRuns.ts';
import { stopsBy } from './endings.ts';
import { type RunState, stateOf } from './studyDirectory.ts';

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
  readonly onEnd: (run: PlannedRun, state: RunState) => void;
}

/** How far the queue came. */
export interface QueueEnd {
  /** Nothing is left to do; false after Ctrl+C, which lets the runs save. */
  readonly isWhole: boolean;
  /** Names of the runs that diverged, and of those that were to start from them. */
  readonly lost: ReadonlySet<string>;
}

/**
 * Runs what is not finished. A run that diverges is left out, with those that start from it. Throws `DataError` with the
 * sentence of the first run that fails otherwise; the others are stopped and can go on.
 */
export async function runQueue(runs: readonly QueuedRun[], options: QueueOptions): Promise<QueueEnd> {
  const waiting = runs.filter(({ state }) => state !== 'finished' && state !== 'diverged');
  const namesOf = (wanted: RunState) => runs.filter(({ state }) => state === wanted).map(({ name }) => name);
  const [done, lost] = [new Set(namesOf('finished')), new Set(namesOf('diverged'))];
  const active = new Map<string, Promise<void>>();
  const stops = new Set<() => void>();
  let isStopped = false;
  let failure: unknown = null;
  const stop = () => {
    isStopped = true;
    for (const end of stops) end();
  };
  const listenNoMore = stopsBy(stop);
  const start = (run: QueuedRun) =>
    runOne(run, options, stops)
      .then((state) => {
        if (state !== 'finished' && state !== 'diverged') return;
        (state === 'finished' ? done : lost).add(run.name);
        options.onEnd(run, state);
      })
      .catch((error: unknown) => {
        failure ??= error;
        stop();
      })
      .finally(() => active.delete(run.name));
  for (;;) {
    for (const { name, from } of waiting) if (from !== null && lost.has(from)) lost.add(name);
    while (!isStopped && active.size < options.jobs) {
      const next = waiting.findIndex(({ name, from }) => !lost.has(name) && (from === null || done.has(from)));
      if (next < 0) break;
      const [run] = waiting.splice(next, 1);
      active.set(run.name, start(run));
    }
    if (active.size === 0) break;
    await Promise.race(active.values());
  }
  if (failure) throw failure;
  // Once stopped, signals stay heard: one Ctrl+C comes twice where a launcher passes it on, and must not cut the end short.
  if (!isStopped) listenNoMore();
  return { isWhole: !isStopped, lost };
}

/** One run in its process; answers how far it is then. The channel closes with this process: the run stops and saves. */
async function runOne(run: QueuedRun, { directory, backend, onStep }: QueueOptions, stops: Set<() => void>) {
  const train = [...process.execArgv, process.argv[1], ...argumentsOf(run, directory, backend)];
  const child = spawn(process.execPath, train, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const stop = () => child.kill('SIGINT');
  stops.add(stop);
  let words = '';
  createInterface({ input: child.stdout! }).on('line', (line) => {
    onStep(run, (JSON.parse(line) as { step: number }).step);
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-2000);
  });
  const [code, signal] = await (once(child, 'close') as Promise<[number | null, string | null]>).finally(() =>
    stops.delete(stop),
  );
  // What a run that could not even begin says is about its directory: that is not looked into again.
  const state = code === 0 || code === 1 ? stateOf(directory, run) : null;
  if (state !== null && (code === 0 || state === 'diverged')) return state;
  const last = words.trim().split('\n').at(-1) ?? '';
  const sentence = last.replace(/^sdlm: /, '') || `signal ${signal}`;
  throw new DataError(`${run.name}: expected the run to end well, got ${sentence}`);
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
