/** Models with interventions against what they mean: who takes which token, what the gates are, and what stays as it was, bit for bit. */
import { describe, expect, test } from 'vitest';
import { type Intervention, parseIntervention } from '../../src/config/interventions.ts';
import type { ForwardResult, LayerDecision } from '../../src/model/forwardPass.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { fixedShares, keptExperts, variantPass } from '../../src/model/variant.ts';
import { blockKey, layoutOf } from '../../src/nn/layout.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { range, routers, tinyModel } from '../lab/routing/recorded.ts';
import { variantRuntime } from '../ops/allCases.ts';
import { requestTestGpu } from '../support/gpu.ts';

const parsed = (texts: readonly string[]): Intervention[] => texts.map((text) => parseIntervention(text, 'x'));

type Tiny = ReturnType<typeof tinyModel>;

/** Half of the tokens masked. */
const inputOf = ({ text, model }: Tiny, B = 1) =>
  text
    .validationWindows(2)
    .slice(0, 16 * B)
    .map((id, i) => ((i * 7) % 5 < 2 ? model.maskId : id));

async function changed(tiny: Tiny, ...texts: string[]): Promise<ForwardResult> {
  return (await variantPass(tiny.model, parsed(texts), 1, 16)).run(inputOf(tiny));
}

const plain = async (tiny: Tiny) => (await tiny.model.forward(1, 16)).run(inputOf(tiny));

/** Experts of every token of a layer. */
const held = ({ chosen, experts: E }: LayerDecision) =>
  range(chosen.length / E).map((n) => range(E).filter((e) => chosen[n * E + e] === 1));

/** The same weights with some numbers of a block changed. */
function withBlock({ experiment, text, weights }: Tiny, key: string, change: (block: Float32Array) => void) {
  const { offset, shape } = layoutOf(experiment.model, text.tokenizer.vocabularySize).blocks.get(key)!;
  const other = weights.slice();
  change(other.subarray(offset, offset + shape.reduce((size, axis) => size * axis, 1)));
  return modelOfWeights(createTwinRuntime(), experiment, text.tokenizer, other);
}

/** The `count` best of a row, ties to the lower, among `left`, ascending. */
const bestOf = (row: ArrayLike<number>, count: number, left: readonly number[]) =>
  [...left]
    .sort((a, b) => row[b] - row[a] || a - b)
    .slice(0, count)
    .sort((a, b) => a - b);

/** A gate, renormalised over the experts that hold the token, times the expert's share. */
function expectGates({ gates, scores, experts: E, chosen }: LayerDecision, shareOf: (e: number) => number): void {
  for (let n = 0; n < chosen.length / E; n++) {
    const own = range(E).filter((e) => chosen[n * E + e] === 1);
    const sum = own.reduce((total, e) => total + scores[n * E + e], 0);
    range(E).forEach((e) => {
      const gate = own.includes(e) ? (scores[n * E + e] / sum) * shareOf(e) : 0;
      expect(gates[n * E + e]).toBeCloseTo(gate, 6);
    });
  }
}

