/**
 * The atlas of a model's routes against a plain recount of every window, one forward pass each; its file, read strictly;
 * its tables; and a permutation of the experts in the weights, which every part of it must follow.
 */
import { describe, expect, test } from 'vitest';
import { type Atlas, atlasLimits } from '../../src/config/atlas.ts';
import { atlasTables } from '../../src/config/atlasTables.ts';
import { parseAtlas } from '../../src/config/parseAtlas.ts';
import { buildAtlas, fingerprintOfWeights } from '../../src/lab/atlas.ts';
import { divergenceBits } from '../../src/lab/atlasMeasures.ts';
import { windowDomains } from '../../src/lab/domains.ts';
import { windowsPerCall } from '../../src/lab/network.ts';
import { binOf } from '../../src/lab/routing/cube.ts';
import { characterKind, characterKinds, wordKinds, wordKindsOf } from '../../src/lab/routing/kinds.ts';
import { samplesOf } from '../../src/lab/samples.ts';
import type { LayerDecision } from '../../src/model/forwardPass.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { blockKey, layoutOf } from '../../src/nn/layout.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { heldOut } from '../../src/train/text.ts';
import { range, routers, tinyModel } from './routing/recorded.ts';

const W = 7;
const parties = ['red', 'blue', 'red', '', 'blue', 'blue', 'blue'];

async function atlasOf({ experiment, text, weights }: ReturnType<typeof tinyModel>, seed = 3): Promise<Atlas> {
  const { tokenizer } = text;
  const model = modelOfWeights(createTwinRuntime(), experiment, tokenizer, weights);
  const pass = await model.forward(windowsPerCall(experiment, tokenizer.maskId + 1), 16);
  const told: number[] = [];
  const atlas = await buildAtlas({ experiment, tokenizer, weights }, pass, {
    text: heldOut(text, W),
    about: 'Windows.',
    domains: [{ name: 'party', values: parties }],
    seed,
    created: '2026-01-01T00:00:00.000Z',
    onProgress: (done, of) => void told.push(done, of),
  });
  expect(told.slice(-2)).toEqual([told.at(-1), told.at(-1)]);
  return atlas;
}

/** One forward pass for each window, and every (window, position, layer, expert) that is held. */
async function recount({ experiment, text, weights }: ReturnType<typeof tinyModel>, seed = 3) {
  const { maskId } = text.tokenizer;
  const samples = samplesOf(experiment, heldOut(text, W), { maskId, rounds: 1, seed });
  const model = modelOfWeights(createTwinRuntime(), experiment, text.tokenizer, weights);
  const pass = await model.forward(1, 16);
  const E = experiment.model.experts;
  const held: { w: number; n: number; layer: number; e: number; gate: number }[] = [];
  const runs: { layers: readonly LayerDecision[]; predicted: number[] }[] = [];
  for (const [w, { xt, end }] of samples.entries()) {
    const { layers, logits } = await pass.run(xt);
    layers.forEach(({ chosen, gates }, layer) => {
      for (let at = 0; at < end * E; at++)
        if (chosen[at]) held.push({ w, n: Math.floor(at / E), layer, e: at % E, gate: gates[at] });
    });
    const predicted = range(16).map((n) => {
      const row = [...logits.subarray(n * (maskId + 1), (n + 1) * (maskId + 1) - 1)];
      return row.indexOf(Math.max(...row));
    });
    runs.push({ layers, predicted });
  }
  return { samples, held, runs, E };
}

type Held = Awaited<ReturnType<typeof recount>>['held'][number];

