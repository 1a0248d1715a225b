/** The workloads that whole training steps are timed on: dense, no QK-norm, `elbo` weights, batch 8. */
import { defaultExperiment, withSettings } from '../config/experiment.ts';
import type { Experiment } from '../config/schema.ts';

export interface Workload {
  readonly id: string;
  readonly experiment: Experiment;
  /** Vocabulary without the mask; tokens are random. */
  readonly vocabularySize: number;
}

function workload(id: string, width: number, layers: number, heads: number, T: number, hiddenWidth: number): Workload {
  const experiment = withSettings(defaultExperiment(), {
    'model.width': width,
    'model.layers': layers,
    'model.heads': heads,
    'model.qkNorm': false,
    'model.feedForward': 'dense',
    'model.hiddenWidth': hiddenWidth,
    'objective.weighting': 'elbo',
    'data.sequenceLength': T,
    'training.batchSize': 8,
    'training.clipNorm': 1,
  });
  return { id, experiment, vocabularySize: 64 };
}

export const workloads: readonly Workload[] = [
  workload('W0', 64, 2, 2, 64, 176),
  workload('W1', 128, 4, 4, 128, 352),
  workload('W2', 256, 6, 8, 256, 704),
];
