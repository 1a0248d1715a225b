/**
 * What the optimizers are given for a step: the learning rate (warm-up, then constant, cosine, or warm-up-stable-decay),
 * the corrections of Adam's moments, and the decay of the averaged weights.
 */
import type { Experiment } from '../config/schema.ts';
import type { Hyper } from '../ops/hyper.ts';

type Training = Experiment['training'];

/**
 * Learning rate of step `step` (the first is 0) of a run of `training.steps`. Cosine: Loshchilov and Hutter 2017
 * (arXiv 1608.03983); WSD: Hu et al. 2024 (arXiv 2404.06395), with a linear decay over the last `decayShare`.
 */
export function learningRateAt(training: Training, step: number): number {
  const { learningRate, warmupSteps, steps, finalShare, decayShare } = training;
  if (step < warmupSteps) return (learningRate * (step + 1)) / warmupSteps;
  const done = steps > warmupSteps ? Math.min(1, (step - warmupSteps) / (steps - warmupSteps)) : 1;
  switch (training.schedule) {
    case 'constant':
      return learningRate;
    case 'cosine':
      return learningRate * (finalShare + (1 - finalShare) * 0.5 * (1 + Math.cos(Math.PI * done)));
    case 'wsd': {
      const left = decayShare > 0 ? Math.min(1, (1 - done) / decayShare) : 1;
      return learningRate * (finalShare + (1 - finalShare) * left);
    }
    default:
      return training.schedule satisfies never;
  }
}

/** Decay of the averaged weights at a step: shorter while there is little to average. */
export function averageDecayAt(training: Training, step: number): number {
  return Math.min(training.emaDecay, (1 + step) / (10 + step));
}

/** What the optimizers of step `step` (the first is 0) are given. */
export function hyperAt(training: Training, step: number): Hyper {
  return {
    learningRate: learningRateAt(training, step),
    correction1: 1 / (1 - training.beta1 ** (step + 1)),
    correction2: 1 / (1 - training.beta2 ** (step + 1)),
    averageDecay: averageDecayAt(training, step),
  };
}
