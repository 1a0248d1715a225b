/**
 * The two sizes that most studies share: one model for two cores, one for a GPU, with as many steps as the time allows.
 * All arms train with Muon at one learning rate: it reaches in a third of the steps the losses at which models differ.
 */
import type { Settings } from './study.ts';

/**
 * About 20 ms per step on one core: a model so small that minutes are enough to leave the early phase, in which all
 * models look alike, and whose feed-forward is narrow enough for its size to matter then. Weights start near
 * 1 / sqrt(width).
 */
export const small: Settings = {
  'model.layers': 2,
  'model.width': 32,
  'model.heads': 2,
  'model.feedForward': 'expert-choice',
  'model.experts': 16,
  'model.choices': 2,
  'model.expertWidth': 8,
  'model.initStd': 0.1,
  'data.corpus': 'moby-dick',
  'data.sequenceLength': 32,
  'training.batchSize': 16,
  'training.optimizer': 'muon',
  'training.learningRate': 0.004,
};

/**
 * Width 128, four layers, sixteen experts: for a GPU. Its studies stay below 150 TFLOP, ten minutes of a small GPU whose
 * whole steps reach 250 GFLOP/s; none has been timed on one yet.
 */
export const medium: Settings = {
  'model.layers': 4,
  'model.width': 128,
  'model.heads': 4,
  'model.feedForward': 'expert-choice',
  'model.experts': 16,
  'model.choices': 2,
  'model.expertWidth': 176,
  'model.initStd': 0.08,
  'data.corpus': 'moby-dick',
  'data.sequenceLength': 128,
  'training.batchSize': 16,
  'training.optimizer': 'muon',
  'training.learningRate': 0.002,
};

/** Steps, and a validation after each tenth of them. */
export function length(steps: number): Settings {
  return { 'training.steps': steps, 'training.evaluateEvery': Math.ceil(steps / 10) };
}
