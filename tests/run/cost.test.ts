/** Parameters and operations, counted by hand from the shapes of SCIENCE 2. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultExperiment, parseExperiment, withSettings } from '../../src/config/experiment.ts';
import { workloads } from '../../src/lab/workloads.ts';
import { accountingOf } from '../../src/run/cost.ts';

test('W0 has 108,992 parameters, all of them active', () => {
  const [{ id, experiment, vocabularySize }] = workloads;
  expect(id).toBe('W0');
  const layer = 3 * 64 * 64 + 64 * 64 + 3 * 64 * 176 + 2 * 64;
  const total = 65 * 64 + 2 * layer + 64 + 65 * 64;
  expect(total).toBe(108_992);
  const accounting = accountingOf(experiment, vocabularySize);
  expect(accounting).toMatchObject({ total, active: total });
  // 6 per weight of a product (not norms, not the look-up), 12 T C per layer for attention.
  const multiplied = 2 * (4 * 64 * 64 + 3 * 64 * 176) + 65 * 64;
  expect(accounting.trainFlopsPerToken).toBe(6 * multiplied + 12 * 2 * 64 * 64);
  expect(accounting.inferenceFlopsPerToken).toBe(accounting.trainFlopsPerToken / 3);
});

test.each([
  ['W1', 0.82e6],
  ['W2', 4.85e6],
])('%s is of the size that is stated for it', (id, stated) => {
  const { experiment, vocabularySize } = workloads.find((workload) => workload.id === id)!;
  expect(accountingOf(experiment, vocabularySize).total / stated).toBeCloseTo(1, 2);
});

// A capacity of expert choice is whole: floor(factor * 2 * 11 / 6) of 11 tokens in a sequence, or of 4 * 11 in a batch.
test.each([
  ['expert-choice', { 'model.expertGroup': 'sequence' }, 3 / 11],
  ['expert-choice', { 'model.expertGroup': 'batch' }, 14 / 44],
  ['expert-choice', { 'model.expertGroup': 'sequence', 'model.capacityFactor': 1.5 }, 5 / 11],
  ['token-choice', {}, 2 / 6],
  // At most floor(factor * 2 * 44 / 6) of the batch; a factor above 1 only leaves room for imbalance.
  ['token-choice', { 'model.capacity': 'factor', 'model.capacityFactor': 0.5 }, 7 / 44],
  ['token-choice', { 'model.capacity': 'factor', 'model.capacityFactor': 1.5 }, 2 / 6],
])('%s %o: a token meets its share of the experts', (feedForward, settings, share) => {
  const experiment = withSettings(defaultExperiment(), {
    ...settings,
    'model.feedForward': feedForward,
    'training.batchSize': 4,
    'model.layers': 3,
    'model.width': 20,
    'model.heads': 2,
    'model.qkNorm': true,
    'model.experts': 6,
    'model.choices': 2,
    'model.expertWidth': 7,
    'model.sharedExperts': 2,
    'data.sequenceLength': 11,
  });
  const expert = 3 * 20 * 7;
  const attention = 4 * 20 * 20;
  const norms = 2 * 20 + 2 * 10;
  const router = 6 * 20;
  const common = 14 * 20 + 14 * 20 + 20 + 3 * (attention + norms + router + 2 * expert);
  const accounting = accountingOf(experiment, 13);
  expect(accounting.total).toBe(common + 3 * 6 * expert);
  expect(accounting.active).toBe(Math.round(common + 3 * 6 * share * expert));
  const multiplied = 14 * 20 + 3 * (attention + router + 2 * expert + 6 * share * expert);
  expect(accounting.trainFlopsPerToken).toBeCloseTo(6 * multiplied + 12 * 3 * 11 * 20, 6);
});

test('a capacity schedule costs on average what the constant capacity does', () => {
  const settings = { 'model.experts': 16, 'model.choices': 3, 'data.sequenceLength': 50 };
  const constant = accountingOf(withSettings(defaultExperiment(), settings), 13);
  for (const capacitySchedule of ['linear', 'cosine-reverse', 'gaussian']) {
    const schedule = { ...settings, 'model.capacitySchedule': capacitySchedule };
    expect(accountingOf(withSettings(defaultExperiment(), schedule), 13)).toEqual(constant);
  }
});

test('a dense first layer costs its own width, and no router', () => {
  const settings = { 'model.layers': 3, 'model.width': 20, 'model.heads': 2, 'model.experts': 6, 'model.choices': 3 };
  const width = { 'model.expertWidth': 7, 'model.hiddenWidth': 21, 'data.sequenceLength': 12 };
  const of = (denseLayers: number) =>
    accountingOf(withSettings(defaultExperiment(), { ...settings, ...width, 'model.denseLayers': denseLayers }), 13);
  const router = 6 * 20;
  const expert = 3 * 20 * 7;
  // 3 experts of 7 channels per token compute what one of 21 does, but for the router.
  expect(of(1).total).toBe(of(0).total - 6 * expert - router + 3 * expert);
  expect(of(1).active).toBe(of(0).active - router);
  expect(of(1).trainFlopsPerToken).toBe(of(0).trainFlopsPerToken - 6 * router);
});

describe('PyTorch counts the same (tests/reference/make_counts.py)', () => {
  const counts = JSON.parse(readFileSync(new URL('../reference/goldens/counts.json', import.meta.url), 'utf8')) as {
    name: string;
    vocabularySize: number;
    config: unknown;
    parameters: number;
    inferenceFlopsPerToken?: number;
  }[];

  test.each(counts)('$name', ({ config, vocabularySize, parameters, inferenceFlopsPerToken }) => {
    const experiment = parseExperiment(config);
    const accounting = accountingOf(experiment, vocabularySize);
    expect(accounting.total).toBe(parameters);
    // Where every expert is computed for every token, operations differ from the engine's.
    if (experiment.model.feedForward === 'dense') {
      expect(accounting.inferenceFlopsPerToken).toBe(inferenceFlopsPerToken);
      expect(accounting.active).toBe(parameters);
    } else expect(accounting.active).toBeLessThanOrEqual(parameters);
  });
});

test('block diffusion trains on a noisy and a clean row per token; the head reads the noisy one', () => {
  const [{ experiment, vocabularySize }] = workloads;
  const of = (settings: Record<string, unknown>) => accountingOf(withSettings(experiment, settings), vocabularySize);
  const body = 2 * (4 * 64 * 64 + 3 * 64 * 176);
  const head = 65 * 64;
  const attention = 2 * 64 * 64;
  const blocks = of({ 'objective.kind': 'block-diffusion', 'objective.blockSize': 16 });
  expect(blocks.trainFlopsPerToken).toBe(2 * (6 * body + 12 * attention) + 6 * head);
  expect(blocks.inferenceFlopsPerToken).toBe(2 * body + 4 * attention + 2 * head);
  const whole = of({ 'objective.kind': 'block-diffusion', 'objective.blockSize': 64 });
  expect(whole).toEqual(of({}));
  expect(of({ 'objective.kind': 'autoregressive' })).toEqual(of({}));
});
