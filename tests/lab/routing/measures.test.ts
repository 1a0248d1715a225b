/**
 * Every statistic of routes against a plain count of them: on routes that tiny models made (expert choice, token choice,
 * with drops) and on drawn ones of odd shapes; and under a permutation of the experts, which each must follow.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addPairs, coactivation } from '../../../src/lab/routing/coactivation.ts';
import { binOf } from '../../../src/lab/routing/cube.ts';
import { liftOf, meanOf, ratioOf } from '../../../src/lab/routing/errors.ts';
import { callRoutes, decodingRoutes, jaccard, loadedExperts } from '../../../src/lab/routing/explosion.ts';
import { addFlow, repeatsOf } from '../../../src/lab/routing/flow.ts';
import { addClassCounts, characterKind, wordKinds, wordKindsOf } from '../../../src/lab/routing/kinds.ts';
import {
  addExpertsPerToken,
  addLoad,
  coefficientOfVariation,
  dropsOf,
  gateMass,
  normalisedEntropy,
} from '../../../src/lab/routing/load.ts';
import { type Routes, rowsOf, topExperts } from '../../../src/lab/routing/routes.ts';
import { routingSaturation } from '../../../src/lab/routing/saturation.ts';
import {
  addTokenCounts,
  lift,
  noToken,
  routesByToken,
  vocabularySpecialisation,
} from '../../../src/lab/routing/tokens.ts';
import { anyRoutes, pairsOf, range, recordedRoutes, renamed, routers } from './recorded.ts';

/** The whole of a statistic's references, for any routes. */
function expectCounted(routes: Routes): void {
  const { experts: E, chosen, dropped, gates } = routes;
  const N = chosen.length / E;
  const held = pairsOf(routes);
  const countOf = (wanted: (pair: { n: number; e: number }) => boolean) => held.filter(wanted).length;
  const load = range(E).map((e) => countOf((pair) => pair.e === e));
  expect([...addLoad(routes)]).toEqual(load);
  expect([...gateMass(routes)]).toEqual(
    range(E).map((e) =>
      expect.closeTo(
        held.filter((pair) => pair.e === e).reduce((sum, { n }) => sum + gates[n * E + e], 0),
        6,
      ),
    ),
  );
  const perToken = range(N).map((n) => countOf((pair) => pair.n === n));
  expect([...addExpertsPerToken(routes)]).toEqual(
    range(E + 1).map((k) => perToken.filter((count) => count === k).length),
  );
  const lost = [...dropped].filter((one) => one === 1).length;
  expect(dropsOf(routes)).toEqual({ asked: held.length + lost, dropped: lost });
  const together = (i: number, j: number) => range(N).filter((n) => chosen[n * E + i] && chosen[n * E + j]).length;
  const pairs = addPairs(routes);
  expect([...pairs]).toEqual(range(E * E).map((at) => together(Math.floor(at / E), at % E)));
  expect([...coactivation(pairs, E)]).toEqual(
    range(E * E).map((at) => {
      const [i, j] = [Math.floor(at / E), at % E];
      return load[i] === 0 ? 0 : together(i, j) / load[i];
    }),
  );
  const tops = range(N).map((n) => {
    const own = held.filter((pair) => pair.n === n).map(({ e }) => e);
    return own.length === 0 ? -1 : own.reduce((best, e) => (gates[n * E + e] > gates[n * E + best] ? e : best));
  });
  expect([...topExperts(routes)]).toEqual(tops);
  const T = Math.max(1, Math.floor(N / 2));
  const neighbours = range(N).filter((n) => n % T !== 0 && tops[n] >= 0 && tops[n - 1] >= 0);
  const repeats = repeatsOf(routes, T);
  expect([repeats.pairs, repeats.repeats]).toEqual([
    neighbours.length,
    neighbours.filter((n) => tops[n] === tops[n - 1]).length,
  ]);
  expect([...repeats.tops]).toEqual(range(E).map((e) => tops.filter((top) => top === e).length));
  expectCountedByToken(routes);
}

