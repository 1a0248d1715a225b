/**
 * The oracle test (SCIENCE 5): decoders that claim to sample, fed with the exact posterior of a Markov source and deciding
 * one position at a time, write sequences with the source's own probabilities; one at temperature 0.9 does not.
 *
 * Two statistics over all 81 sequences of 4 symbols, 4,000 draws each: chi-square against any fault, and the likelihood
 * ratio of temperature 0.9 against that one. Both false alarms are 1 in 10,000 (Wilson and Hilferty 1931; the normal
 * quantile 3.719, one-sided); the power of the ratio is stated below, and every decoder is then seen to fail at 0.9.
 */
import { expect, test } from 'vitest';
import { decodeSettings } from '../../src/config/decoders.ts';
import { markovSource, startProbabilities, transition } from '../../src/data/markov.ts';
import { markovPosterior } from '../../src/data/markovPosterior.ts';
import { decode } from '../../src/diffusion/decode.ts';
import { type Logits, network } from './harness.ts';

// Every pair can occur, and neighbours depend strongly on each other.
const source = markovSource({ symbols: 3, order: 1, successors: 3, seed: 27 });
const A = source.alphabet.length;
const T = 4;
const draws = 4000;
const outcomes = A ** T;

const codeOf = (tokens: ArrayLike<number>) => Array.from(tokens).reduce((code, token) => code * (A + 1) + token, 0);

const symbolsOf = (index: number) => Array.from({ length: T }, (_, i) => Math.floor(index / A ** (T - 1 - i)) % A);
const first = startProbabilities(source, 1);
const exact = Array.from({ length: outcomes }, (_, index) =>
  symbolsOf(index).reduce(
    (p, symbol, i, all) => p * (i === 0 ? first[symbol] : transition(source, all[i - 1], symbol)),
    1,
  ),
);

/** The exact posterior, remembered: there are few sequences with masks. */
const known = new Map<number, Float32Array>();
const posterior: Logits = (xt) => {
  const found = known.get(codeOf(xt));
  if (found) return found;
  const { probabilities } = markovPosterior(source, xt);
  const logits = Float32Array.from({ length: T * (A + 1) }, (_, index) => {
    const token = index % (A + 1);
    return token === A ? 0 : Math.log(Math.max(1e-30, probabilities[Math.floor(index / (A + 1)) * A + token]));
  });
  known.set(codeOf(xt), logits);
  return logits;
};
const forwards: Logits = (xt) => {
  // What an autoregressive model says: of each position from those before it.
  const logits = new Float32Array(T * (A + 1));
  for (let i = 0; i < T; i++) {
    const read = xt.slice().fill(A, i);
    logits.set(posterior(read).subarray(i * (A + 1), (i + 1) * (A + 1)), i * (A + 1));
  }
  return logits;
};

/** Counts of every sequence in what a decoder writes. */
async function countsOf(
  decoder: string,
  changes: Record<string, unknown>,
  logits: Logits,
  of = draws,
): Promise<number[]> {
  const counts = new Array<number>(outcomes).fill(0);
  for (let seed = 0; seed < of; seed++) {
    const settings = decodeSettings(decoder, { ...changes, 'decode.seed': seed });
    const window = decoder === 'sampling' ? 1 : T;
    let tokens = new Uint32Array(T).fill(A);
    for await (const frame of decode(network(logits), tokens, { settings, maskId: A, window }))
      tokens = frame.tokens.slice();
    counts[tokens.reduce((index, token) => index * A + token, 0)]++;
  }
  return counts;
}

function chiSquare(counts: readonly number[], probabilities: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count);
  return counts.reduce(
    (sum, count, i) => sum + (count - total * probabilities[i]) ** 2 / (total * probabilities[i]),
    0,
  );
}

const degrees = outcomes - 1;
/** Quantile of the normal distribution at 1 - 1e-4. */
const z = 3.719;
const bound = degrees * (1 - 2 / (9 * degrees) + z * Math.sqrt(2 / (9 * degrees))) ** 3;

/** What a decoder from left to right writes at temperature 0.9: every conditional to the power 1 / 0.9. */
const sharpened = (row: readonly number[]) => {
  const powers = row.map((p) => p ** (1 / 0.9));
  const total = powers.reduce((sum, p) => sum + p);
  return powers.map((p) => p / total);
};
const start = sharpened(Array.from(first.slice(0, A)));
const next = Array.from({ length: A }, (_, from) =>
  sharpened(Array.from({ length: A }, (__, to) => transition(source, from, to))),
);
const sharp = exact.map((_, index) =>
  symbolsOf(index).reduce((p, symbol, i, all) => p * (i === 0 ? start[symbol] : next[all[i - 1]][symbol]), 1),
);
const ratio = exact.map((p, i) => Math.log(sharp[i] / p));