describe.each([...Object.entries(routers).slice(0, 2), routersEntry('expert choice of five experts')])(
  'of %s',
  (_, settings) => {
    test('every table is what a plain recount says', async () => {
      const tiny = tinyModel(settings);
      const atlas = await atlasOf(tiny);
      const { samples, held, runs, E } = await recount(tiny);
      const count = (wanted: (one: Held) => boolean) => held.filter(wanted).length;
      expect(atlas.windows.masks).toEqual(samples.map(({ masks }) => masks));
      expect(atlas.tokens).toBe(16 * W);
      const bins = samples.map(({ masks, of }) => binOf(masks, of));
      expect(new Set(bins).size).toBeGreaterThan(5);
      expect(atlas.cube!.windows).toEqual(range(10).map((bin) => bins.filter((each) => each === bin).length));
      expect(atlas.cube!.tokens).toEqual(
        range(20).map((at) =>
          samples.reduce(
            (sum, { masked }, w) => (bins[w] === at >> 1 ? sum + masked.filter((one) => one === at % 2).length : sum),
            0,
          ),
        ),
      );
      expect(atlas.cube!.counts).toEqual(
        range(2 * 10 * 2 * E).map((at) => {
          const [layer, bin, side, e] = [
            Math.floor(at / (20 * E)),
            Math.floor(at / (2 * E)) % 10,
            Math.floor(at / E) % 2,
            at % E,
          ];
          return count(
            (one) => one.layer === layer && one.e === e && bins[one.w] === bin && samples[one.w].masked[one.n] === side,
          );
        }),
      );
      const roles = {
        read: (w: number, n: number): number | null => samples[w].xt[n],
        target: (w: number, n: number) => (samples[w].masked[n] ? samples[w].x0[n] : null),
        predicted: (w: number, n: number) => (samples[w].masked[n] ? runs[w].predicted[n] : null),
      };
      for (const { role, ids, tokens, held: byExpert, occurrences, counts } of atlas.tokenRoles) {
        const all = range(W)
          .flatMap((w) => range(16).map((n) => roles[role](w, n)))
          .filter((id) => id !== null);
        expect(tokens).toBe(all.length);
        expect(ids).toHaveLength(new Set(all).size);
        expect(occurrences).toEqual(ids.map((id) => all.filter((each) => each === id).length));
        expect([...occurrences].sort((a, b) => b - a)).toEqual(occurrences);
        const of = (at: number, id: number | null) =>
          count(
            ({ w, n, layer, e }) =>
              layer * E + e === at && roles[role](w, n) !== null && (id === null || roles[role](w, n) === id),
          );
        expect(counts).toEqual(range(2 * E).flatMap((at) => ids.map((id) => of(at, id))));
        expect(byExpert).toEqual(range(2 * E).map((at) => of(at, null)));
      }
      expectClasses(atlas, { samples, held, E, textOf: (id) => tiny.text.tokenizer.tokenText(id) });
      const [party] = atlas.domains;
      expect(party.values).toEqual(['red', 'blue']);
      expect([party.windows, party.tokens]).toEqual([
        [2, 4],
        [32, 64],
      ]);
      expect(party.counts).toEqual(
        range(2 * 2 * E).map((at) =>
          count(
            (one) =>
              one.layer === Math.floor(at / (2 * E)) &&
              one.e === at % E &&
              parties[one.w] === party.values[Math.floor(at / E) % 2],
          ),
        ),
      );
      expectLayers(atlas, { held, samples, E });
      expectMeasures(atlas, { held, samples, E });
    });
  },
);

function routersEntry(name: string): [string, Record<string, string | number>] {
  return [name, routers[name]];
}

interface Recounted extends Pick<Awaited<ReturnType<typeof recount>>, 'samples' | 'held' | 'E'> {}

function expectClasses(
  atlas: Atlas,
  { samples, held, E, textOf }: Recounted & { textOf: (id: number) => string },
): void {
  for (const name of ['characters', 'words'] as const) {
    const { names, tokens, counts, lift } = atlas[name];
    const K = names.length;
    expect(names).toEqual(name === 'words' ? wordKinds : characterKinds);
    const kinds = samples.map(({ x0 }) =>
      name === 'words'
        ? [...wordKindsOf(Array.from(x0, textOf))]
        : Array.from(x0, (id) => characterKinds.indexOf(characterKind(textOf(id)))),
    );
    const positions = samples.flatMap(({ masked }, w) => range(16).map((n) => 2 * kinds[w][n] + masked[n]));
    expect(tokens).toEqual(range(2 * K).map((at) => positions.filter((each) => each === at).length));
    const heldAs = ({ w, n, layer, e }: Held) => ((layer * K + kinds[w][n]) * 2 + samples[w].masked[n]) * E + e;
    const places = held.map(heldAs);
    expect(counts).toEqual(range(2 * 2 * K * E).map((at) => places.filter((each) => each === at).length));
    lift.value.forEach((value, at) => {
      const [layer, kind, e] = [Math.floor(at / ((K + 1) * E)), Math.floor(at / E) % (K + 1), at % E];
      const own = held.filter((one) => one.layer === layer && one.e === e);
      const isOf = (w: number, n: number) =>
        kind === K ? samples[w].masked[n] === 1 : samples[w].masked[n] === 0 && kinds[w][n] === kind;
      const inText = samples.flatMap((_, w) => range(16).filter((n) => isOf(w, n))).length;
      const mine = own.filter(({ w, n }) => isOf(w, n)).length;
      const plain = own.length === 0 ? 0 : mine / own.length / (inText / (16 * W));
      if (inText === 0) expect(value).toBeNaN();
      else expect(value).toBeCloseTo(plain, 10);
    });
  }
}

