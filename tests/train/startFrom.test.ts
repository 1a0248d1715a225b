/** Starting from other weights: what is copied, what an upcycled model computes, and what is refused in which words. */
import { expect, test } from 'vitest';
import { StartError } from '../../src/base/errors.ts';
import { integerAt, streams } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { characterTokenizer } from '../../src/data/tokenizers.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, encodeModel } from '../../src/model/weights.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { initialParameters, namedParts } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { startFrom } from '../../src/train/startFrom.ts';
import { createTrainer } from '../../src/train/trainer.ts';

const tokenizer = characterTokenizer([...'abcdefghijk']);
const [B, T] = [3, 7];

const base = withSettings(defaultExperiment(), {
  'model.layers': 2,
  'model.width': 20,
  'model.heads': 2,
  'model.feedForward': 'dense',
  'model.hiddenWidth': 19,
  'model.initStd': 0.3,
  'data.sequenceLength': T,
  'training.batchSize': B,
});

const experts = { 'model.experts': 4, 'model.choices': 2, 'model.expertWidth': 19 };
const upcycled = (settings: Record<string, unknown> = {}) =>
  withSettings(base, { 'model.feedForward': 'token-choice', ...experts, 'training.seed': 9, ...settings });

function checkpointOf(experiment: Experiment, seed = 5): Checkpoint {
  const { layers, initStd } = experiment.model;
  const layout = layoutOf(experiment.model, tokenizer.vocabularySize);
  return { experiment, tokenizer, weights: initialParameters(layout, layers, initStd, seed), where: 'the checkpoint' };
}

const dense = checkpointOf(base);

function partsOf(experiment: Experiment, weights: Float32Array): Map<string, number[]> {
  const parts = namedParts(layoutOf(experiment.model, tokenizer.vocabularySize), weights);
  return new Map(parts.map(({ name, data }) => [name, Array.from(data)]));
}

/** Logits of one batch with masks in it, in float64. */
async function logitsOf(experiment: Experiment, weights: Float32Array): Promise<Float32Array> {
  const model = modelOfWeights(createTwinRuntime({ bits: 64 }), experiment, tokenizer, weights);
  const tokens = Uint32Array.from({ length: B * T }, (_, i) => integerAt(12, 1, streams.batch, 0, i));
  return (await (await model.forward(B, T)).run(tokens)).logits;
}

async function largestDifference(experiment: Experiment): Promise<number> {
  const expected = await logitsOf(base, dense.weights);
  const actual = await logitsOf(experiment, startFrom(experiment, dense));
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.1);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
}

test.each([
  ['token choice, renormalised', {}],
  ['token choice, sigmoid, renormalised', { 'model.score': 'sigmoid' }],
  ['one expert of full gate', { 'model.experts': 1, 'model.choices': 1 }],
  ['all experts by softmax, as they are', { 'model.choices': 4, 'model.gate': 'scores' }],
  ['expert choice, every expert takes all', { 'model.feedForward': 'expert-choice', 'model.choices': 4 }],
  ['with a shared expert', { 'model.sharedExperts': 2 }],
  ['first layer dense', { 'model.denseLayers': 1 }],
])('an upcycled model whose gates sum to 1 computes what the dense one does: %s', async (_, settings) => {
  expect(await largestDifference(upcycled(settings))).toBeLessThan(1e-12);
});

test('gates that do not sum to 1 change what is computed', async () => {
  expect(await largestDifference(upcycled({ 'model.gate': 'scores' }))).toBeGreaterThan(0.01);
});

test('upcycling copies the dense feed-forward into every expert and draws the router from the seed', () => {
  const target = upcycled({ 'model.sharedExperts': 1 });
  const weights = startFrom(target, dense);
  const [from, to] = [partsOf(base, dense.weights), partsOf(target, weights)];
  const fresh = partsOf(target, checkpointOf(target, 9).weights);
  for (const [name, values] of to) {
    const origin = name.replace(/experts\.\d\./, '');
    if (name.includes('mlp.gate.') || /shared_expert\.(gate|up)/.test(name)) expect(values).toEqual(fresh.get(name));
    else if (name.includes('shared_expert.down')) expect(values.every((value) => value === 0)).toBe(true);
    else expect(values, name).toEqual(from.get(origin));
  }
  expect(to.get('model.layers.1.mlp.experts.3.up_proj.weight')).toEqual(from.get('model.layers.1.mlp.up_proj.weight'));
  const other = startFrom(withSettings(target, { 'training.seed': 10 }), dense);
  expect(partsOf(target, other).get('model.layers.0.mlp.gate.weight')).not.toEqual(
    to.get('model.layers.0.mlp.gate.weight'),
  );
});