function expectCountedByToken(routes: Routes): void {
  const { experts: E } = routes;
  const N = routes.chosen.length / E;
  const held = pairsOf(routes);
  const ids = range(N).map((n) => (n % 5 === 4 ? noToken : (n * n) % 3));
  const counts = new Uint32Array(E * 3);
  addTokenCounts(counts, routes, ids);
  const byToken = (e: number, v: number) => held.filter((pair) => pair.e === e && ids[pair.n] === v).length;
  expect([...counts]).toEqual(range(E * 3).map((at) => byToken(Math.floor(at / 3), at % 3)));
  const routesOf = range(3).map((v) => range(E).map((e) => byToken(e, v)));
  const summed = (values: number[]) => values.reduce((sum, value) => sum + value, 0);
  expect(routesByToken(counts, E)).toEqual(routesOf.map((row) => ({ routes: summed(row), top: Math.max(...row) })));
  const all = summed(routesOf.map(summed));
  const top = summed(routesOf.map((row) => Math.max(...row)));
  expect(vocabularySpecialisation(counts, E)).toBe(all === 0 ? 0 : top / all);
  const masked = range(N).map((n) => Number(n % 3 === 1));
  const classes = range(N).map((n) => n % 4);
  const classCounts = new Uint32Array(4 * 2 * E);
  addClassCounts(classCounts, routes, classes, masked);
  expect([...classCounts]).toEqual(
    range(8 * E).map(
      (at) =>
        held.filter(
          ({ n, e }) => e === at % E && masked[n] === Math.floor(at / E) % 2 && classes[n] === Math.floor(at / (2 * E)),
        ).length,
    ),
  );
  const open = Uint8Array.from(masked);
  expect([...loadedExperts(routes, open)]).toEqual(
    range(E).map((e) => Number(held.some((pair) => pair.e === e && open[pair.n] === 1))),
  );
}

describe.each(Object.entries(routers))('recorded routes of %s', (_, settings) => {
  test('each statistic is what a plain count says', async () => {
    const layers = await recordedRoutes(settings);
    for (const layer of layers) {
      expectCounted(layer);
      // Otherwise an exchange of experts or of tokens would not show.
      expect(new Set(addPairs(layer)).size).toBeGreaterThan(3);
    }
    expectFlow(layers[0], layers[1]);
    expect([...addFlow(layers[0], layers[1])]).not.toEqual([...addFlow(layers[1], layers[0])]);
  });
});

test('drops are recorded of experts that are full, and only of those', async () => {
  const [dropping] = await recordedRoutes(routers['token choice with a capacity']);
  const { asked, dropped } = dropsOf(dropping);
  expect(asked).toBe(2 * 32);
  // Nine rows of the four experts: floor(0.6 * 2 * 32 / 4).
  expect([...addLoad(dropping)].every((load) => load <= 9)).toBe(true);
  expect(dropped).toBe(asked - addLoad(dropping).reduce((sum, load) => sum + load, 0));
  expect(dropped).toBeGreaterThan(0);
  for (const name of ['expert choice', 'token choice']) {
    expect((await recordedRoutes(routers[name])).map((layer) => dropsOf(layer).dropped)).toEqual([0, 0]);
  }
});

function expectFlow(from: Routes, to: Routes): void {
  const plain = range(from.experts * to.experts).map(
    (at) =>
      pairsOf(from).filter(
        ({ n, e }) => e === Math.floor(at / to.experts) && to.chosen[n * to.experts + (at % to.experts)] === 1,
      ).length,
  );
  expect([...addFlow(from, to)]).toEqual(plain);
}

