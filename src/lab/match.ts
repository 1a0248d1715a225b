/**
 * The dense model to hold a sparse one against: the feed-forward width at which training FLOPs per token, or parameters
 * in all, come nearest. Everything else is left as it is. Not here: what is counted (`accounting.ts`).
 */
import { ConfigError } from '../base/errors.ts';
import { fieldAt, withSettings } from '../config/experiment.ts';
import type { Experiment } from '../config/schema.ts';
import { type Accounting, accountingOf } from '../run/cost.ts';

/** What is made equal: the cost of training on a token, or the number of parameters. */
export type MatchKind = 'flops' | 'parameters';

export const matchKinds = { flops: 'trainFlopsPerToken', parameters: 'total' } as const satisfies Record<
  MatchKind,
  keyof Accounting
>;

export interface DenseMatch {
  readonly experiment: Experiment;
  readonly hiddenWidth: number;
  /** The dense model's figure over that of the model it is matched to: 1 is exact. */
  readonly ratio: number;
}

/**
 * The dense model nearest to `experiment`; of two equally near widths the narrower. `vocabularySize` is without the
 * mask. Throws `ConfigError` when no width that a configuration may have comes within a half of the figure.
 */
export function denseMatch(experiment: Experiment, by: MatchKind, vocabularySize: number): DenseMatch {
  const figure = (of: Experiment) => accountingOf(of, vocabularySize)[matchKinds[by]];
  const dense = (hiddenWidth: number) =>
    withSettings(experiment, { 'model.feedForward': 'dense', 'model.hiddenWidth': hiddenWidth });
  const target = figure(experiment);
  const { min, max } = widthRange();
  // Every figure is linear in the width: the two whole numbers around the solution hold the nearest.
  const perChannel = figure(dense(min + 1)) - figure(dense(min));
  const exact = min + (target - figure(dense(min))) / perChannel;
  const candidates = [Math.floor(exact), Math.ceil(exact)].map((width) => Math.min(max, Math.max(min, width)));
  const missed = (width: number) => Math.abs(figure(dense(width)) - target);
  const hiddenWidth = missed(candidates[1]) < missed(candidates[0]) ? candidates[1] : candidates[0];
  const ratio = figure(dense(hiddenWidth)) / target;
  if (Math.abs(ratio - 1) > 0.5) {
    throw new ConfigError(
      `model.hiddenWidth: expected a width from ${min} to ${max} that matches the ${by}, got ${Math.round(exact)}; make the sparse model smaller`,
    );
  }
  return { experiment: dense(hiddenWidth), hiddenWidth, ratio };
}

function widthRange(): { min: number; max: number } {
  const field = fieldAt('model.hiddenWidth');
  if (field.kind !== 'number') throw new Error('model.hiddenWidth: expected a number, got another kind of field');
  return field;
}
