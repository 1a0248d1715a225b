/**
 * Held-out windows as a network reads them in a call: masked at stratified ratios (or as they are, for an autoregressive
 * model), with the positions that it has to predict. For measures that need nothing but forward passes, and for losses
 * that are compared in pairs: all of it depends on the seed and the window alone.
 */
import { integerAt, streams, uniformAt } from '../base/random.ts';
import { noiseLength } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import { shuffle } from '../data/batches.ts';
import type { EvaluationText } from '../train/text.ts';

/** One window of T tokens at one mask level. */
export interface Sample {
  /** Index among the windows. */
  readonly window: number;
  /** (T) the text. */
  readonly x0: Uint32Array;
  /** (T) what is given to the forward pass. */
  readonly xt: Uint32Array;
  /** (T) 1 where a mask is read in place of the text. */
  readonly masked: Uint8Array;
  /** (T) 1 where the network's prediction counts. */
  readonly predicted: Uint8Array;
  /** Positions that masks were drawn from, and how many got one. */
  readonly masks: number;
  readonly of: number;
  /** Positions that count, from the first on: of block diffusion those up to the block that is denoised. */
  readonly end: number;
}

export interface SampleOptions {
  readonly maskId: number;
  /** Mask levels per window. */
  readonly rounds: number;
  readonly seed: number;
}

/**
 * Every window at `rounds` mask levels, round by round. A window of text is masked at k = 1 to T positions, one stratum of
 * levels per sample, dealt to the windows in an order of its own; where only answers are masked, T is the answer's length. Of block diffusion, one
 * block is masked like that, those before it are clean and those after it all masks, as in decoding. An autoregressive
 * model predicts every position, from clean text: once, whatever the rounds.
 */
export function samplesOf(
  experiment: Experiment,
  { windows, answers }: Pick<EvaluationText, 'windows' | 'answers'>,
  { maskId, rounds, seed }: SampleOptions,
): Sample[] {
  const T = experiment.data.sequenceLength;
  const count = windows.length / T;
  const length = noiseLength(experiment);
  return Array.from({ length: length === null ? 1 : rounds }, (_, round) => {
    const strata = shuffle(
      Uint32Array.from({ length: count }, (_, i) => i),
      (bound, i) => integerAt(bound, seed, streams.evaluate, round, i),
    );
    return Array.from({ length: count }, (_, window): Sample => {
      const x0 = windows.slice(window * T, (window + 1) * T);
      if (length === null) return cleanSample(window, x0);
      const within = (strata[window] + uniformAt(seed, streams.level, round, window)) / count;
      const t = (round + within) / rounds;
      const block = integerAt(T / length, seed, streams.batch, round, window);
      const start = answers ? answers.starts[window] : block * length;
      const end = answers ? T : start + length;
      const order = rankedPositions(start, end, (i) => uniformAt(seed, streams.mask, round * count + window, i));
      return maskedSample(window, x0, { start, end, order, t, maskId, hidesRest: length < T });
    });
  }).flat();
}

function cleanSample(window: number, x0: Uint32Array): Sample {
  const { length: T } = x0;
  const predicted = new Uint8Array(T).fill(1);
  return { window, x0, xt: x0, masked: new Uint8Array(T), predicted, masks: 0, of: T, end: T };
}

function maskedSample(
  window: number,
  x0: Uint32Array,
  {
    start,
    end,
    order,
    t,
    maskId,
    hidesRest,
  }: Record<'start' | 'end' | 't' | 'maskId', number> & {
    order: readonly number[];
    hidesRest: boolean;
  },
): Sample {
  const of = end - start;
  const masks = Math.min(of, Math.floor(t * of) + 1);
  const xt = x0.slice();
  const masked = new Uint8Array(x0.length);
  for (const position of order.slice(0, masks)) {
    xt[position] = maskId;
    masked[position] = 1;
  }
  const predicted = masked.slice();
  if (hidesRest) {
    xt.fill(maskId, end);
    masked.fill(1, end);
  }
  return { window, x0, xt, masked, predicted, masks, of, end };
}

/** Positions `start` to `end` - 1 in the order of what is drawn for them. */
function rankedPositions(start: number, end: number, draw: (position: number) => number): number[] {
  const draws = Array.from({ length: end - start }, (_, i) => draw(start + i));
  return draws.map((_, i) => i + start).sort((a, b) => draws[a - start] - draws[b - start] || a - b);
}