test('drawn routes of any shape', () => {
  fc.assert(fc.property(anyRoutes(), expectCounted), { numRuns: 100 });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 7 }).chain((N) => fc.tuple(anyRoutes(N, 3), anyRoutes(N, 4))),
      ([a, b]) => expectFlow(a, b),
    ),
    { numRuns: 30 },
  );
});

test('a permutation of the experts is seen by every statistic', () => {
  const withNames = anyRoutes(6).chain((routes) =>
    fc.tuple(
      fc.constant(routes),
      anyRoutes(6, routes.experts),
      fc.shuffledSubarray(range(routes.experts), { minLength: routes.experts }),
    ),
  );
  fc.assert(
    fc.property(withNames, ([routes, other, names]) => {
      const { experts: E } = routes;
      const moved = renamed(routes, names);
      const along = <V>(values: ArrayLike<V>) => range(E).map((e) => values[names.indexOf(e)]);
      expect([...addLoad(moved)]).toEqual(along(addLoad(routes)));
      expect([...gateMass(moved)]).toEqual(along(gateMass(routes)));
      expect([...topExperts(moved)]).toEqual([...topExperts(routes)].map((e) => (e < 0 ? e : names[e])));
      expect(repeatsOf(moved, 6)).toEqual({
        ...repeatsOf(routes, 6),
        tops: Uint32Array.from(along(repeatsOf(routes, 6).tops)),
      });
      const square = (values: ArrayLike<number>) =>
        range(E * E).map((at) => values[names.indexOf(Math.floor(at / E)) * E + names.indexOf(at % E)]);
      expect([...addPairs(moved)]).toEqual(square(addPairs(routes)));
      expect([...addFlow(moved, renamed(other, names))]).toEqual(square(addFlow(routes, other)));
      const counted = (some: Routes) => {
        const counts = new Uint32Array(E * 4);
        addTokenCounts(counts, some, [0, 1, 2, 3, 0, 1]);
        return counts;
      };
      expect([...counted(moved)]).toEqual(
        along(range(E).map((e) => [...counted(routes).subarray(4 * e, 4 * e + 4)])).flat(),
      );
      expect(vocabularySpecialisation(counted(moved), E)).toBe(vocabularySpecialisation(counted(routes), E));
      expect(routingSaturation(moved, renamed(other, names))).toBe(routingSaturation(routes, other));
      const open = [1, 0, 1, 1, 0, 0];
      expect([...loadedExperts(moved, open)]).toEqual(along(loadedExperts(routes, open)));
    }),
    { numRuns: 60 },
  );
});

test('of equal gates the lower expert is the top one', () => {
  const routes = {
    experts: 3,
    chosen: Uint8Array.of(0, 1, 1),
    dropped: new Uint8Array(3),
    gates: Float32Array.of(0, 0.5, 0.5),
  };
  expect([...topExperts(routes)]).toEqual([1]);
});

test('views of some rows are those rows, scores included', async () => {
  const [layer] = await recordedRoutes({});
  const part = rowsOf(layer, 3, 7);
  expect(part.chosen).toEqual(layer.chosen.slice(12, 28));
  expect(part.gates).toEqual(layer.gates.slice(12, 28));
  expect(part.scores).toEqual(layer.scores.slice(12, 28));
  expect(part.dropped).toHaveLength(16);
  expect(part.layer).toBe(0);
});

describe('evenness', () => {
  test('of known loads', () => {
    expect(coefficientOfVariation([3, 3, 3])).toBe(0);
    expect(coefficientOfVariation([0, 0])).toBe(0);
    // Mean 2, deviations 2 and -2.
    expect(coefficientOfVariation([4, 0])).toBe(1);
    expect(coefficientOfVariation([1, 2, 3, 6])).toBeCloseTo(Math.sqrt(3.5) / 3, 12);
    expect([
      normalisedEntropy([3, 3, 3]),
      normalisedEntropy([5, 0]),
      normalisedEntropy([0, 0]),
      normalisedEntropy([7]),
    ]).toEqual([expect.closeTo(1, 12), 0, 0, 1]);
    expect(normalisedEntropy([1, 3])).toBeCloseTo((0.25 * 2 + 0.75 * Math.log2(4 / 3)) / 1, 12);
  });
});