test('the same architecture is copied exactly, whoever chooses; training begins with it as parameters and average', async () => {
  expect(startFrom(withSettings(base, { 'training.seed': 3 }), dense)).toEqual(dense.weights);
  const sparse = checkpointOf(upcycled());
  const target = withSettings(sparse.experiment, { 'model.feedForward': 'expert-choice', 'model.gate': 'scores' });
  const weights = startFrom(target, sparse);
  expect(weights).toEqual(sparse.weights);
  const trainer = await createTrainer(createTwinRuntime(), target, tokenizer.vocabularySize, undefined, weights);
  const { step, parameter, average, moment1 } = await trainer.snapshot();
  expect({ step, parameter, average }).toEqual({ step: 0, parameter: weights, average: weights });
  expect(moment1.every((value) => value === 0)).toBe(true);
});

test.each([
  ['model.layers', withSettings(base, { 'model.layers': 3 }), dense, /expected 2 .*, got 3/],
  ['model.heads', withSettings(base, { 'model.heads': 1 }), dense, /expected 2 .*, got 1/],
  ['model.ropeBase', withSettings(base, { 'model.ropeBase': 100 }), dense, /got 100/],
  ['model.hiddenWidth', withSettings(base, { 'model.hiddenWidth': 20 }), dense, /expected 19 .*, got 20/],
  ['model.expertWidth', upcycled({ 'model.expertWidth': 7 }), dense, /expected 19 .*dense feed-forward.*, got 7/],
  ['model.feedForward', base, checkpointOf(upcycled()), /got dense/],
  ['model.experts', upcycled({ 'model.experts': 5 }), checkpointOf(upcycled()), /expected 4 .*, got 5/],
  ['model.denseLayers', upcycled({ 'model.denseLayers': 1 }), checkpointOf(upcycled()), /expected 0 .*, got 1/],
  ['model.hiddenWidth', upcycled({ 'model.denseLayers': 1, 'model.hiddenWidth': 7 }), dense, /expected 19 .*, got 7/],
  ['model.biasRate', upcycled(), checkpointOf(upcycled({ 'model.biasRate': 0.001 })), /bias.*, got 0/],
  [
    'model.feedForward',
    upcycled({ 'model.feedForward': 'expert-choice' }),
    checkpointOf(upcycled({ 'model.biasRate': 0.001 })),
    /expected token-choice .*, got expert-choice/,
  ],
  ['data.tokenizer', withSettings(base, { 'data.tokenizer': 'byte' }), dense, /expected character .*, got byte/],
])('what does not fit is one sentence that names %s', (field, target, source, sentence) => {
  const start = () => startFrom(target, source);
  expect(start).toThrow(StartError);
  expect(start).toThrow(new RegExp(`^${field}: expected .* to start from the checkpoint, got `));
  expect(start).toThrow(sentence);
});

test('a model goes out as one file and comes back: configuration, tokenizer and every weight', () => {
  const sparse = checkpointOf(upcycled({ 'model.sharedExperts': 1 }));
  const read = decodeCheckpoint(encodeCheckpoint(sparse, 7), 'own.safetensors');
  expect(read.experiment).toEqual(sparse.experiment);
  expect(read.tokenizer.toJSON()).toEqual(tokenizer.toJSON());
  expect(read.weights).toEqual(sparse.weights);
  expect(read.where).toBe('own.safetensors');
});

test('weights without their configuration are refused, and so is a tokenizer of another size', () => {
  const layout = layoutOf(base.model, tokenizer.vocabularySize);
  const bare = () => decodeCheckpoint(encodeModel(layout, dense.weights, 1), 'own.safetensors');
  expect(bare).toThrow(/^own\.safetensors: expected weights with config and tokenizer .*, got none/);
  const bytes = encodeCheckpoint(dense, 1);
  const text = new TextDecoder('latin1').decode(bytes).replace('\\"k\\"]', '\\"j\\"]');
  const broken = Uint8Array.from(text, (character) => character.charCodeAt(0));
  expect(() => decodeCheckpoint(broken, 'own.safetensors')).toThrow(/expected each character once/);
});