function expectLayers(atlas: Atlas, { held, samples, E }: Recounted): void {
  const at = (layer: number, w: number, n: number) =>
    held.filter((one) => one.layer === layer && one.w === w && one.n === n);
  const places = range(W).flatMap((w) => range(16).map((n) => [w, n] as const));
  const tally = (size: number, found: number[]) =>
    range(size).map((each) => found.filter((one) => one === each).length);
  atlas.byLayer.forEach((layer, index) => {
    const own = places.map(([w, n]) => at(index, w, n));
    expect([layer.asked, layer.dropped]).toEqual([own.flat().length, 0]);
    expect(layer.expertsPerToken).toEqual(
      tally(
        E + 1,
        own.map((some) => some.length),
      ),
    );
    expect(layer.pairs).toEqual(
      tally(
        E * E,
        own.flatMap((some) => some.flatMap((i) => some.map((j) => i.e * E + j.e))),
      ),
    );
    if (index === 0) {
      const next = places.map(([w, n]) => at(1, w, n));
      expect(layer.flow).toEqual(
        tally(
          E * E,
          own.flatMap((some, place) => some.flatMap((i) => next[place].map((j) => i.e * E + j.e))),
        ),
      );
    }
    const tops = own.map((some) => (some.length > 0 ? some.reduce((a, b) => (b.gate > a.gate ? b : a)).e : -1));
    const pairs = tops.flatMap((top, place) =>
      place % 16 > 0 && top >= 0 && tops[place - 1] >= 0 ? [[tops[place - 1], top]] : [],
    );
    expect(layer.repeats).toEqual({
      pairs: pairs.length,
      repeats: pairs.filter(([a, b]) => a === b).length,
      tops: tally(E, tops),
    });
    const load = range(E).map((e) => held.filter((one) => one.layer === index && one.e === e).length);
    expect(layer.maxVio).toBeCloseTo(Math.max(...load) / (own.flat().length / E) - 1, 10);
    const top = [...new Set(samples.flatMap(({ xt }) => [...xt]))].map((id) =>
      Math.max(
        ...range(E).map(
          (e) => held.filter((one) => one.layer === index && one.e === e && samples[one.w].xt[one.n] === id).length,
        ),
      ),
    );
    expect(layer.specialisation.read).toBeCloseTo(top.reduce((sum, one) => sum + one) / own.flat().length, 10);
  });
}