describe('lift', () => {
  test('is the share among what an expert holds over the share of the text', () => {
    // 3 of its 6 tokens, 10 of 100 in the text.
    expect(lift(3, 6, 10, 100)).toBeCloseTo(5, 12);
    expect(lift(0, 0, 10, 100)).toBe(0);
    expect(lift(0, 6, 0, 100)).toBeNaN();
  });
});

describe('kinds', () => {
  test.each([
    ['vowel', 'aEiöÉуα'],
    ['consonant', 'bZyñж'],
    ['digit', '07٣'],
    ['space', ' \n\t'],
    ['punctuation', '.,;!-"’$+('],
    ['other', '\u0007\u200b'],
  ] as const)('of the characters: %s', (kind, characters) => {
    for (const character of characters) expect(characterKind(character), character).toBe(kind);
  });

  test('of tokens of several characters', () => {
    expect(['the', ' of', '12', ' 7', '...', '  ', '<0xC3>', "'s", ''].map(characterKind)).toEqual([
      'letters',
      'letters',
      'digit',
      'digit',
      'punctuation',
      'space',
      'other',
      'letters',
      'other',
    ]);
  });

  test('of words, character by character and subword by subword', () => {
    const text = "The Whale isn't in 1851, ox";
    const names = (texts: string[]) => [...wordKindsOf(texts)].map((kind) => wordKinds[kind]);
    const f = 'function word';
    expect(names([...text])).toEqual([
      ...Array(3).fill(f),
      'between',
      ...Array(5).fill('capitalised'),
      'between',
      ...Array(5).fill('other word'),
      'between',
      ...Array(2).fill(f),
      'between',
      ...Array(4).fill('number'),
      'between',
      'between',
      ...Array(2).fill('other word'),
    ]);
    expect(names(['The', ' Wha', 'le', ' ', 'in', ',', ''])).toEqual([
      f,
      'capitalised',
      'capitalised',
      'between',
      f,
      'between',
      'between',
    ]);
  });
});

test('bins of the mask ratio are of equal width, and closed above', () => {
  expect([0, 1, 10, 11, 20, 21, 90, 91, 100].map((masks) => binOf(masks, 100))).toEqual([0, 0, 0, 1, 1, 2, 8, 9, 9]);
  for (const T of [7, 16, 30, 48, 127, 256]) {
    for (let masks = 1; masks <= T; masks++) {
      const bin = binOf(masks, T);
      // In whole numbers: bin * T < 10 * masks <= (bin + 1) * T.
      expect(bin * T < 10 * masks && 10 * masks <= (bin + 1) * T, `${masks} of ${T}`).toBe(true);
    }
  }
});

test('saturation is the share of the last routes that were there before', () => {
  const of = (chosen: number[]) => ({ chosen: Uint8Array.from(chosen) });
  // Two tokens, three experts, two each: one and two of two are shared.
  expect(routingSaturation(of([1, 1, 0, 0, 1, 1]), of([1, 0, 1, 0, 1, 1]))).toBe(0.75);
  expect(routingSaturation(of([1, 1, 1]), of([1, 0, 0]))).toBe(1);
  expect(routingSaturation(of([1, 0, 0]), of([1, 1, 1]))).toBeCloseTo(1 / 3, 12);
  expect(routingSaturation(of([1, 0]), of([0, 0]))).toBe(1);
});

