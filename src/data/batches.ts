/**
 * Which windows of the text a step sees, and which the evaluation sees. The order is a pure function of (seed, step),
 * so a resumed run needs no data state. Each epoch cuts the text into windows that do not overlap, at a phase of its
 * own (so that every position meets every place in a window), and visits each exactly once, in an order of its own.
 */

import { DataError, unnamedText } from '../base/errors.ts';
import { least } from '../base/numbers.ts';
import { integerAt, streams } from '../base/random.ts';

export interface Batches {
  /** Windows in one epoch. */
  readonly windowsPerEpoch: number;
  /** Offsets in the tokens (B) of the windows of step 0, 1, 2, ... */
  offsetsAt(step: number): Uint32Array;
  /** Tokens (B * T) of a step, window after window; into `out` if given. */
  batchAt(step: number, out?: Uint32Array): Uint32Array;
}

/** Index of the phase's draw in an epoch's numbers: beyond any window's. */
const phaseIndex = 0xffffffff;

/**
 * Training windows of T = `sequenceLength` tokens, B = `batchSize` per step. A batch that reaches the end of an epoch
 * goes on in the next one. Throws `DataError` when there are fewer than T tokens.
 */
export function createBatches(
  tokens: Uint32Array,
  { sequenceLength: T, batchSize: B, seed }: { sequenceLength: number; batchSize: number; seed: number },
): Batches {
  if (tokens.length < T) {
    throw new DataError(`training text: expected at least ${T} tokens, got ${tokens.length}`);
  }
  // One window fewer than fit leaves room for any phase below T.
  const windowsPerEpoch = Math.max(1, Math.floor((tokens.length - T + 1) / T));
  const room = tokens.length - windowsPerEpoch * T;
  const epochOffsets = (epoch: number) => {
    const phase = integerAt(Math.min(T, room + 1), seed, streams.batch, epoch, phaseIndex);
    const offsets = Uint32Array.from({ length: windowsPerEpoch }, (_, window) => phase + window * T);
    return shuffle(offsets, (bound, i) => integerAt(bound, seed, streams.batch, epoch, i));
  };
  const offsetsAt = visitsOf(windowsPerEpoch, B, epochOffsets);
  return {
    windowsPerEpoch,
    offsetsAt,
    batchAt: (step, out = new Uint32Array(B * T)) => {
      offsetsAt(step).forEach((offset, b) => {
        out.set(tokens.subarray(offset, offset + T), b * T);
      });
      return out;
    },
  };
}

/**
 * What the B places of each step visit when every epoch visits `count` things once, in the order that `orderOf` gives
 * for the epoch; a batch that reaches the end of an epoch goes on in the next.
 */
export function visitsOf(count: number, B: number, orderOf: (epoch: number) => Uint32Array) {
  // Derived, never state: the orders of the epochs in use, at most two.
  const orders = new Map<number, Uint32Array>();
  const kept = (epoch: number) => {
    let order = orders.get(epoch);
    if (!order) {
      order = orderOf(epoch);
      if (orders.size > 1) orders.delete(least(orders.keys()));
      orders.set(epoch, order);
    }
    return order;
  };
  return (step: number) =>
    Uint32Array.from({ length: B }, (_, b) => {
      const visit = step * B + b;
      return kept(Math.floor(visit / count))[visit % count];
    });
}

/** Shuffles in place (Fisher and Yates, from the end); `integer` draws below a bound, once for each index. */
export function shuffle<A extends Uint32Array | unknown[]>(
  values: A,
  integer: (bound: number, i: number) => number,
): A {
  for (let i = values.length - 1; i > 0; i--) {
    const j = integer(i + 1, i);
    const kept = values[i];
    values[i] = values[j];
    values[j] = kept;
  }
  return values;
}

/**
 * Offsets of at most `count` windows of T tokens, spread evenly over `length` tokens without overlap. Throws `DataError`
 * when there are fewer than T tokens.
 */
export function evaluationOffsets(length: number, T: number, count: number): Uint32Array {
  const windows = Math.min(count, Math.floor(length / T));
  if (windows < 1)
    throw new DataError(`expected at least ${T} tokens to evaluate on, a window, got ${length}`, { path: unnamedText });
  // The spacing is at least T because windows * T <= length; rounding down keeps it so, as T is whole. The product
  // comes before the division: a rounded spacing would lose the last window's place.
  const gaps = Math.max(1, windows - 1);
  return Uint32Array.from({ length: windows }, (_, window) => Math.floor((window * (length - T)) / gaps));
}

/**
 * Tokens (W * T) of at most `count` held-out windows, the same at every evaluation. Throws `DataError` when there are
 * fewer than T tokens.
 */
export function evaluationWindows(tokens: Uint32Array, T: number, count: number): Uint32Array {
  const offsets = evaluationOffsets(tokens.length, T, count);
  const windows = new Uint32Array(offsets.length * T);
  offsets.forEach((offset, window) => {
    windows.set(tokens.subarray(offset, offset + T), window * T);
  });
  return windows;
}
