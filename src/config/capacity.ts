/** How many tokens an expert takes under expert choice, as numbers that hold before anything runs. */
import type { Experiment } from './schema.ts';

type ModelSettings = Experiment['model'];

/** Numbers such as 0.29 * 100 fall just short of the whole number that is meant. */
const rounding = 1e-9;

/**
 * C = floor(capacityFactor * K * size / E) of a group of `size` tokens (Zhou et al. 2022, arXiv 2202.09368,
 * section 3.2), at least one token and at most all.
 */
export function capacityOf(
  { capacityFactor, choices, experts }: Pick<ModelSettings, 'capacityFactor' | 'choices' | 'experts'>,
  size: number,
): number {
  const share = Math.floor((capacityFactor * choices * size) / experts + rounding);
  return Math.min(size, Math.max(1, share));
}

/** Tokens that choose among the same capacity: one sequence, or the whole batch of B sequences of T tokens. */
export function groupSizeOf({ expertGroup }: Pick<ModelSettings, 'expertGroup'>, B: number, T: number): number {
  return expertGroup === 'sequence' ? T : B * T;
}

/** Expected share of the tokens that a routed expert computes, for batches of B sequences of T tokens. */
export function expertShareOf(model: ModelSettings, B: number, T: number): number {
  switch (model.feedForward) {
    case 'dense':
      return 0;
    case 'expert-choice': {
      const size = groupSizeOf(model, B, T);
      return capacityOf(model, size) / size;
    }
    case 'token-choice':
      return model.choices / model.experts;
    default:
      return model.feedForward satisfies never;
  }
}
