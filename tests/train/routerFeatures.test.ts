/** What a router can do besides routing: launched where it is asked for and while training, and nowhere else. */
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { createTwinRuntime } from '../../src/gpu/twinRuntime.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { recordEvaluation, recordForward, recordTraining } from '../../src/train/recordings.ts';
import { createTrainer } from '../../src/train/trainer.ts';

const vocabularySize = 11;

const experimentOf = (settings: Record<string, unknown>) =>
  withSettings(defaultExperiment(), {
    'model.feedForward': 'token-choice',
    'model.layers': 2,
    'model.width': 12,
    'model.heads': 2,
    'model.experts': 4,
    'model.expertWidth': 7,
    'model.balanceLoss': 0,
    'data.sequenceLength': 9,
    'training.batchSize': 3,
    ...settings,
  });

/** Labels of launches, each with how often it occurs: of a training step, and of evaluation and forward pass. */
function launchesOf(experiment: Experiment): { training: Map<string, number>; others: Map<string, number> } {
  const parameters = declareParameters(layoutOf(experiment.model, vocabularySize));
  const count = (...recordings: { recording: { launches: readonly { label: string }[] } }[]) => {
    const counts = new Map<string, number>();
    for (const { label } of recordings.flatMap(({ recording }) => recording.launches)) {
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
    return counts;
  };
  return {
    training: count(recordTraining(experiment, parameters)),
    others: count(recordEvaluation(experiment, parameters, 3), recordForward(experiment.model, parameters, 1, 9)),
  };
}

const added = (before: Map<string, number>, after: Map<string, number>) =>
  [...new Set([...before.keys(), ...after.keys()])]
    .map((label) => [label, (after.get(label) ?? 0) - (before.get(label) ?? 0)] as const)
    .filter(([, count]) => count !== 0)
    .sort();

const plain = launchesOf(experimentOf({}));

test('a plain router launches neither losses nor random numbers', () => {
  const labels = [...plain.training.keys(), ...plain.others.keys()];
  expect(labels.filter((label) => /jitter|z-loss|balance|bias/.test(label))).toEqual([]);
});

test.each([
  [
    'jitter',
    { 'model.jitter': 0.1 },
    // Forward and backward in each of two layers.
    [['jitter 27 x 12', 4]],
  ],
  [
    'z-loss',
    { 'model.zLoss': 0.001 },
    [
      ['add sum', 2],
      ['column sum 1 x 1', 2],
      ['router z-loss 27 x 4', 2],
      ['router z-loss backward 27 x 4', 2],
    ],
  ],
  [
    'balance loss',
    { 'model.balanceLoss': 0.01 },
    [
      ['add sum', 2],
      ['balance loss 27 x 4', 2],
      ['balance loss backward 27 x 4', 2],
      ['column sum 1 x 1', 2],
    ],
  ],
])('%s is launched while training only', (_, settings, expected) => {
  const { training, others } = launchesOf(experimentOf(settings));
  expect(added(plain.training, training)).toEqual(expected);
  expect(added(plain.others, others)).toEqual([]);
});

test('jitter is drawn from the seed and the step', async () => {
  const first = async (jitter: number, seed: number) => {
    const experiment = experimentOf({ 'model.jitter': jitter, 'training.seed': seed });
    const trainer = await createTrainer(createTwinRuntime(), experiment, vocabularySize);
    const x0 = Uint32Array.from({ length: 27 }, (_, i) => (5 * i) % vocabularySize);
    const losses = [];
    for (let step = 0; step < 3; step++) losses.push((await trainer.advance(x0)).loss);
    return losses;
  };
  expect(await first(0.3, 1)).toEqual(await first(0.3, 1));
  expect(await first(0.3, 1)).not.toEqual(await first(0, 1));
});
