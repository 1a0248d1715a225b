/** A network that the measures of the lab call: a forward pass of B windows, whoever lends the model for each call. */
import { greatest } from '../base/numbers.ts';
import type { Experiment } from '../config/schema.ts';
import type { ForwardResult } from '../model/forwardPass.ts';
import type { Sample } from './samples.ts';

export interface Network {
  /** Windows per call. */
  readonly B: number;
  /** Runs (B, T) tokens. */
  run(tokens: Uint32Array): Promise<ForwardResult>;
}

/** Numbers that a call may read back at most, unless a single window has more. */
const mostLogits = 2 ** 22;

/**
 * Windows per call: those of a batch where experts choose or drop across it, which makes them part of the model;
 * otherwise as many of them as read back a bounded number of logits.
 */
export function windowsPerCall({ model, training, data }: Experiment, columns: number): number {
  const isCoupled =
    (model.feedForward === 'expert-choice' && model.expertGroup === 'batch') ||
    (model.feedForward === 'token-choice' && model.capacity === 'factor');
  const most = Math.max(1, Math.floor(mostLogits / (data.sequenceLength * columns)));
  return isCoupled ? training.batchSize : Math.min(training.batchSize, most);
}

/** What a network says of one sample: its rows of the result begin at `row`. */
export interface SampleResult {
  readonly sample: Sample;
  readonly row: number;
  readonly result: ForwardResult;
}

/** Calls of a measure: told of progress after each, ended by an error that it throws. */
export type OnProgress = (done: number, of: number) => void | Promise<void>;

/** Runs samples, B at a time; the last call is filled up with the last sample. */
export async function* runSamples(
  { B, run }: Network,
  samples: readonly Sample[],
): AsyncGenerator<readonly SampleResult[]> {
  for (let first = 0; first < samples.length; first += B) {
    const some = Array.from({ length: B }, (_, b) => samples[Math.min(first + b, samples.length - 1)]);
    const T = some[0].xt.length;
    const tokens = new Uint32Array(B * T);
    some.forEach(({ xt }, b) => {
      tokens.set(xt, b * T);
    });
    const result = await run(tokens);
    yield some.slice(0, samples.length - first).map((sample, b) => ({ sample, row: b * T, result }));
  }
}

/** The most likely token of a row of logits, the mask (the last column) left out. */
export function predictedToken(logits: Float32Array, row: number, columns: number): number {
  const values = logits.subarray(row * columns, (row + 1) * columns - 1);
  return values.indexOf(greatest(values));
}

/** -log p of a token under a row of logits, the mask left out (SUBS, MDLM 2406.07524). */
export function negativeLogLikelihood(logits: Float32Array, row: number, columns: number, token: number): number {
  const values = logits.subarray(row * columns, (row + 1) * columns - 1);
  const top = greatest(values);
  let sum = 0;
  for (const value of values) sum += Math.exp(value - top);
  return top + Math.log(sum) - values[token];
}
