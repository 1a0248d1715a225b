/** A run so small that the twins step it within milliseconds, for tests of what drives runs. */
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { prepareText, type RunText } from '../../src/train/text.ts';

export function tinyExperiment(settings: Record<string, string | number> = {}): Experiment {
  return withSettings(presetExperiment('expert-choice'), {
    'model.layers': 1,
    'model.width': 16,
    'model.heads': 2,
    'model.experts': 4,
    'model.expertWidth': 16,
    'data.corpus': 'custom',
    'data.sequenceLength': 16,
    'training.batchSize': 2,
    'training.steps': 30,
    'training.evaluateEvery': 10,
    ...settings,
  });
}

export const words = 'the quick brown fox jumps over the lazy dog; '.repeat(40);

export const tinyText = (experiment: Experiment): RunText => prepareText(experiment, words);
