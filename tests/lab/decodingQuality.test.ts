/** Scores of decoded text: against a Markov source by hand, and an exact posterior in the place of a network. */
import { expect, test } from 'vitest';
import { defaultMarkovSource, entropyOfWindow, markovSymbols } from '../../src/data/markov.ts';
import { markovPosterior } from '../../src/data/markovPosterior.ts';
import { decodeTexts, oracleDenoiser, scoreUnderSource, tokenEntropy } from '../../src/lab/decodingQuality.ts';

const source = defaultMarkovSource();
const A = source.alphabet.length;
const T = 16;

test('the entropy of tokens is that of their frequencies', () => {
  expect(tokenEntropy(Uint32Array.of(3, 3, 3, 3))).toBe(0);
  expect(tokenEntropy(Uint32Array.of(0, 1, 2, 3, 3, 2, 1, 0))).toBe(2);
});

test('text of the source is possible, and costs its exact likelihood', () => {
  const tokens = markovSymbols(source, 64 * T);
  const { impossible, bits } = scoreUnderSource(source, tokens, T);
  expect(impossible).toBe(0);
  let nats = 0;
  for (let first = 0; first < tokens.length; first += T)
    nats -= markovPosterior(source, tokens.subarray(first, first + T)).logEvidence;
  expect(bits).toBeCloseTo(nats / Math.LN2 / tokens.length, 10);
});

test('transitions that cannot be are counted, within texts only', () => {
  const [from] = markovSymbols(source, 1);
  const never = source.counts.subarray(from * A, (from + 1) * A).indexOf(0);
  expect(scoreUnderSource(source, Uint32Array.of(from, never), 2).impossible).toBe(1);
  expect(scoreUnderSource(source, Uint32Array.of(from, never), 1).impossible).toBeNaN();
});

test('the oracle writes text of the source, and errs where it decodes many positions at a time', async () => {
  const oracle = oracleDenoiser(source);
  const options = { T, maskId: A, decoder: 'ancestral', count: 64, seed: 1 } as const;
  const slow = await decodeTexts(oracle, { ...options, steps: 40 * T });
  const fast = await decodeTexts(oracle, { ...options, steps: 2 });
  expect(slow.calls).toBeGreaterThan(0.9 * T);
  expect(fast.calls).toBeLessThanOrEqual(2);
  const [exact, rough] = [slow, fast].map(({ tokens }) => scoreUnderSource(source, tokens, T));
  expect(exact.impossible).toBeLessThan(0.01);
  expect(rough.impossible).toBeGreaterThan(0.1);
  expect(exact.bits).toBeCloseTo(entropyOfWindow(source, T), 0);
  const other = await decodeTexts(oracle, { ...options, steps: 2, seed: 2 });
  expect(other.tokens).not.toEqual(fast.tokens);
});
