/** What a router can do besides routing: launched where it is asked for and while training, and nowhere else. */
import { expect, test } from 'vitest';
import { integerAt, streams } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { recordForward } from '../../src/model/forwardPass.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { recordEvaluation, recordTraining } from '../../src/train/recordings.ts';
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
      // The optimizer's launches are over all parameters, however many those are.
      const name = label.replace(/^(adamw|square sum) \d+$/, '$1');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return counts;
  };
  return {
    training: count(recordTraining(experiment, parameters)),
    others: count(recordEvaluation(experiment, parameters, 3), recordForward(experiment, parameters, 1, 9)),
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
  [
    'balance loss by sequence',
    { 'model.balanceLoss': 0.01, 'model.balanceScope': 'sequence' },
    [
      ['add sum', 2],
      ['balance loss 27 x 4', 2],
      ['balance loss backward 27 x 4', 2],
      ['column sum 1 x 1', 2],
      ['count routes 3 x 4', 2],
    ],
  ],
  ['bias', { 'model.biasRate': 0.001 }, [['router bias 4', 2]]],
])('%s is launched while training only', (_, settings, expected) => {
  const { training, others } = launchesOf(experimentOf(settings));
  expect(added(plain.training, training)).toEqual(expected);
  expect(added(plain.others, others)).toEqual([]);
});

test('a capacity is kept in training, evaluation and forward passes, with fewer rows where it is below an even share', () => {
  const { training, others } = launchesOf(experimentOf({ 'model.capacity': 'factor', 'model.capacityFactor': 0.5 }));
  // floor(0.5 * 2 * 27 / 4) of 27 x 2 routes, and floor(0.5 * 2 * 9 / 4) of 9 x 2.
  expect(training.get('drop past 6 of 54 by position')).toBe(2);
  expect(others.get('drop past 6 of 54 by position')).toBe(2);
  expect(others.get('drop past 2 of 18 by position')).toBe(2);
  expect([...training.keys()].filter((label) => label.startsWith('grouped matmul NT 4 experts'))).toEqual([
    'grouped matmul NT 4 experts, 24 x 14 x 12',
    'grouped matmul NT 4 experts, 24 x 12 x 7',
  ]);
});

test('the drop rate of a step is what its layers dropped', async () => {
  const settings = { 'model.capacity': 'factor', 'model.capacityFactor': 0.5 };
  const trainer = await createTrainer(createTwinRuntime(), experimentOf(settings), vocabularySize);
  const x0 = Uint32Array.from({ length: 27 }, (_, i) => (5 * i) % vocabularySize);
  const { load, dropRate, maxVio } = await trainer.advance(x0);
  expect([...dropRate]).toHaveLength(2);
  dropRate.forEach((rate, layer) => {
    const asked = [...load.subarray(4 * layer, 4 * layer + 4)];
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(54);
    const dropped = asked.reduce((sum, count) => sum + Math.max(0, count - 6), 0);
    expect(rate).toBeCloseTo(dropped / 54, 6);
    expect(rate).toBeGreaterThanOrEqual(30 / 54 - 1e-6);
    expect(maxVio[layer]).toBeCloseTo(Math.max(...asked) / 13.5 - 1, 5);
  });
  const dropless = await createTrainer(createTwinRuntime(), experimentOf({}), vocabularySize);
  expect([...(await dropless.advance(x0)).dropRate]).toEqual([]);
});

test('the bias balances a router that the losses leave alone, and snapshots carry it', async () => {
  const run = async (biasRate: number) => {
    const experiment = experimentOf({
      'model.biasRate': biasRate,
      'model.choices': 1,
      'model.gate': 'scores',
      'model.initStd': 0.3,
      'data.sequenceLength': 16,
      'training.batchSize': 8,
    });
    const trainer = await createTrainer(createTwinRuntime(), experiment, vocabularySize);
    const x0 = (step: number) =>
      Uint32Array.from({ length: 128 }, (_, i) => integerAt(vocabularySize, 77, streams.batch, step, i));
    let maxVio = 0;
    for (let step = 0; step < 80; step++) {
      const report = await trainer.advance(x0(step));
      if (step >= 60) maxVio += (report.maxVio[0] + report.maxVio[1]) / 40;
    }
    return { maxVio, snapshot: await trainer.snapshot(), blocks: trainer.parameters.layout.blocks };
  };
  // 2.6 and 0.7 when this was written.
  const { maxVio, snapshot, blocks } = await run(0.01);
  expect(maxVio).toBeLessThan(0.5 * (await run(0)).maxVio);
  const { offset } = blocks.get('layers.0.routerBias')!;
  const bias = [...snapshot.parameter.subarray(offset, offset + 4)];
  for (const value of bias) expect(value / 0.01, 'whole steps of the rate').toBeCloseTo(Math.round(value / 0.01), 3);
  expect(Math.max(...bias.map(Math.abs))).toBeGreaterThan(0.01);
  expect(snapshot.moment1.subarray(offset, offset + 4).every((value) => value === 0)).toBe(true);
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