/** Mean and standard deviation of the log ratio of one sequence drawn with these probabilities. */
function momentsOf(probabilities: readonly number[]): { mean: number; deviation: number } {
  const mean = probabilities.reduce((sum, p, i) => sum + p * ratio[i], 0);
  const variance = probabilities.reduce((sum, p, i) => sum + p * (ratio[i] - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(variance) };
}

/** How many standard deviations the mean log ratio of what was drawn is above that of the source. */
function sharpness(counts: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count);
  const { mean, deviation } = momentsOf(exact);
  const drawn = counts.reduce((sum, count, i) => sum + count * ratio[i], 0) / total;
  return ((drawn - mean) / deviation) * Math.sqrt(total);
}

const samplers: [string, string, Record<string, unknown>, Logits][] = [
  ['first-hitting', 'first-hitting', {}, posterior],
  ['random order, one per call', 'low-confidence', { 'decode.order': 'random', 'decode.steps': T }, posterior],
  ['largest margin first', 'margin', { 'decode.steps': T }, posterior],
  ['lowest entropy first, with noise', 'entropy', { 'decode.steps': T, 'decode.orderNoise': 0.5 }, posterior],
  [
    'entropy bound of 0',
    'entropy-bounded',
    { 'decode.gamma': 0, 'decode.anneal': false, 'decode.temperature': 1 },
    posterior,
  ],
  ['blocks of two', 'first-hitting', { 'decode.span': 'blocks', 'decode.blockSize': 2 }, posterior],
  [
    'draft and verify',
    'draft-verify',
    { 'decode.candidate': 'sample', 'decode.order': 'random', 'decode.steps': T },
    posterior,
  ],
  ['autoregressive sampling', 'sampling', {}, forwards],
];

test.each(samplers)(
  '%s writes the source, and is seen not to at temperature 0.9',
  async (_, decoder, changes, logits) => {
    const plain = await countsOf(decoder, changes, logits);
    expect(chiSquare(plain, exact)).toBeLessThan(bound);
    const sharper = await countsOf(decoder, { ...changes, 'decode.temperature': 0.9 }, logits);
    expect(sharpness(plain)).toBeLessThan(z);
    expect(sharpness(sharper)).toBeGreaterThan(z);
  },
);

test('the power against temperature 0.9 is above 0.99', () => {
  const [plain, wrong] = [momentsOf(exact), momentsOf(sharp)];
  const expected = ((wrong.mean - plain.mean) / plain.deviation) * Math.sqrt(draws);
  // 1 % of a normal distribution is below its mean by 2.33 of its deviations.
  expect(expected - (2.33 * wrong.deviation) / plain.deviation).toBeGreaterThan(z);
});

// These reveal by chance, so that two positions may share a call: close to exact with many steps, at more calls in vain.
test.each(['ancestral', 'remdm-cap', 'remdm-rescale', 'remdm-loop'])(
  '%s writes the source in many steps',
  async (decoder) => {
    const changes = { 'decode.steps': 60 };
    const counts = await countsOf(decoder, changes, posterior, 1000);
    expect(chiSquare(counts, exact)).toBeLessThan(bound);
    expect(sharpness(counts)).toBeLessThan(z);
  },
  30_000,
);

test('the error of few calls falls with the calls', async () => {
  const distances: number[] = [];
  for (const steps of [1, 2, 4]) {
    const counts = await countsOf('low-confidence', { 'decode.order': 'random', 'decode.steps': steps }, posterior);
    distances.push(counts.reduce((sum, count, i) => sum + Math.abs(count / draws - exact[i]) / 2, 0));
  }
  // A perfect sampler is at about 0.05.
  const [one, two, four] = distances;
  expect(one).toBeGreaterThan(two + 0.05);
  expect(two).toBeGreaterThan(four + 0.05);
});

test('the surest candidate first is no sampler, even one position per call', async () => {
  expect(chiSquare(await countsOf('low-confidence', { 'decode.steps': T }, posterior), exact)).toBeGreaterThan(
    2 * bound,
  );
});