test('what the calls of a decode loaded', () => {
  const layer = (chosen: number[]) => ({ experts: 3, chosen: Uint8Array.from(chosen) });
  // Three tokens; the last is given. Of the second layer only one expert is needed.
  const calls = [
    callRoutes([layer([1, 0, 0, 0, 1, 0, 0, 0, 1]), layer([0, 0, 1, 0, 0, 1, 1, 1, 0])], Uint8Array.of(1, 1, 0)),
    callRoutes([layer([1, 0, 0, 0, 1, 1, 0, 0, 1]), layer([0, 0, 1, 0, 1, 0, 1, 1, 0])], Uint8Array.of(0, 1, 0)),
  ];
  expect(decodingRoutes(calls, Uint8Array.of(0, 0, 0))).toEqual({
    unique: [
      [2, 1],
      [2, 1],
    ],
    jaccard: [[1 / 3, 0]],
    expertsPerToken: [
      [1, 1],
      [2, 1],
    ],
    committed: [1, 1],
    loadedPerToken: 3,
  });
  expect(decodingRoutes(calls, Uint8Array.of(0, 1, 0))).toMatchObject({ committed: [1, 0], loadedPerToken: 6 });
  const three = [...calls, calls[1]];
  expect(decodingRoutes(three, new Uint8Array(3)).jaccard).toEqual([
    [1 / 3, 0],
    [1, 1],
  ]);
  expect(jaccard(new Uint8Array(3), new Uint8Array(3))).toBe(1);
  expect(decodingRoutes([], new Uint8Array(3)).loadedPerToken).toBeNaN();
});

describe('standard errors over windows', () => {
  const windows = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.integer({ min: 1, max: 9 })), {
    minLength: 2,
    maxLength: 8,
  });

  test('of a ratio with equal denominators is that of the mean', () => {
    fc.assert(
      fc.property(windows, (drawn) => {
        const a = drawn.map(([value]) => value);
        const mean = a.reduce((sum, value) => sum + value, 0) / a.length;
        const squares = a.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        const { value, standardError } = ratioOf(
          a,
          a.map(() => 4),
        );
        expect(value).toBeCloseTo(mean / 4, 10);
        expect(standardError).toBeCloseTo(Math.sqrt(squares / (a.length - 1) / a.length) / 4, 10);
        expect(meanOf(a).standardError).toBeCloseTo(4 * standardError, 10);
      }),
    );
  });

  test('of ratios and lifts come near the jackknife', () => {
    const draw = (w: number, salt: number) => 20 + ((w * 7919 + salt * 104729) % 11);
    const [a, b, c, d] = [1, 2, 3, 4].map((salt) => range(40).map((w) => draw(w, salt)));
    const jackknife = (statistic: (without: number) => number) => {
      const values = range(40).map(statistic);
      const mean = values.reduce((sum, value) => sum + value, 0) / 40;
      return Math.sqrt((39 / 40) * values.reduce((sum, value) => sum + (value - mean) ** 2, 0));
    };
    const total = (values: number[], without: number) =>
      values.reduce((sum, value, w) => (w === without ? sum : sum + value), 0);
    const ratio = ratioOf(a, b);
    expect(ratio.value).toBeCloseTo(total(a, -1) / total(b, -1), 12);
    expect(ratio.standardError / jackknife((w) => total(a, w) / total(b, w))).toBeCloseTo(1, 2);
    const lifted = liftOf(a, b, c, d);
    const plain = (w: number) => (total(a, w) / total(b, w)) * (total(d, w) / total(c, w));
    expect(lifted.value).toBeCloseTo(plain(-1), 12);
    expect(lifted.standardError / jackknife(plain)).toBeCloseTo(1, 2);
  });

  test('are not known of a single window, nor of nothing', () => {
    expect(ratioOf([1], [2])).toEqual({ value: 0.5, standardError: Number.NaN });
    expect(ratioOf([0, 0], [0, 0]).value).toBe(0);
    expect(liftOf([0, 0], [1, 2], [1, 1], [3, 3]).value).toBe(0);
    expect(liftOf([0, 0], [1, 2], [0, 0], [3, 3]).value).toBeNaN();
  });
});
