/** Decoding from left to right: blocks in order, and single tokens with the decoders of autoregressive models. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodersFor, expectDecoder } from '../../src/config/decoders.ts';
import { markovSource, startProbabilities, transition } from '../../src/data/markov.ts';
import { type Frame, mostCalls } from '../../src/diffusion/decode.ts';
import { framesOf as framesOfAsked, type Logits, optionsOf } from './harness.ts';

const V = 5;
const mask = V;

interface Changes {
  readonly decoder?: string;
  readonly [name: string]: unknown;
}

/** Decodes single positions from left to right. */
const framesOf = (
  logits: Logits,
  start: Uint32Array,
  { decoder = 'sampling', ...changes }: Changes,
  maskId = mask,
): Promise<Frame[]> => framesOfAsked(logits, start, { decoder, changes, maskId, window: 1 });

const probabilities = [0.1, 0.4, 0.05, 0.25, 0.2];
const constant: Logits = (xt) =>
  Float32Array.from({ length: xt.length * (V + 1) }, (_, i) => Math.log(probabilities[i % (V + 1)] ?? 1));

/** Shares of the tokens that a decoder draws from `probabilities`. */
async function sharesOf(decoder: string, options: Changes): Promise<number[]> {
  const counts = new Array<number>(V).fill(0);
  for (let seed = 0; seed < 40; seed++) {
    const frames = await framesOf(constant, new Uint32Array(100).fill(mask), { decoder, seed, ...options });
    for (const token of frames.at(-1)!.tokens) counts[token]++;
  }
  return counts.map((count) => count / 4000);
}

/** 4 standard deviations of a share of 4000 are at most 0.032. */
function expectShares(shares: number[], expected: number[]): void {
  shares.forEach((share, token) => {
    if (expected[token] === 0) expect(share).toBe(0);
    else expect(Math.abs(share - expected[token])).toBeLessThan(0.032);
  });
}

describe.each(decodersFor('autoregressive'))('%s', (decoder) => {
  test('writes one token per call from left to right and keeps what was given', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(6), fc.integer({ min: 1, max: 9 }), fc.nat(), async (given, length, seed) => {
        const start = Uint32Array.from({ length: given + length }, (_, i) => (i < given ? i % V : mask));
        const frames = await framesOf(constant, start, { decoder, seed });
        const options = optionsOf(start, { decoder, maskId: mask, window: 1 });
        expect(frames).toHaveLength(length + 1);
        expect(mostCalls(start, options)).toBe(length);
        const { committedAt, tokens } = frames[length];
        start.forEach((token, position) => {
          expect(committedAt[position]).toBe(position < given ? 0 : position - given + 1);
          if (position < given) expect(tokens[position]).toBe(token);
          else expect(tokens[position]).toBeLessThan(V);
        });
      }),
      { numRuns: 30 },
    );
  });
});

test('sampling follows the distribution, greedy takes its best, top-k and top-p cut its tail', async () => {
  expectShares(await sharesOf('sampling', {}), probabilities);
  expectShares(await sharesOf('greedy', { temperature: 1 }), [0, 1, 0, 0, 0]);
  expectShares(await sharesOf('top-k', { topK: 2 }), [0, 0.4 / 0.65, 0, 0.25 / 0.65, 0]);
  expectShares(await sharesOf('top-k', { topK: 100 }), probabilities);
  // 0.4 + 0.25 falls short of 0.7, so the next, 0.2, belongs to the nucleus.
  expectShares(await sharesOf('top-p', { topP: 0.7 }), [0, 0.4 / 0.85, 0, 0.25 / 0.85, 0.2 / 0.85]);
  expectShares(await sharesOf('top-p', { topP: 0.3 }), [0, 1, 0, 0, 0]);
  expectShares(await sharesOf('top-p', { topP: 1 }), probabilities);
  const squares = probabilities.map((p) => p * p);
  const total = squares.reduce((sum, p) => sum + p, 0);
  expectShares(
    await sharesOf('sampling', { temperature: 0.5 }),
    squares.map((p) => p / total),
  );
});

test('a decoder of another kind of model is refused', () => {
  expect(() => expectDecoder('confidence', 'autoregressive')).toThrow(
    /^decoder: expected one of sampling, .*confidence/,
  );
  expect(() => expectDecoder('greedy', 'diffusion')).toThrow(/^decoder: expected one of low-confidence, /);
});

test('with the exact conditionals of a Markov source, sampling reproduces its pairs', async () => {
  const source = markovSource({ symbols: 3, order: 1, successors: 3, seed: 27 });
  const A = source.alphabet.length;
  const first = startProbabilities(source, 1);
  const oracle: Logits = (xt) =>
    Float32Array.from({ length: xt.length * (A + 1) }, (_, index) => {
      const [position, token] = [Math.floor(index / (A + 1)), index % (A + 1)];
      if (token === A) return 0;
      const before = position > 0 ? xt[position - 1] : A;
      return Math.log(position === 0 ? first[token] : before === A ? 1 : transition(source, before, token));
    });
  const counts = new Float64Array(A * A);
  const [T, texts] = [8, 1000];
  for (let seed = 0; seed < texts; seed++) {
    const frames = await framesOf(oracle, new Uint32Array(T).fill(A), { seed }, A);
    const { tokens } = frames.at(-1)!;
    for (let i = 1; i < T; i++) counts[tokens[i - 1] * A + tokens[i]] += 1 / (texts * (T - 1));
  }
  let distance = 0;
  counts.forEach((share, pair) => {
    const context = Math.floor(pair / A);
    distance += Math.abs(share - source.stationary[context] * transition(source, context, pair % A)) / 2;
  });
  // A perfect sampler is at about 0.014; independent draws from the stationary distribution at 0.30.
  expect(distance).toBeLessThan(0.03);
});

test('blocks are filled from left to right, each with its share of the steps and at least one', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: V }), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 40 }),
      async (tokens, blockSize, steps) => {
        const start = Uint32Array.from(tokens);
        const asked = { decoder: 'low-confidence', changes: { steps }, maskId: mask, window: blockSize };
        const frames = await framesOfAsked(constant, start, asked);
        const options = optionsOf(start, asked);
        const { committedAt, call } = frames.at(-1)!;
        const blocks = new Map<number, number[]>();
        committedAt.forEach((at, position) => {
          expect(at).toBeGreaterThanOrEqual(0);
          if (at > 0)
            blocks.set(Math.floor(position / blockSize), [...(blocks.get(Math.floor(position / blockSize)) ?? []), at]);
        });
        let before = 0;
        for (const calls of blocks.values()) {
          expect(Math.min(...calls)).toBe(before + 1);
          before = Math.max(...calls);
        }
        expect(call).toBe(mostCalls(start, options));
        expect(call).toBeLessThanOrEqual(Math.max(steps, blocks.size) + blocks.size);
      },
    ),
    { numRuns: 100 },
  );
});