describe.each(Object.entries(routers).slice(0, 3))('%s', (name, settings) => {
  const shared = { ...settings, 'model.sharedExperts': 1 };

  test('ablating all experts of a layer is the layer without its routed branch', async () => {
    const tiny = tinyModel(shared);
    for (const layer of [0, 1]) {
      const without = withBlock(tiny, blockKey(layer, 'experts.down'), (block) => block.fill(0));
      const wanted = await (await without.forward(1, 16)).run(inputOf(tiny));
      const found = await changed(tiny, ...range(4).map((e) => `ablate:${layer}.${e}`));
      expect(found.logits).toEqual(wanted.logits);
      expect(found.logits).not.toEqual((await plain(tiny)).logits);
      expect(held(found.layers[layer]).flat()).toEqual([]);
      expect(found.layers[layer].gates.every((gate) => gate === 0)).toBe(true);
    }
  });

  test('a clamped expert keeps its tokens and counts with its share', async () => {
    const tiny = tinyModel(settings);
    const before = await plain(tiny);
    const half = await changed(tiny, 'clamp:0.2=0.25');
    expect(held(half.layers[0])).toEqual(held(before.layers[0]));
    half.layers[0].gates.forEach((gate, at) => {
      expect(gate).toBe(before.layers[0].gates[at] * (at % 4 === 2 ? 0.25 : 1));
    });
    expect(half.logits).not.toEqual(before.logits);
    const without = withBlock(tiny, blockKey(0, 'experts.down'), (block) => {
      const size = block.length / 4;
      block.fill(0, 2 * size, 3 * size);
    });
    const zero = await changed(tiny, 'clamp:0.2=0');
    expect(zero.logits).toEqual((await (await without.forward(1, 16)).run(inputOf(tiny))).logits);
    expect(held(zero.layers[0])).toEqual(held(before.layers[0]));
    expect((await changed(tiny, 'clamp:0.2=1')).logits).toEqual(before.logits);
  });

  test('an ablated expert takes no token, and nobody else changes without need', async () => {
    const tiny = tinyModel(settings);
    const before = await plain(tiny);
    const after = await changed(tiny, 'ablate:0.1');
    const [was, is] = [held(before.layers[0]), held(after.layers[0])];
    expect(was.flat()).toContain(1);
    expect(is.flat()).not.toContain(1);
    expect(after.layers[0].scores).toEqual(before.layers[0].scores);
    expect(after.logits).not.toEqual(before.logits);
    const { scores } = before.layers[0];
    if (name === 'token choice')
      expect(is).toEqual(range(16).map((n) => bestOf(scores.subarray(4 * n, 4 * n + 4), 2, [0, 2, 3])));
    // The places of an expert that chooses stay empty.
    if (name === 'expert choice') expect(is).toEqual(was.map((own) => own.filter((e) => e !== 1)));
    if (name !== 'token choice with a capacity') expectGates(after.layers[0], () => 1);
    expect([...after.layers[0].dropped].some((lost, at) => lost === 1 && at % 4 === 1)).toBe(false);
    // Afterwards the same plan is as it was.
    expect((await plain(tiny)).logits).toEqual(before.logits);
  });

  test('nothing taken away is nothing changed, bit for bit', async () => {
    const tiny = tinyModel(settings);
    const before = await plain(tiny);
    for (const texts of [[], ['experts:0=0,1,2,3'], ['vote:4'], ['mass:1']]) {
      const after = await changed(tiny, ...texts);
      expect(after, texts.join()).toEqual(before);
    }
  });
});

test('ablating an expert that holds no token changes nothing, bit for bit', async () => {
  let found = 0;
  for (const seed of range(6)) {
    const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'model.choices': 1, 'model.gate': 'scores' }, seed);
    const pass = await tiny.model.forward(1, 3);
    const tokens = inputOf(tiny).slice(0, 3);
    const before = await pass.run(tokens);
    for (const layer of [0, 1]) {
      for (const e of range(4)) {
        const isIdle = !held(before.layers[layer]).flat().includes(e);
        const after = await (await variantPass(tiny.model, parsed([`ablate:${layer}.${e}`]), 1, 3)).run(tokens);
        if (isIdle) expect(after).toEqual(before);
        else expect(after.logits).not.toEqual(before.logits);
        found += Number(isIdle);
      }
    }
  }
  expect(found).toBeGreaterThan(5);
});

test('with fewer experts left than a token chooses, it has those', async () => {
  const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'model.choices': 3 });
  const { layers } = await changed(tiny, 'experts:0=1,3', 'ablate:1.0', 'ablate:1.1', 'ablate:1.2');
  expect(held(layers[0])).toEqual(range(16).map(() => [1, 3]));
  expect(held(layers[1])).toEqual(range(16).map(() => [3]));
  expectGates(layers[0], () => 1);
  expect(layers[0].dropped).not.toContain(1);
});

test('a bias of the router does not bring a removed expert back', async () => {
  const settings = { 'model.feedForward': 'token-choice', 'model.biasRate': 0.001 };
  const tiny = tinyModel(settings);
  const model = withBlock(tiny, blockKey(0, 'routerBias'), (block) => block.set([0, 50, 0, 0]));
  const pass = await model.forward(1, 16);
  expect(held((await pass.run(inputOf(tiny))).layers[0]).every((own) => own.includes(1))).toBe(true);
  const { layers } = await (await variantPass(model, parsed(['ablate:0.1']), 1, 16)).run(inputOf(tiny));
  expect(held(layers[0]).flat()).not.toContain(1);
  expect(held(layers[0]).every((own) => own.length === 2)).toBe(true);
});

