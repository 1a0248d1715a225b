/**
 * How fast a runtime trains, found by training: whole recorded steps of an experiment on random tokens, as many in
 * flight as in a run. Small products were timed before, which in Firefox times the queue and not the adapter.
 * Not here: which backend that speaks for (`machine.ts`), how long a run will take (`duration.ts`).
 */
import { type Clock, clockResolution, systemClock } from '../base/clock.ts';
import { integerAt, streams } from '../base/random.ts';
import { turn as eventTurn } from '../base/turn.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import type { Experiment } from '../config/schema.ts';
import { maxInFlight, type Runtime } from '../runtime/runtime.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';

export type Unmeasured =
  | { readonly kind: 'unmeasured'; readonly why: 'not yet' | 'stopped' | 'clock stands still' }
  /** Compiling, or the first step, took longer than allowed. */
  | { readonly kind: 'unmeasured'; readonly why: 'took too long'; readonly seconds: number }
  | { readonly kind: 'unmeasured'; readonly why: 'failed'; readonly message: string };

/** Seconds are above zero and finite; `steps` is how many were timed. */
export type Speed = { readonly kind: 'measured'; readonly secondsPerStep: number; readonly steps: number } | Unmeasured;

export interface MeasureOptions {
  readonly now?: Clock;
  /** Stops measuring after the steps in flight. */
  readonly signal?: AbortSignal;
  /** Resolves when other tasks of this thread had their turn. Called between steps. */
  readonly turn?: () => Promise<void>;
  /** Seconds for everything, compiling included; none where absent. */
  readonly mostSeconds?: number;
  /** Seconds of a step elsewhere: being clearly slower than that is enough to know. */
  readonly rival?: number;
  readonly onProgress?: (activity: string) => void;
}

/** What is timed takes so many steps of the clock, and so many milliseconds; a round that takes the longer is the last. */
const enough = { clockSteps: 50, milliseconds: 100, most: 3000 };

/** Rounds are whole groups of steps in flight: a queue that answers in groups is then timed from group to group. */
const group = maxInFlight;

/** A step this many times as slow as the rival's is clearly slower, in a round that is not measured well yet. */
const clearly = 2;

class Stopped extends Error {
  readonly reason: Unmeasured;
  constructor(reason: Unmeasured) {
    super(reason.why);
    this.reason = reason;
  }
}

/**
 * Seconds of a training step of `experiment` over `vocabularySize` tokens plus the mask. Never throws: what keeps it from
 * measuring is in the answer. The runtime is as it was before, and is the caller's to destroy.
 */
export async function measureSteps(
  runtime: Runtime,
  experiment: Experiment,
  vocabularySize: number,
  options: MeasureOptions = {},
): Promise<Speed> {
  const { now = systemClock, onProgress = () => {}, mostSeconds = Number.POSITIVE_INFINITY } = options;
  const start = now();
  const check = () => {
    if (options.signal?.aborted) throw new Stopped({ kind: 'unmeasured', why: 'stopped' });
    const seconds = (now() - start) / 1000;
    if (seconds > mostSeconds) throw new Stopped({ kind: 'unmeasured', why: 'took too long', seconds });
  };
  let trainer: Trainer | null = null;
  try {
    check();
    trainer = await createTrainer(runtime, experiment, vocabularySize, (activity) => {
      check();
      onProgress(activity);
    });
    return await timeSteps(stepsOf(trainer, experiment, vocabularySize), { ...options, check });
  } catch (error) {
    if (error instanceof Stopped) return error.reason;
    return { kind: 'unmeasured', why: 'failed', message: error instanceof Error ? error.message : String(error) };
  } finally {
    trainer?.destroy();
  }
}

/** Steps on random tokens; answers, where the corpus has them, are the second halves. */
function stepsOf(trainer: Trainer, { training, data }: Experiment, vocabularySize: number): () => Promise<unknown> {
  const { batchSize: B } = training;
  const { sequenceLength: T, corpus } = data;
  const x0 = Uint32Array.from({ length: B * T }, (_, i) => integerAt(vocabularySize, 1, streams.batch, 0, i));
  const answerStart = corpusKind(corpus).isPairs ? new Uint32Array(B).fill(Math.ceil(T / 2)) : undefined;
  return () => trainer.advance(x0, answerStart);
}

/**
 * Times steps in rounds that grow, until the rounds differ by long enough. What does not grow with the number of steps,
 * such as the way of the last answer, is in the short round too and falls out. Throws what a step or `check` throws, once
 * no step is in flight.
 */
async function timeSteps(
  advance: () => Promise<unknown>,
  options: MeasureOptions & { readonly check: () => void },
): Promise<Speed> {
  const { now = systemClock, rival = Number.POSITIVE_INFINITY } = options;
  const resolution = clockResolution(now);
  if (resolution === null) return { kind: 'unmeasured', why: 'clock stands still' };
  const round = async (steps: number) => {
    const start = now();
    await runSteps(advance, steps, options);
    return now() - start;
  };
  const measured = (milliseconds: number, steps: number): Speed => {
    return { kind: 'measured', secondsPerStep: milliseconds / steps / 1000, steps };
  };
  const isLast = (milliseconds: number, steps: number) =>
    milliseconds > enough.most || milliseconds - resolution > steps * clearly * rival * 1000;

  // Engines and drivers finish compiling in the first step, so it never counts.
  await round(1);
  const single = await round(1);
  if (single > enough.most) return measured(single, 1);
  let short = await round(group);
  if (isLast(short, group)) return measured(short, group);
  short = Math.min(short, await round(group));
  const target = Math.min(Math.max(enough.milliseconds, enough.clockSteps * resolution), enough.most);
  for (let steps = 2 * group; ; ) {
    const long = await round(steps);
    const isKnown = long - short >= target || isLast(long, steps);
    if (long > short && isKnown) return measured(long - short, steps - group);
    const wanted = (1.2 * target * steps) / Math.max(long, resolution, target / 16);
    steps = Math.max(2 * steps, group * Math.ceil(1 + wanted / group));
  }
}

/** Runs steps with as many in flight as in training. */
async function runSteps(
  advance: () => Promise<unknown>,
  steps: number,
  { check, turn = eventTurn }: MeasureOptions & { readonly check: () => void },
): Promise<void> {
  const pending: Promise<unknown>[] = [];
  try {
    for (let started = 0; started < steps; started++) {
      await turn();
      check();
      pending.push(advance());
      if (pending.length === maxInFlight) await pending.shift();
    }
  } finally {
    await Promise.allSettled(pending);
  }
  await Promise.all(pending);
}