function expectMeasures(atlas: Atlas, { held, samples, E }: Recounted): void {
  const valuesOf = (name: string) => atlas.measures.find((one) => one.name === name)!.value;
  const inLayer = (layer: number) => held.filter((one) => one.layer === layer);
  const share = (layer: number, e: number, weight: (one: Held) => number) => {
    const sum = (some: Held[]) => some.reduce((total, one) => total + weight(one), 0);
    return sum(inLayer(layer).filter((one) => one.e === e)) / sum(inLayer(layer));
  };
  const each = <V>(of: (layer: number, e: number) => V) =>
    range(2).flatMap((layer) => range(E).map((e) => of(layer, e)));
  expect(valuesOf('load')).toEqual(
    each((layer, e) =>
      expect.closeTo(
        share(layer, e, () => 1),
        10,
      ),
    ),
  );
  expect(valuesOf('gate mass')).toEqual(
    each((layer, e) =>
      expect.closeTo(
        share(layer, e, ({ gate }) => gate),
        6,
      ),
    ),
  );
  expect(valuesOf('masked share')).toEqual(
    each((layer, e) => {
      const own = inLayer(layer).filter((one) => one.e === e);
      return expect.closeTo(own.filter(({ w, n }) => samples[w].masked[n] === 1).length / own.length, 10);
    }),
  );
  for (const { standardError, name } of atlas.measures) {
    expect(standardError).toHaveLength(2 * E);
    if (!name.startsWith('specialisation'))
      expect(
        standardError.every((error) => error >= 0),
        name,
      ).toBe(true);
  }
  // Of top windows: the counts of the windows that are named, largest first.
  atlas.topWindows.window.forEach((window, at) => {
    const place = Math.floor(at / atlasLimits.topWindows);
    const ofWindow = (w: number) => held.filter((one) => one.layer * E + one.e === place && one.w === w).length;
    const largest = range(W)
      .map(ofWindow)
      .sort((a, b) => b - a)[at % atlasLimits.topWindows];
    expect(atlas.topWindows.tokens[at]).toBe(largest);
    if (largest > 0) expect(ofWindow(window)).toBe(largest);
    if (window >= 0) expect(atlas.windows.texts[window]).toHaveLength(16);
  });
  const open = (w: number, layer: number) =>
    new Set(held.filter((one) => one.layer === layer && one.w === w && samples[one.w].masked[one.n]).map(({ e }) => e))
      .size;
  atlas.byLayer.forEach(({ unique }, layer) => {
    unique.value.forEach((value, bin) => {
      const some = range(W).filter((w) => binOf(samples[w].masks, 16) === bin);
      const mean = some.reduce((sum, w) => sum + open(w, layer), 0) / Math.max(1, some.length);
      expect(value).toBeCloseTo(mean, 10);
    });
  });
}

describe('the file', () => {
  test('is read back as it was, and other files are refused in one sentence', async () => {
    const tiny = tinyModel();
    const atlas = await atlasOf(tiny);
    const text = JSON.stringify(atlas);
    expect(parseAtlas(text, 'atlas.json')).toEqual(atlas);
    expect(await atlasOf(tiny)).toEqual(atlas);
    expect((await atlasOf(tiny, 4)).cube).not.toEqual(atlas.cube);
    expect(atlas.model.weights).toBe(fingerprintOfWeights(tiny.weights));
    const cases: [path: string, value: unknown, RegExp][] = [
      [
        ...(['version', 2] as const),
        /^atlas\.json: expected an atlas of format "sdlm-atlas", version 1, got "sdlm-atlas", version 2$/,
      ],
      ['format', 'x', /expected an atlas of format/],
      ['experts', 5, /expected the layers with experts of its model/],
      ['model.experiment.model.feedForward', 'dense', /expected the layers with experts/],
      ['model.experiment.model.layers', 3, /expected the layers with experts/],
      ['model.experiment.model.layers', 'x', /model\.experiment: model\.layers: expected/],
      ['cube.counts', atlas.cube!.counts.slice(1), /cube\.counts: expected 160 numbers, got 159/],
      ['cube.counts.3', 0.5, /cube\.counts: expected a whole number from 0 on, got 0\.5/],
      ['byLayer.0.pairs.1', -1, /byLayer\[0\]\.pairs: expected a whole number/],
      ['byLayer.0.layer', 1, /byLayer\[0\]: expected layer 0/],
      ['byLayer.0.flow', null, /byLayer\[0\]: expected layer 0 and its flow/],
      ['byLayer', atlas.byLayer.slice(1), /byLayer: expected 2 entries, got 1/],
      ['measures.0.value.0', '1', /measures\[0\]\.value: expected a number, got "1"/],
      ['tokenRoles.0.ids.0', 999, /ids: expected at most 256 token ids below/],
      ['domains.0.values', [1], /domains\[0\]\.values\[0\]: expected text, got 1/],
      ['topWindows.window.0', W, /topWindows\.window: expected windows below 7, or -1, got 7/],
      ['windows.masks', [], /windows: expected 1 to 4096 windows, got 0/],
      ['notes', 'x', /notes: expected a list, got "x"/],
      ['words', undefined, /words: expected an object, got nothing/],
    ];
    for (const [path, value, sentence] of cases) {
      const file = JSON.parse(text);
      const names = path.split('.');
      const parent = names.slice(0, -1).reduce((at, name) => at[name], file);
      parent[names.at(-1)!] = value;
      expect(() => parseAtlas(JSON.stringify(file), 'atlas.json'), path).toThrow(sentence);
    }
    expect(() => parseAtlas('[1]', 'a')).toThrow('a: expected an object, got [1]');
    expect(() => parseAtlas('{', 'a')).toThrow(/^a: expected an atlas of routes as JSON, got /);
  });

  test('comes as tables, with a row for every number', async () => {
    const atlas = await atlasOf(tinyModel());
    const tables = atlasTables(atlas);
    expect(tables.map(({ name }) => name)).toEqual([
      ...['measures', 'layers', 'experts-per-token', 'co-activation', 'flow', 'cube', 'characters', 'words'],
      ...['tokens-read', 'tokens-target', 'tokens-predicted', 'domain-party', 'top-windows'],
    ]);
    for (const { name, columns, rows } of tables) {
      expect(rows.length, name).toBeGreaterThan(0);
      for (const row of rows) expect(row, name).toHaveLength(columns.length);
    }
    const rowsOf = (name: string) => tables.find((one) => one.name === name)!.rows;
    expect(rowsOf('cube')).toHaveLength(2 * 10 * 2 * 4);
    // Layer 1, bin 3, masked, expert 2.
    const at = ((1 * 10 + 3) * 2 + 1) * 4 + 2;
    expect(rowsOf('cube')[at]).toEqual([
      ...[1, 0.3, 0.4, 'masked', 2, atlas.cube!.counts[at], atlas.cube!.tokens[7], atlas.cube!.windows[3]],
    ]);
    const hidden = rowsOf('characters').find(([layer, kind, e]) => layer === 1 && kind === 'hidden' && e === 3)!;
    const masked = rowsOf('cube').filter(([layer, , , side, e]) => layer === 1 && side === 'masked' && e === 3);
    expect(hidden[3]).toBe(masked.reduce((sum, row) => sum + Number(row[5]), 0));
  });
});