describe('another router on the same weights', () => {
  test('what it is already is the same, bit for bit', async () => {
    const all: Record<string, string>[] = [
      {},
      { 'model.feedForward': 'token-choice' },
      { 'model.capacitySchedule': 'linear' },
    ];
    for (const settings of all) {
      const tiny = tinyModel(settings);
      const { choices, capacityFactor, feedForward } = tiny.experiment.model;
      const same =
        feedForward === 'token-choice'
          ? `router:tokens,${choices},dropless`
          : `router:experts,${choices},${capacityFactor}`;
      expect(await changed(tiny, same)).toEqual(await plain(tiny));
    }
  });

  test('experts choose their best tokens, tokens their best experts, by the same scores', async () => {
    const tiny = tinyModel();
    const before = await plain(tiny);
    const { scores } = before.layers[0];
    const tokens = await changed(tiny, 'router:tokens,3,dropless');
    expect(tokens.layers[0].scores).toEqual(scores);
    expect(held(tokens.layers[0])).toEqual(
      range(16).map((n) => bestOf(scores.subarray(4 * n, 4 * n + 4), 3, range(4))),
    );
    // floor(0.5 * 2 * 16 / 4) tokens each.
    const limited = await changed(tiny, 'router:tokens,2,0.5');
    const loads = range(4).map((e) => held(limited.layers[0]).filter((own) => own.includes(e)).length);
    expect(Math.max(...loads)).toBe(4);
    expect(limited.layers[0].dropped).toContain(1);
    const back = tinyModel({ 'model.feedForward': 'token-choice' });
    const experts = await changed(back, 'router:experts,1,1.25');
    range(4).forEach((e) => {
      const column = range(16).map((n) => experts.layers[0].scores[4 * n + e]);
      const own = range(16).filter((n) => held(experts.layers[0])[n].includes(e));
      expect(own).toEqual(bestOf(column, 5, range(16)));
    });
    expect((await plain(tiny)).logits).toEqual(before.logits);
  });
});

describe('reductions', () => {
  /** Positions that hold the mask; with blocks of 8 those of the first one, which has some. */
  const open = (tiny: Tiny) =>
    range(tiny.experiment.objective.kind === 'block-diffusion' ? 8 : 16).filter(
      (n) => inputOf(tiny)[n] === tiny.model.maskId,
    );
  const inBlocks = { 'objective.kind': 'block-diffusion', 'objective.blockSize': 8 };

  test.each([
    ['vote:2', {}],
    ['mass:0.4', {}],
    ['vote:1', inBlocks],
    ['mass:0.2', inBlocks],
  ])('%s, %j: every layer keeps the set that its router votes for, given the layers before', async (text, settings) => {
    const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'model.experts': 6, ...settings }, 2);
    const [rule, number] = text.split(':');
    const found = await changed(tiny, text);
    const sets = [] as string[];
    for (const layer of [0, 1]) {
      // The router of this layer as it is, under the sets of the layers before.
      const { layers } = await changed(tiny, ...sets);
      const { gates, scores } = layers[layer];
      const weightOf = (e: number) =>
        open(tiny).reduce((sum, n) => sum + (rule === 'vote' ? gates : scores)[6 * n + e], 0);
      const order = range(6).sort((a, b) => weightOf(b) - weightOf(a));
      const total = range(6).reduce((sum, e) => sum + weightOf(e), 0);
      const enough =
        range(6).find(
          (n) => order.slice(0, n + 1).reduce((sum, e) => sum + weightOf(e), 0) >= Number(number) * total,
        )! + 1;
      const kept = order.slice(0, rule === 'vote' ? Number(number) : enough).sort((a, b) => a - b);
      expect(kept.length).toBeLessThan(4);
      sets.push(`experts:${layer}=${kept.join()}`);
    }
    expect(found).toEqual(await changed(tiny, ...sets));
    expect(found.logits).not.toEqual((await plain(tiny)).logits);
  });

  test('each sequence has a set of its own, and one without masks is left alone', async () => {
    const tiny = tinyModel({ 'model.feedForward': 'token-choice' });
    const tokens = inputOf(tiny, 2);
    tokens.set(tiny.text.validationWindows(1).subarray(0, 16), 16);
    const both = await (await variantPass(tiny.model, parsed(['vote:2']), 2, 16)).run(tokens);
    const before = await (await tiny.model.forward(2, 16)).run(tokens);
    const size = both.logits.length / 2;
    expect(both.logits.subarray(0, size)).toEqual((await changed(tiny, 'vote:2')).logits);
    expect(both.logits.subarray(size)).toEqual(before.logits.subarray(size));
  });

  test('of sigmoid scores each token counts alike, and removed experts have no weight', () => {
    const decision = { experts: 3, gates: new Float32Array(6), scores: Float32Array.of(0.9, 0.9, 0, 0.1, 0, 0) };
    const kept = (shares: number[], share: number) => [
      ...keptExperts({ kind: 'mass', share }, decision, {
        open: Uint8Array.of(1, 1),
        start: 0,
        end: 2,
        shares: Float32Array.from(shares),
      }),
    ];
    // Shares of the two tokens: (0.5, 0.5, 0) and (1, 0, 0).
    expect(kept([1, 1, 1], 0.75)).toEqual([1, 0, 0]);
    expect(kept([1, 1, 1], 0.76)).toEqual([1, 1, 0]);
    expect(kept([-1, 1, 1], 0.2)).toEqual([0, 1, 0]);
  });

  test('freeze: a revealed position keeps the experts of the call that revealed it', async () => {
    const tiny = tinyModel({ 'model.feedForward': 'token-choice' }, 3);
    const { maskId } = tiny.model;
    const text = tiny.text.validationWindows(1);
    const pass = await variantPass(tiny.model, parsed(['freeze']), 1, 16);
    const given = text.slice().fill(maskId, 4);
    const first = await pass.run(given);
    expect(first).toEqual(await (await tiny.model.forward(1, 16)).run(given));
    const then = given.slice();
    then.set(text.subarray(4, 12), 4);
    const second = await pass.run(then);
    const third = await pass.run(text.slice());
    const free = await (await tiny.model.forward(1, 16)).run(text.slice());
    const rows = (result: ForwardResult, from: number, to: number) =>
      result.layers.map((layer) => held(layer).slice(from, to));
    expect(rows(second, 0, 12)).toEqual(rows(first, 0, 12));
    expect(rows(third, 0, 12)).toEqual(rows(first, 0, 12));
    expect(rows(third, 12, 16)).toEqual(rows(second, 12, 16));
    expect(rows(second, 12, 16)).not.toEqual(rows(first, 12, 16));
    expect(rows(free, 0, 12)).not.toEqual(rows(first, 0, 12));
    // Open again, a position chooses anew.
    await pass.run(given);
    const anew = await pass.run(given);
    expect(rows(anew, 4, 16)).toEqual(rows(first, 4, 16));
    await expect(variantPass(tiny.model, parsed(['freeze']), 2, 16)).rejects.toThrow('freeze: expected one sequence');
  });
});

