/** The two sizes that most studies share: the models of the presets, with as many steps as the time allows. */
import type { Settings } from './study.ts';

/** W0 of KERNELS.md with eight experts: about 30 ms per step on one core. */
export const small: Settings = {
  'model.layers': 2,
  'model.width': 64,
  'model.heads': 2,
  'model.feedForward': 'expert-choice',
  'model.experts': 8,
  'model.choices': 2,
  'model.expertWidth': 88,
  'data.corpus': 'moby-dick',
  'data.sequenceLength': 64,
  'training.batchSize': 8,
  'training.learningRate': 0.003,
};

/** W1 of KERNELS.md with sixteen experts: for a GPU. */
export const medium: Settings = {
  'model.layers': 4,
  'model.width': 128,
  'model.heads': 4,
  'model.feedForward': 'expert-choice',
  'model.experts': 16,
  'model.choices': 2,
  'model.expertWidth': 176,
  'data.corpus': 'moby-dick',
  'data.sequenceLength': 128,
  'training.batchSize': 16,
  'training.learningRate': 0.002,
};

/** Steps, and a validation after each tenth of them. */
export function length(steps: number): Settings {
  return { 'training.steps': steps, 'training.evaluateEvery': Math.ceil(steps / 10) };
}
