/**
 * The run queue as data: what waits, what runs, what is measured, and how each command changes it. Pure functions; who
 * starts runs and keeps the queue is `queue.ts`.
 */
import { ConfigError } from '../base/errors.ts';
import type { QueuedRun, QueueState } from './protocol.ts';
import type { Measurement } from './stored.ts';

export interface QueueData {
  /** In order, the run in progress first. */
  readonly runs: readonly QueuedRun[];
  /** What is measured when its runs have ended. */
  readonly measurements: readonly Measurement[];
  readonly runningId: string | null;
  readonly isPaused: boolean;
  readonly measuring: QueueState['measuring'];
  /** Another tab works on the queue. */
  readonly isElsewhere: boolean;
}

export const emptyQueue: QueueData = {
  runs: [],
  measurements: [],
  runningId: null,
  isPaused: false,
  measuring: null,
  isElsewhere: true,
};

/** What comes next, if anything: a measurement whose runs have all left, else the first run. */
export type Due =
  | { readonly kind: 'measure'; readonly measurement: Measurement }
  | { readonly kind: 'start'; readonly run: QueuedRun };

/** `isBusy`: a run occupies the engine. */
export function dueIn(data: QueueData, isBusy: boolean): Due | null {
  const { runs, measurements, runningId, isPaused, measuring, isElsewhere } = data;
  if (isPaused || isElsewhere || runningId !== null || measuring || isBusy) return null;
  const measurement = measurements.find((one) => !runs.some(({ id }) => isOf(one, id)));
  if (measurement) return { kind: 'measure', measurement };
  return runs.length > 0 ? { kind: 'start', run: runs[0] } : null;
}

/** Adds runs at the end, and what is to be measured when they have ended. */
export function added(data: QueueData, runs: readonly QueuedRun[], measurements: readonly Measurement[]): QueueData {
  expectOwn(data);
  return { ...data, runs: [...data.runs, ...runs], measurements: [...data.measurements, ...measurements] };
}

/** Puts a waiting run at a place. Throws `ConfigError` for one that is not there, or in progress. */
export function moved(data: QueueData, id: string, to: number): QueueData {
  const run = waiting(data, id);
  const others = data.runs.filter((other) => other !== run);
  // Nothing comes before the run in progress.
  const place = Math.max(to, data.runningId === null ? 0 : 1);
  return { ...data, runs: [...others.slice(0, place), run, ...others.slice(place)] };
}

/** Takes a waiting run out, and the measurements that need it. Throws `ConfigError` as `moved` does. */
export function removed(data: QueueData, id: string): QueueData {
  const run = waiting(data, id);
  return {
    ...data,
    runs: data.runs.filter((other) => other !== run),
    measurements: data.measurements.filter((measurement) => !isOf(measurement, id)),
  };
}

/** A run has ended, well or badly. */
export function left(data: QueueData, id: string): QueueData {
  const runningId = data.runningId === id ? null : data.runningId;
  return { ...data, runs: data.runs.filter((run) => run.id !== id), runningId };
}

/** A measurement was taken, or failed. */
export function measured(data: QueueData, measurement: Measurement): QueueData {
  return { ...data, measurements: data.measurements.filter((other) => other !== measurement) };
}

/** Whether what is kept of a run is needed still: it waits, or another or a measurement waits for its weights. */
export function needs({ runs, measurements }: QueueData, id: string): boolean {
  return runs.some((run) => run.id === id || run.from === id) || measurements.some((one) => isOf(one, id));
}

/** Throws `ConfigError` where another tab works on the queue. */
export function expectOwn({ isElsewhere }: QueueData): void {
  if (!isElsewhere) return;
  throw new ConfigError('queue: expected no other tab of this page to work on it, got one; go there, or close it');
}

export function isOf({ runs }: Measurement, id: string): boolean {
  return Object.values(runs).includes(id);
}

function waiting(data: QueueData, id: string): QueuedRun {
  expectOwn(data);
  const run = data.runs.find((candidate) => candidate.id === id);
  if (!run) throw new ConfigError(`queue: expected a run that waits, got ${id}, which is gone`);
  if (id === data.runningId)
    throw new ConfigError(`queue: expected a run that waits, got "${run.name}" in progress; stop it`);
  return run;
}
