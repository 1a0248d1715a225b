/**
 * What follows from an experiment's objective, for the model, for evaluation and for labels: how far a position sees,
 * and what the reported number is. The fields are in `schema/objective.ts`.
 */
import type { Experiment } from './schema.ts';

export type ObjectiveKind = Experiment['objective']['kind'];

/**
 * Size of the blocks that attention is causal across: a position sees its own block and those before it. The window
 * itself is bidirectional, 1 is causal.
 */
export function attentionBlock({ objective, data }: Pick<Experiment, 'objective' | 'data'>): number {
  switch (objective.kind) {
    case 'diffusion':
      return data.sequenceLength;
    case 'autoregressive':
      return 1;
    case 'block-diffusion':
      return objective.blockSize;
    default:
      return objective.kind satisfies never;
  }
}

/** Tokens that share one noise level: those of a window, or of a block of it; null for an objective without noise. */
export function noiseLength(experiment: Pick<Experiment, 'objective' | 'data'>): number | null {
  return experiment.objective.kind === 'autoregressive' ? null : attentionBlock(experiment);
}

/**
 * Whether training reads the clean text beside the noisy one: blocks are predicted from clean blocks before them. A block
 * that spans the window has none before it, and is masked diffusion.
 */
export function readsCleanText(experiment: Pick<Experiment, 'objective' | 'data'>): boolean {
  return experiment.objective.kind === 'block-diffusion' && isCausal(experiment);
}

/** Whether the network ever reads masks in training: it knows nothing of them otherwise. */
export function readsMasks({ objective }: Pick<Experiment, 'objective'>): boolean {
  return objective.kind !== 'autoregressive' || objective.inputMasking > 0;
}

/** Whether some position must not see a later one, so that whatever compares all positions of a window leaks. */
export function isCausal(experiment: Pick<Experiment, 'objective' | 'data'>): boolean {
  return attentionBlock(experiment) < experiment.data.sequenceLength;
}

/**
 * Whether the router compares positions that must not see each other: experts that choose tokens, or that drop those of
 * low score. Dropping later tokens for earlier ones is causal only where rows stand in the order of the text: not where
 * clean rows follow noisy ones of later blocks.
 */
export function leaksFuture(experiment: Experiment): boolean {
  const { feedForward, capacity, dropRule } = experiment.model;
  if (!isCausal(experiment)) return false;
  return (
    feedForward === 'expert-choice' ||
    (feedForward === 'token-choice' && capacity === 'factor' && (dropRule === 'score' || readsCleanText(experiment)))
  );
}

/** Whether the router compares tokens across the sequences of a batch, so that each one's logits depend on the others. */
export function comparesSequences({ model }: Pick<Experiment, 'model'>): boolean {
  const { feedForward, expertGroup, capacity } = model;
  return (
    (feedForward === 'expert-choice' && expertGroup === 'batch') ||
    (feedForward === 'token-choice' && capacity === 'factor')
  );
}

/** What is known about the number that evaluation reports, in bits per character. */
export interface Measure {
  /** Short, for tables and axes. */
  readonly name: string;
  /** One clause. */
  readonly about: string;
  /** Computed without drawing masks: one round over the text suffices. */
  readonly isExact: boolean;
  /** What the loss of training is, where it is another number; null where it is an estimate of the same. */
  readonly training: string | null;
}

/** What evaluation reports for this experiment. */
export function measureOf(experiment: Experiment): Measure {
  const training = trainingLoss(experiment);
  // Blocks of one token are always masked whole.
  const isExact = attentionBlock(experiment) === 1;
  if (leaksFuture(experiment)) {
    return { name: 'leaky loss', about: 'no likelihood: its experts read the future', isExact, training };
  }
  return isExact
    ? { name: 'NLL', about: 'the exact negative log-likelihood', isExact, training }
    : { name: 'NELBO', about: 'an upper bound of the negative log-likelihood', isExact, training };
}

function trainingLoss({ model, objective }: Experiment): string | null {
  const differences: string[] = [];
  if (objective.kind === 'autoregressive') {
    if (objective.inputMasking > 0) differences.push('that of masked inputs');
  } else if (objective.weighting === 'none') differences.push('the mean over masked tokens, no bound');
  if (model.dropout > 0) differences.push('that of a model with parts dropped');
  return differences.length > 0 ? differences.join(', and ') : null;
}