test('a permutation of the experts in the weights is seen by every table', async () => {
  const tiny = tinyModel();
  const names = [2, 0, 3, 1];
  const { experiment, text } = tiny;
  const weights = tiny.weights.slice();
  const { blocks } = layoutOf(experiment.model, text.tokenizer.vocabularySize);
  for (const key of [0, 1].flatMap((layer) =>
    ['router', 'experts.gateUp', 'experts.down'].map((name) => blockKey(layer, name)),
  )) {
    const { offset, shape } = blocks.get(key)!;
    const size = shape.slice(1).reduce((all, axis) => all * axis, 1);
    names.forEach((to, e) => {
      weights.set(tiny.weights.subarray(offset + e * size, offset + (e + 1) * size), offset + to * size);
    });
  }
  const [before, after] = [await atlasOf(tiny), await atlasOf({ ...tiny, weights })];
  const along = (values: readonly number[], of: number) =>
    values.map((_, at) => {
      // (.., E, of): the expert under a name was another before.
      const e = Math.floor(at / of) % 4;
      return values[at + (names.indexOf(e) - e) * of];
    });
  expect(after.cube!.counts).toEqual(along(before.cube!.counts, 1));
  expect(after.characters.counts).toEqual(along(before.characters.counts, 1));
  expect(after.words.lift.value).toEqual(along(before.words.lift.value, 1));
  expect(after.domains[0].counts).toEqual(along(before.domains[0].counts, 1));
  expect(after.topWindows).toEqual({
    window: along(before.topWindows.window, 3),
    tokens: along(before.topWindows.tokens, 3),
  });
  after.byLayer.forEach((layer, index) => {
    const then = before.byLayer[index];
    expect(layer.pairs).toEqual(along(along(then.pairs, 1), 4));
    if (layer.flow) expect(layer.flow).toEqual(along(along(then.flow!, 1), 4));
    expect(layer.repeats).toEqual({ ...then.repeats, tops: along(then.repeats.tops, 1) });
    expect(layer.expertsPerToken).toEqual(then.expertsPerToken);
  });
  after.tokenRoles.forEach(({ counts, ids }, role) => {
    expect(counts).toEqual(along(before.tokenRoles[role].counts, ids.length));
  });
  after.measures.forEach(({ value }, index) => {
    expect(value).toEqual(along(before.measures[index].value, 1).map((number) => expect.closeTo(number, 6)));
  });
  expect(after.cube!.counts).not.toEqual(before.cube!.counts);
});