test('reductions leave what is ablated and clamped beside them', async () => {
  const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'model.experts': 6 });
  const shareOf = (e: number) => (e === 0 ? 0.5 : 1);
  const beside = ['clamp:0.0=0.5', 'ablate:0.1'];
  const kept = await changed(tiny, 'experts:1=0,1,2,3', 'mass:1', ...beside);
  expect(held(kept.layers[0]).flat()).not.toContain(1);
  expect(held(kept.layers[0]).flat()).toContain(0);
  expectGates(kept.layers[0], shareOf);
  expect(held(kept.layers[1]).every((own) => own.every((e) => e < 4))).toBe(true);
  const pass = await variantPass(tiny.model, parsed(['freeze', ...beside]), 1, 16);
  await pass.run(inputOf(tiny));
  const { layers } = await pass.run(tiny.text.validationWindows(1));
  expect(held(layers[0]).flat()).not.toContain(1);
  expectGates(layers[0], shareOf);
});

test('on a GPU too: who holds what is as on the twins, and nothing taken away is nothing changed, bit for bit', async () => {
  const { use, errors } = await variantRuntime(await requestTestGpu());
  const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'model.choices': 1, 'model.gate': 'scores' }, 2);
  const model = modelOfWeights(use(0), tiny.experiment, tiny.text.tokenizer, tiny.weights);
  const tokens = inputOf(tiny).slice(0, 3);
  const run = async (of: typeof model, ...texts: string[]) => (await variantPass(of, parsed(texts), 1, 3)).run(tokens);
  const before = await run(model);
  const idle = range(4).filter((e) => !held(before.layers[0]).flat().includes(e));
  expect(idle.length).toBeGreaterThan(0);
  expect(await run(model, `ablate:0.${idle[0]}`)).toEqual(before);
  const [busy] = held(before.layers[0])[0];
  for (const text of [`ablate:0.${busy}`, `clamp:0.${busy}=0.5`, 'router:experts,1,1']) {
    const [found, wanted] = [await run(model, text), await run(tiny.model, text)];
    expect(found.layers.map(held), text).toEqual(wanted.layers.map(held));
    // Sums of some tens of float32 terms, in another order.
    expect([...found.logits]).toEqual([...wanted.logits].map((logit) => expect.closeTo(logit, 4)));
    expect(found.logits, text).not.toEqual(before.logits);
  }
  expect(await run(model)).toEqual(before);
  expect(errors).toEqual([]);
});

test('shares of several interventions on one layer', () => {
  const shares = fixedShares(parsed(['experts:1=0,2', 'clamp:1.0=0.5', 'clamp:1.3=0.25', 'ablate:0.1']), {
    model: { experts: 4 } as never,
  });
  expect([...shares.get(1)!]).toEqual([0.5, -1, 1, -1]);
  expect([...shares.get(0)!]).toEqual([1, -1, 1, 1]);
});
