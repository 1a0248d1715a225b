/** The readings of an expert's card, on numbers worked out by hand; two layers, two experts, so that a wrong stride shows. */
import { describe, expect, it } from 'vitest';
import type { Atlas } from '../../src/config/atlas.ts';
import { costWords, interventionWords } from '../../src/ui/routing/costWords.ts';
import {
  domainShares,
  kinds,
  partners,
  sharesByRatio,
  tellingShares,
  topTexts,
  topTokens,
} from '../../src/ui/routing/expertFacts.ts';

const place = { layer: 1, expert: 0 };

describe('by mask ratio', () => {
  const windows = [1, 0, ...Array(7).fill(0), 2];
  const counts = Array(2 * 10 * 2 * 2).fill(0);
  const at = (layer: number, bin: number, side: number, expert: number) => ((layer * 10 + bin) * 2 + side) * 2 + expert;
  counts[at(1, 0, 0, 0)] = 3;
  counts[at(1, 9, 1, 0)] = 4;
  counts[at(1, 9, 0, 0)] = 1;
  counts[at(1, 9, 0, 1)] = 2;
  const tokens = Array(20).fill(0);
  [tokens[0], tokens[18], tokens[19]] = [12, 2, 16];

  it('hidden and revealed apart, ratios without windows left out', () => {
    expect(sharesByRatio({ cube: { windows, tokens, counts }, experts: 2 }, place)).toEqual([
      { from: 0, to: 0.1, hidden: Number.NaN, revealed: 0.25 },
      { from: 0.9, to: 1, hidden: 0.25, revealed: 0.5 },
    ]);
    expect(sharesByRatio({ cube: null, experts: 2 }, place)).toEqual([]);
  });
});

it('tokens that stand out: above chance, no accidents, what tells most first', () => {
  const model = { vocabulary: ['a', 'b', 'c', 'd', 'e'] } as unknown as Atlas['model'];
  const role = {
    ...{ role: 'read' as const, tokens: 100, held: [7, 7, 20, 7], ids: [4, 3, 1, 0] },
    // Lifts of expert 0 in layer 1: 3/20/(3/100) = 5, 10/20/(20/100) = 2.5, 5/20/(50/100) = 0.5, 2/20/(2/100) = 5.
    occurrences: [3, 20, 50, 2],
    counts: [...Array(8).fill(9), 3, 10, 5, 2, ...Array(4).fill(9)],
  } as const;
  const found = topTokens({ model, experts: 2 }, role, place);
  expect(found.map(({ name, count }) => [name, count])).toEqual([
    ['d', 10],
    ['e', 3],
  ]);
  expect(found.map(({ lift }) => lift)).toEqual([expect.closeTo(2.5), expect.closeTo(5)]);
  expect(topTokens({ model, experts: 2 }, role, place, 1)).toHaveLength(1);
});

it('kinds: revealed ones by name, then all hidden ones, without those that the text lacks', () => {
  // (L 2, K 2, sides 2, E 2) and (L 2, K + 1, E 2).
  const counts = [...Array(8).fill(0), 1, 2, 3, 4, 5, 6, 7, 8];
  const value = [...Array(6).fill(9), 0.5, 9, Number.NaN, 9, 2, 9];
  const lift = { value, standardError: value.map((each) => each / 10) };
  expect(kinds({ names: ['vowel', 'digit'], tokens: [], counts, lift }, 2, place)).toEqual([
    { name: 'vowel', count: 1, lift: 0.5, standardError: 0.05 },
    { name: 'hidden', count: 3 + 7, lift: 2, standardError: 0.2 },
  ]);
});

it('partners: pairs over what two experts of their loads share by chance, most first', () => {
  // Loads 10, 20, 5 of 40 tokens; pairs 0-1: 5 (as chance), 0-2: 5 (four times), 1-2: 0.
  const pairs = [10, 5, 5, 5, 20, 0, 5, 0, 5];
  const byLayer = [{ pairs: Array(9).fill(1) }, { pairs }] as unknown as Atlas['byLayer'];
  const atlas = { byLayer, experts: 3, tokens: 40 };
  expect(partners(atlas, place).map(({ name, count, lift }) => [name, count, lift])).toEqual([
    ['2', 5, 4],
    ['1', 5, 1],
  ]);
  expect(partners(atlas, { layer: 1, expert: 1 }).map(({ name }) => name)).toEqual(['0']);
});

it('domains: the share of a value over the share of all, and nothing where all are equal', () => {
  const domainOf = (counts: number[]) => {
    const value = counts.map((count, at) => count / (counts[at - (at % 2)] + counts[at - (at % 2) + 1]));
    const share = { value, standardError: value.map(() => 0.1) };
    return { name: 'party', values: ['x', 'y'], windows: [1, 1], tokens: [8, 8], counts, share };
  };
  const telling = domainOf([1, 1, 1, 1, 6, 2, 2, 6]);
  expect(domainShares({ experts: 2 }, telling, place)).toEqual([
    { name: 'x', count: 6, lift: 1.5, standardError: 0.2 },
    { name: 'y', count: 2, lift: 0.5, standardError: 0.2 },
  ]);
  expect(tellingShares({ experts: 2 }, telling, place)).toHaveLength(2);
  expect(tellingShares({ experts: 2 }, domainOf([1, 3, 1, 1, 2, 6, 1, 3]), place)).toEqual([]);
});

it('windows: those that there are', () => {
  const topWindows = {
    window: [...Array(6).fill(0), 1, 0, -1, 0, 0, 0],
    tokens: [...Array(6).fill(9), 5, 4, 0, 9, 9, 9],
  };
  const windows = { texts: ['first', 'second'], of: [16, 8], masks: [] };
  expect(topTexts({ topWindows, windows, experts: 2 }, place)).toEqual([
    { text: 'second', tokens: 5, of: 8 },
    { text: 'first', tokens: 4, of: 16 },
  ]);
});

describe('what taking away costs, in words', () => {
  const loss = (value: number, standardError: number) => ({
    without: { value: 2.5, standardError: 0.1 },
    with: { value: 2.5 + value, standardError: 0.1 },
    difference: { value, standardError },
  });
  it('with the sign, and no claim within two standard errors or without any', () => {
    expect(costWords(loss(0.1, 0.02), 1)).toBe(
      'Loss 2.500 → 2.600, difference +0.100 ± 0.020 bits per character of unseen text. Without this expert the model is worse.',
    );
    expect(costWords(loss(-0.1, 0.02), 2)).toMatch(/difference −0\.100 .*Without these experts.* better\.$/);
    for (const [value, error] of [
      [0.04, 0.02],
      [-0.03, 0.02],
      [0.1, Number.NaN],
    ])
      expect(costWords(loss(value, error), 1)).toMatch(/can hardly be missed|no more than chance/);
    expect(interventionWords({ kind: 'ablate', layer: 2, expert: 3 })).toBe('Expert 3 of layer 2 removed');
    expect(interventionWords({ kind: 'mass', share: 0.5 })).toBe('mass:0.5');
  });
});