describe('other objectives', () => {
  test('an autoregressive model has no cube, says why, and reads the tokens before', async () => {
    const tiny = tinyModel({ 'model.feedForward': 'token-choice', 'objective.kind': 'autoregressive' });
    const atlas = await atlasOf(tiny);
    expect(atlas.cube).toBeNull();
    expect(atlas.notes[0]).toMatch(/^No routing cube, masked share or hidden tokens: /);
    expect(atlas.measures.map(({ name }) => name)).not.toContain('masked share');
    const [read, target] = atlas.tokenRoles;
    const { maskId } = tiny.text.tokenizer;
    expect(read.occurrences[read.ids.indexOf(maskId)]).toBe(W);
    expect(target.ids).not.toContain(maskId);
    expect([read.tokens, target.tokens]).toEqual([16 * W, 16 * W]);
    expect(atlas.characters.tokens.filter((_, at) => at % 2 === 1).every((count) => count === 0)).toBe(true);
    expect(parseAtlas(JSON.stringify(atlas), 'a')).toEqual(atlas);
  });

  test('of block diffusion the blocks up to the one that is denoised count', async () => {
    const tiny = tinyModel({
      'model.feedForward': 'token-choice',
      'objective.kind': 'block-diffusion',
      'objective.blockSize': 4,
    });
    const atlas = await atlasOf(tiny);
    const { samples } = await recount(tiny);
    expect(atlas.tokens).toBe(samples.reduce((sum, { end }) => sum + end, 0));
    expect(atlas.windows.of).toEqual(new Array(W).fill(4));
    expect(atlas.cube!.tokens.reduce((sum, count) => sum + count)).toBe(atlas.tokens);
  });

  test('a dense model is refused', async () => {
    await expect(atlasOf(tinyModel({ 'model.feedForward': 'dense' }))).rejects.toThrow(
      'atlas: expected a model with experts, got a dense one',
    );
  });
});

test('domains are those of the section in which the middle of a window lies', () => {
  const sections = [
    { title: 'a', start: 0, end: 5, labels: { year: '1999', party: 'x' } },
    { title: 'b', start: 7, end: 9, labels: { year: '2003', party: 'y' } },
  ];
  // The first character is two units long: in code points the second section is [6, 8).
  const corpus = { id: 'sotu' as const, text: '\u{1f600}34567890', sections };
  expect(windowDomains(corpus, [0, 3, 4, 5, 6, 7, 8])).toEqual([
    { name: 'period', values: ['1990s', '1990s', '', '', '2000s', '2000s', ''] },
    { name: 'party', values: ['x', 'x', '', '', 'y', 'y', ''] },
  ]);
  expect(windowDomains({ ...corpus, sections: [] }, [1])).toEqual([]);
  expect(windowDomains(corpus, null)).toEqual([]);
});

test('divergence in bits of known distributions', () => {
  expect(divergenceBits([2, 2], [1, 1])).toBe(0);
  expect(divergenceBits([3, 0], [1, 1])).toBe(1);
  expect(divergenceBits([0, 0], [1, 1])).toBe(0);
  expect(divergenceBits([1, 1], [3, 1])).toBeCloseTo(0.5 * Math.log2(0.5 / 0.75) + 0.5, 12);
});

test('the middle of every window is told by its place in the whole text', () => {
  const { text, experiment } = tinyModel();
  const windows = text.validationWindows(5);
  const all = 'the quick brown fox jumps over the lazy dog; '.repeat(40);
  const middles = text.middlesOf(5)!;
  expect(middles).toHaveLength(5);
  middles.forEach((middle, w) => {
    const T = experiment.data.sequenceLength;
    const window = text.tokenizer.decode(windows.subarray(w * T, (w + 1) * T));
    expect(all.slice(middle - T / 2, middle + T / 2)).toBe(window);
  });
});
