/** The Markov source: its entropy, likelihood and posterior against enumeration of every window, and its text. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import {
  defaultMarkovSource,
  entropyOfWindow,
  entropyRate,
  type MarkovSource,
  markovSource,
  markovSymbols,
  markovText,
  transition,
} from '../../src/data/markov.ts';
import { markovPosterior } from '../../src/data/markovPosterior.ts';
import { charactersOf, characterTokenizer } from '../../src/data/tokenizers.ts';

const sources = {
  'order 1': markovSource({ symbols: 3, order: 1, successors: 2, seed: 5 }),
  'order 2': markovSource({ symbols: 3, order: 2, successors: 2, seed: 6 }),
};

/** Every window of T symbols with its probability, by summing over the contexts before it: no shared formula. */
function enumerate(source: MarkovSource, T: number): { window: number[]; probability: number }[] {
  const A = source.alphabet.length;
  const windows = Array.from({ length: A ** T }, (_, index) =>
    Array.from({ length: T }, (_, i) => Math.floor(index / A ** (T - 1 - i)) % A),
  );
  return windows.map((window) => {
    let probability = 0;
    for (let before = 0; before < source.contexts; before++) {
      let path = source.stationary[before];
      let context = before;
      for (const symbol of window) {
        path *= transition(source, context, symbol);
        context = (context * A + symbol) % source.contexts;
      }
      probability += path;
    }
    return { window, probability };
  });
}

describe.each(Object.entries(sources))('a source of %s', (_, source) => {
  const A = source.alphabet.length;

  test('has rows that sum to one and a stationary distribution that stays', () => {
    const after = new Float64Array(source.contexts);
    for (let context = 0; context < source.contexts; context++) {
      let row = 0;
      for (let s = 0; s < A; s++) {
        row += transition(source, context, s);
        after[(context * A + s) % source.contexts] += source.stationary[context] * transition(source, context, s);
      }
      expect(row).toBe(1);
    }
    after.forEach((probability, context) => {
      expect(probability).toBeCloseTo(source.stationary[context], 13);
    });
    expect(source.stationary.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 13);
  });

  test.each([1, 2, 3, 6])('knows the entropy of a window of %i', (T) => {
    const all = enumerate(source, T);
    const bits = all.reduce((sum, { probability: p }) => (p > 1e-14 ? sum - p * Math.log2(p) : sum), 0);
    expect(entropyOfWindow(source, T)).toBeCloseTo(bits / T, 10);
  });

  test('knows the posterior of masked positions given any revealed ones', () => {
    const T = 5;
    const all = enumerate(source, T);
    let impossible = 0;
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: A }), { minLength: T, maxLength: T }), (xt) => {
        const agreeing = all.filter(({ window }) => window.every((s, i) => xt[i] === A || xt[i] === s));
        const evidence = agreeing.reduce((sum, { probability }) => sum + probability, 0);
        if (evidence === 0) {
          impossible++;
          expect(() => markovPosterior(source, xt)).toThrow(DataError);
          return;
        }
        if (evidence < 1e-12) return;
        const { probabilities, logEvidence } = markovPosterior(source, xt);
        expect(Math.exp(logEvidence)).toBeCloseTo(evidence, 12);
        for (let i = 0; i < T; i++) {
          for (let s = 0; s < A; s++) {
            const exact = agreeing.reduce(
              (sum, { window, probability }) => (window[i] === s ? sum + probability : sum),
              0,
            );
            expect(probabilities[i * A + s]).toBeCloseTo(exact / evidence, 10);
          }
        }
      }),
      { numRuns: 400 },
    );
    // Every id from all-symbols to all-masks: the refusal was met too.
    expect(impossible).toBeGreaterThan(0);
  });

  test('writes text whose cost under the source is its entropy, within sampling error', () => {
    const symbols = markovSymbols(source, 60_000);
    const T = 20;
    const costs = Array.from(
      { length: symbols.length / T },
      (_, i) => -markovPosterior(source, symbols.subarray(i * T, (i + 1) * T)).logEvidence / Math.LN2 / T,
    );
    const mean = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    const variance = costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (costs.length - 1);
    const error = Math.sqrt(variance / costs.length);
    expect(Math.abs(mean - entropyOfWindow(source, T))).toBeLessThan(4 * error);
    expect(error).toBeLessThan(0.02);
  });
});

describe('the bundled source', () => {
  const source = defaultMarkovSource();

  test('costs about 2.1 bits per character, more in a short window than in a long one', () => {
    const rate = entropyRate(source);
    expect(rate).toBeGreaterThan(2.05);
    expect(rate).toBeLessThan(2.15);
    expect(entropyOfWindow(source, 1)).toBeGreaterThan(3.5);
    expect(entropyOfWindow(source, 64)).toBeGreaterThan(rate);
    expect(entropyOfWindow(source, 100_000) - rate).toBeLessThan(1e-4);
  });

  test('gives its symbols the ids that the character tokenizer gives them', () => {
    const text = markovText(source, 5000);
    const tokenizer = characterTokenizer(charactersOf(text));
    expect(tokenizer.vocabularySize).toBe(source.alphabet.length);
    expect(tokenizer.encode(text)).toEqual(markovSymbols(source, 5000));
  });

  test('is the same text every time, a longer one beginning with a shorter one', () => {
    expect(markovText(defaultMarkovSource(), 300)).toBe(markovText(source, 1000).slice(0, 300));
    const other = markovSource({ symbols: 16, order: 1, successors: 5, seed: 21 });
    expect(markovText(other, 300)).not.toBe(markovText(source, 300));
  });

  test('gives masked positions finite posteriors in a long window', () => {
    const xt = markovSymbols(source, 1024).map((symbol, i) => (i % 7 === 0 ? symbol : source.alphabet.length));
    const { probabilities, logEvidence } = markovPosterior(source, xt);
    expect(Number.isFinite(logEvidence)).toBe(true);
    for (let i = 0; i < 1024; i++) {
      const row = probabilities.subarray(i * 16, (i + 1) * 16);
      expect(row.reduce((sum, p) => sum + p, 0)).toBeCloseTo(1, 12);
    }
  });
});

test.each([
  [{ symbols: 1 }, 'expected 2 to 26 symbols, got 1'],
  [{ order: 3 }, 'expected order 1 or 2, got 3'],
  [{ successors: 17 }, 'expected 2 to 16 successors, got 17'],
])('refuses %o', (wrong, sentence) => {
  const options = { symbols: 16, order: 1, successors: 5, seed: 1, ...wrong };
  expect(() => markovSource(options)).toThrow(sentence);
});
