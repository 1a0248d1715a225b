/**
 * The noise schedule: how much of each sequence is masked, and what its loss weighs. Used for training and for
 * evaluation alike. Linear schedule, alpha(t) = 1 - t. Which positions are masked is decided on the device
 * (`src/ops/corrupt.ts`).
 */

import { integerAt, streams, uniformAt } from '../base/random.ts';
import { noiseLength } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import type { LevelKind } from '../ops/corrupt.ts';

type Objective = Experiment['objective'];

/** Smallest probability of a mask under `elbo` weights (LLaDA 2502.09992, algorithm 1). */
export const smallestMaskProbability = 1e-3;

export interface MaskLevels {
  /** (B): number of masks, or their probability in units of 2^-24, by `levelKind`. */
  readonly level: Uint32Array;
  /** (B): weight of the sample's summed loss; under a bound's weighting its expectation is the NELBO. */
  readonly weight: Float32Array;
}

/** Whether an objective masks an exact number of positions or each with a probability. */
export function levelKind(weighting: Objective['weighting']): LevelKind {
  switch (weighting) {
    case 'uniform-k':
      return 'count';
    case 'elbo':
    case 'none':
      return 'probability';
    default:
      return weighting satisfies never;
  }
}

/** Whether the loss is divided by all positions of the batch or by the masked ones (SCIENCE 1). */
export function isMeanOverMasked(weighting: Objective['weighting']): boolean {
  return weighting === 'none';
}

/** Levels of a training step; null for an objective without noise levels. `answerLengths` as in `levelsAt`. */
export function stepLevels(experiment: Experiment, step: number, answerLengths?: ArrayLike<number>): MaskLevels | null {
  const { objective, training, data } = experiment;
  const length = noiseLength(experiment);
  if (length === null) return null;
  const blocks = data.sequenceLength / length;
  const times = drawTimes(objective.timeSampling, training.batchSize, training.seed, step, blocks);
  return levelsAt(objective.weighting, times, length, answerLengths);
}

/** Levels of an evaluation at given times: exact counts, whatever the weighting of training; null as above. */
export function exactLevels(
  experiment: Experiment,
  times: readonly number[],
  answerLengths?: ArrayLike<number>,
): MaskLevels | null {
  const length = noiseLength(experiment);
  return length === null ? null : levelsAt('uniform-k', times, length, answerLengths);
}

/**
 * Times t in [0, 1) of a batch: `uniform` independent; `antithetic` t_i = (u_i + i) / B (MDLM 2406.07524, one per
 * stratum); `shared` t_i = (u + i / B) mod 1 (MD4 2406.04329). Where each of the B sequences is cut into `blocks`, there
 * are B * blocks samples, and the strata are dealt from a random one on: no block of a window may have one of its own.
 */
export function drawTimes(
  sampling: Objective['timeSampling'],
  B: number,
  seed: number,
  step: number,
  blocks = 1,
): number[] {
  const count = B * blocks;
  const own = (sample: number) => uniformAt(seed, streams.level, step, sample);
  const samples = Array.from({ length: count }, (_, sample) => sample);
  const turn = blocks > 1 ? integerAt(count, seed, streams.level, step, count) : 0;
  switch (sampling) {
    case 'uniform':
      return samples.map(own);
    case 'antithetic':
      return samples.map((sample) => (own(sample) + ((sample + turn) % count)) / count);
    case 'shared':
      return samples.map((sample) => (own(0) + sample / count) % 1);
    default:
      return sampling satisfies never;
  }
}

/**
 * Mask levels and loss weights at times t in [0, 1), for windows of T tokens:
 * `uniform-k` masks k = floor(t T) + 1 positions with weight T / k (RADD 2406.03736);
 * `elbo` masks each with p = (1 - eps) t + eps and weight 1 / p; `none` masks likewise, with weight 1 (MaskGIT).
 *
 * Where only answers are masked, `answerLengths` holds the A <= T positions of each sample that may be. A then takes the
 * place of T: k ~ U{1..A}, and the loss of a sample is (1 / A) (A / k) sum nll, or (1 / A) (1 / p) sum nll, the bound
 * per token of its answer (LLaDA 2502.09992, algorithm 2). As the sum is divided by T elsewhere, weights carry T / A.
 */
export function levelsAt(
  weighting: Objective['weighting'],
  times: readonly number[],
  T: number,
  answerLengths?: ArrayLike<number>,
): MaskLevels {
  const level = new Uint32Array(times.length);
  const weight = new Float32Array(times.length);
  times.forEach((t, sample) => {
    const A = answerLengths?.[sample] ?? T;
    switch (weighting) {
      case 'uniform-k': {
        const k = Math.min(A, Math.floor(t * A) + 1);
        level[sample] = k;
        weight[sample] = perAnswerToken(A / k, A, T);
        break;
      }
      case 'elbo':
      case 'none': {
        level[sample] = Math.round(((1 - smallestMaskProbability) * t + smallestMaskProbability) * 2 ** 24);
        weight[sample] = weighting === 'elbo' ? perAnswerToken(2 ** 24 / level[sample], A, T) : 1;
        break;
      }
      default:
        weighting satisfies never;
    }
  });
  return { level, weight };
}

/** Weight of a sum that is divided by T positions, such that it is divided by the A positions of the answer instead. */
export function perAnswerToken(weight: number, A: number, T: number): number {
  return weight * (T / A);
}
