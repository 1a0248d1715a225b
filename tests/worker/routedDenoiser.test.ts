/** Decoding with interventions: the same text where nothing is changed, and what its calls loaded. */
import { describe, expect, test } from 'vitest';
import { decodersFor } from '../../src/config/decoders.ts';
import { type Intervention, parseIntervention } from '../../src/config/interventions.ts';
import { type Denoise, decode } from '../../src/diffusion/decode.ts';
import { decodingOf, denoiserOf, type Model } from '../../src/model/model.ts';
import { routedDenoiser } from '../../src/worker/routedDenoiser.ts';
import { range, tinyModel } from '../lab/routing/recorded.ts';

const T = 16;
const tokenChoice = { 'model.feedForward': 'token-choice', 'model.experts': 6 };

async function decoded(model: Model, denoise: Denoise, decoder = 'low-confidence', more: Record<string, number> = {}) {
  const start = new Uint32Array(T).fill(model.maskId);
  const steps = decoder === 'greedy' ? {} : { 'decode.steps': 6, 'decode.temperature': 0.7 };
  const options = decodingOf(model, decoder, { ...steps, ...more, 'decode.seed': 2 });
  const inputs: Uint32Array[] = [];
  const heard: Denoise = (sequences) => {
    inputs.push(sequences[0].slice());
    return denoise(sequences);
  };
  let tokens = start;
  for await (const frame of decode(heard, start, options)) tokens = frame.tokens.slice();
  return { tokens, inputs };
}

const networkOf = (model: Model, ...texts: string[]) => networkFor(model, {}, ...texts);

const networkFor = (model: Model, changes: Record<string, number>, ...texts: string[]) => {
  const interventions: Intervention[] = texts.map((text) => parseIntervention(text, 'x'));
  const { settings } = decodingOf(model, decodersFor(model.experiment.objective.kind)[0], changes);
  return routedDenoiser({ use: async (_, work) => work(model) }, 'bundled', model, { T, interventions, settings });
};

describe.each([
  ['token choice', tokenChoice],
  ['expert choice', {}],
])('%s', (_, settings) => {
  test('without interventions the text is the same, and the experts of every call are counted', async () => {
    const { model } = tinyModel(settings);
    const plain = await decoded(model, await denoiserOf(model, T));
    const network = networkOf(model);
    const { tokens, inputs } = await decoded(model, network.denoise);
    expect(tokens).toEqual(plain.tokens);
    const routes = network.routes(tokens)!;
    const pass = await model.forward(1, T);
    const E = model.experiment.model.experts;
    for (const [call, xt] of inputs.entries()) {
      const { layers } = await pass.run(xt);
      const open = range(T).filter((n) => xt[n] === model.maskId);
      layers.forEach(({ chosen }, layer) => {
        const held = open.flatMap((n) => range(E).filter((e) => chosen[n * E + e] === 1));
        expect(routes.unique[call][layer]).toBe(new Set(held).size);
        expect(routes.expertsPerToken[call][layer]).toBeCloseTo(held.length / open.length, 10);
      });
    }
    expect(routes.unique).toHaveLength(6);
    const all = routes.unique.flat().reduce((sum, count) => sum + count, 0);
    expect(routes.committed.reduce((sum, count) => sum + count, 0)).toBe(T);
    expect(routes.loadedPerToken).toBeCloseTo(all / T, 10);
    expect(routes.jaccard).toHaveLength(5);
  });
});

test('reductions load no more than they say, and change the text', async () => {
  const { model } = tinyModel(tokenChoice);
  const free = networkOf(model);
  const plain = await decoded(model, free.denoise);
  expect(Math.max(...free.routes(plain.tokens)!.unique.flat())).toBe(3);
  const voted = networkOf(model, 'vote:2');
  const { tokens } = await decoded(model, voted.denoise);
  expect(Math.max(...voted.routes(tokens)!.unique.flat())).toBe(2);
  expect(tokens).not.toEqual(plain.tokens);
  const single = networkOf(model, 'router:tokens,1,dropless');
  const { expertsPerToken } = single.routes((await decoded(model, single.denoise)).tokens)!;
  expect(expertsPerToken.flat().every((count) => count === 1)).toBe(true);
  const frozen = networkOf(model, 'freeze');
  expect((await decoded(model, frozen.denoise)).tokens).toHaveLength(T);
});

test('of an autoregressive model one position is open in every call', async () => {
  const { model } = tinyModel({ ...tokenChoice, 'objective.kind': 'autoregressive' });
  const network = networkOf(model, 'ablate:0.1');
  const { tokens } = await decoded(model, network.denoise, 'greedy');
  const routes = network.routes(tokens)!;
  expect(routes.unique).toEqual(range(T).map(() => [2, 2]));
  expect(routes.committed).toEqual(range(T).map(() => 1));
});

test('a dense model has no routes, and interventions must fit', async () => {
  const { model } = tinyModel({ 'model.feedForward': 'dense' });
  const network = networkOf(model);
  const { tokens } = await decoded(model, network.denoise);
  expect(tokens).toEqual((await decoded(model, await denoiserOf(model, T))).tokens);
  expect(network.routes(tokens)).toBeNull();
  expect(() => networkOf(model, 'ablate:0.0')).toThrow('ablate:0.0: expected a model with experts, got a dense one');
});

test('drafts are run together and give the same text; of each call the sequence that is decoded is told', async () => {
  // Token choice without a capacity: sequences of a call do not touch each other.
  const { model } = tinyModel(tokenChoice);
  const drafts = { 'decode.draftDepth': 2 };
  const plain = await decoded(model, networkOf(model).denoise, 'draft-verify', { 'decode.draftDepth': 0 });
  const network = networkFor(model, drafts);
  const { tokens, inputs } = await decoded(model, network.denoise, 'draft-verify', drafts);
  expect(tokens).toEqual(plain.tokens);
  const routes = network.routes(tokens)!;
  expect(routes.unique).toHaveLength(inputs.length);
  expect(inputs.length).toBeLessThanOrEqual(plain.inputs.length);
  const { layers } = await (await model.forward(1, T)).run(inputs.at(-1)!);
  const open = range(T).filter((n) => inputs.at(-1)![n] === model.maskId);
  const E = model.experiment.model.experts;
  const held = open.flatMap((n) => range(E).filter((e) => layers[1].chosen[n * E + e] === 1));
  expect(routes.unique.at(-1)![1]).toBe(new Set(held).size);
  // With something taken away each sequence runs for itself, to the same text as without drafts.
  const changed = await decoded(model, networkOf(model, 'ablate:0.1').denoise, 'draft-verify', {
    'decode.draftDepth': 0,
  });
  const apart = await decoded(model, networkFor(model, drafts, 'ablate:0.1').denoise, 'draft-verify', drafts);
  expect(apart.tokens).toEqual(changed.tokens);
  expect(() => networkFor(model, drafts, 'freeze')).toThrow(/^freeze: expected a decoder without drafts/);
});
