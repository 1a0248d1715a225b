/**
 * Decoders against what defines them: quotas, shares, given tokens, temperature; and with the exact posterior of a
 * Markov source in place of a network, see `oracle.test.ts`.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodersFor } from '../../src/config/decoders.ts';
import { type Denoise, decode, type Frame, mostCalls, tokensPerCall } from '../../src/diffusion/decode.ts';
import { fixedLogits, framesOf as framesOfAsked, livelyLogits, optionsOf } from './harness.ts';

const names = decodersFor('diffusion');
const V = 5;
const mask = V;

interface Changes {
  readonly decoder?: string;
  readonly [name: string]: unknown;
}

const fixed = fixedLogits(V);
const lively = livelyLogits(V);
const framesOf = (
  logits: typeof fixed,
  start: Uint32Array,
  { decoder = 'low-confidence', ...changes }: Changes,
): Promise<Frame[]> => framesOfAsked(logits, start, { decoder, changes: { steps: 4, ...changes }, maskId: mask });

const starts = fc
  .array(fc.integer({ min: 0, max: V }), { minLength: 1, maxLength: 30 })
  .map((tokens) => Uint32Array.from(tokens));

describe.each(names)('%s', (decoder) => {
  test('fills every mask within the steps, changes no given token, and says so in its frames', async () => {
    await fc.assert(
      fc.asyncProperty(starts, fc.integer({ min: 1, max: 40 }), fc.nat(), async (start, steps, seed) => {
        const frames = await framesOf(lively, start, { decoder, steps, seed });
        const last = frames[frames.length - 1];
        const options = optionsOf(start, { decoder, changes: { steps }, maskId: mask });
        const { revision } = options.settings;
        expect(last.call).toBeLessThanOrEqual(mostCalls(start, options));
        expect(frames[0]).toMatchObject({ call: 0, tokens: start });
        for (const [index, { tokens, committedAt, confidence, call }] of frames.entries()) {
          start.forEach((given, position) => {
            const isMasked = tokens[position] === mask;
            if (given !== mask) {
              expect([tokens[position], committedAt[position], confidence[position]]).toEqual([given, 0, 1]);
            } else if (isMasked) {
              expect([committedAt[position], confidence[position]]).toEqual([-1, Number.NaN]);
            } else {
              expect(committedAt[position]).toBeGreaterThan(0);
              expect(committedAt[position]).toBeLessThanOrEqual(call);
              expect(confidence[position]).toBeGreaterThan(0);
              expect(confidence[position]).toBeLessThanOrEqual(1);
            }
            // What was committed stays, unless it may be undone.
            const before = index > 0 ? frames[index - 1].tokens[position] : mask;
            if (before !== mask && revision === 'none') expect(tokens[position]).toBe(before);
            if (before !== mask && revision === 'edit') expect(tokens[position]).not.toBe(mask);
          });
        }
        expect([...last.tokens].every((token) => token < V)).toBe(true);
      }),
      { numRuns: 25 },
    );
  });

  test('with the best candidates every token is the most probable one, whatever the seed', async () => {
    const start = new Uint32Array(20).fill(mask);
    const logits = fixed(start);
    const best = Array.from({ length: 20 }, (_, position) => {
      const row = Array.from(logits.subarray(position * (V + 1), position * (V + 1) + V));
      return row.indexOf(Math.max(...row));
    });
    for (const seed of [1, 2, 3]) {
      const frames = await framesOf(fixed, start, { decoder, seed, candidate: 'best' });
      expect(Array.from(frames[frames.length - 1].tokens)).toEqual(best);
    }
  });

  test('one seed gives one text, another a different one', async () => {
    const start = new Uint32Array(30).fill(mask);
    // Edits write the best token everywhere, whatever the seed.
    const unedited = decoder.startsWith('edit') ? { revision: 'none' } : {};
    const textOf = async (seed: number) =>
      (await framesOf(fixed, start, { decoder, seed, candidate: 'sample', ...unedited })).at(-1)!.tokens;
    expect(await textOf(5)).toEqual(await textOf(5));
    expect(await textOf(6)).not.toEqual(await textOf(5));
  });

  test('nothing to fill needs no call', async () => {
    const never: Denoise = async () => {
      throw new Error('called');
    };
    const start = Uint32Array.of(1, 2);
    const frames: Frame[] = [];
    for await (const frame of decode(never, start, optionsOf(start, { decoder, maskId: mask }))) frames.push(frame);
    expect(frames).toHaveLength(1);
  });
});

test('confidence commits its quota per call, the most confident candidates first', async () => {
  const start = Uint32Array.from({ length: 14 }, (_, i) => (i === 3 ? 0 : mask));
  const frames = await framesOf(fixed, start, { steps: 5, temperature: 0 });
  const masksOf = ({ tokens }: Frame) => tokens.filter((token) => token === mask).length;
  // 13 masks in 5 steps: 13 = 3 + 3 + 3 + 2 + 2.
  expect(frames.map(masksOf)).toEqual([13, 10, 7, 4, 2, 0]);
  // The logits stay, so confidence falls from call to call.
  const { committedAt, confidence } = frames.at(-1)!;
  for (let i = 0; i < 14; i++) {
    for (let j = 0; j < 14; j++) {
      if (committedAt[i] > 0 && committedAt[i] < committedAt[j])
        expect(confidence[i]).toBeGreaterThanOrEqual(confidence[j]);
    }
  }
});

test('confidence with more steps than masks commits one per call and makes no call in vain', async () => {
  const frames = await framesOf(fixed, new Uint32Array(3).fill(mask), { steps: 10 });
  expect(frames.map(({ call }) => call)).toEqual([0, 1, 2, 3]);
});

test('ancestral reveals an equal share of all positions per step on average, spread evenly over positions', async () => {
  const T = 16;
  const steps = 4;
  const revealed = new Array<number>(steps).fill(0);
  const first = new Array<number>(T).fill(0);
  const runs = 300;
  for (let seed = 0; seed < runs; seed++) {
    const frames = await framesOf(fixed, new Uint32Array(T).fill(mask), { decoder: 'ancestral', steps, seed });
    // With 16 positions a step without any is rare (0.75^16 = 1 %), and then calls lag behind steps: count by frame.
    if (frames.length !== steps + 1) continue;
    frames.at(-1)!.committedAt.forEach((call, position) => {
      revealed[call - 1]++;
      if (call === 1) first[position]++;
    });
  }
  const total = revealed.reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThan(0.8 * runs * T);
  // Standard deviation of a share: sqrt(3/16 / 4500) = 0.0065.
  for (const count of revealed) expect(Math.abs(count / total - 0.25)).toBeLessThan(0.03);
  // 75 of 300 expected, standard deviation 7.5.
  for (const count of first) expect(Math.abs(count - (0.25 * total) / T)).toBeLessThan(38);
});

describe('tokens per call', () => {
  test('are the masks that were filled over the calls it took', async () => {
    const start = Uint32Array.from({ length: 14 }, (_, i) => (i === 3 ? 0 : mask));
    const frames = await framesOf(fixed, start, { steps: 5 });
    // 13 masks, filled 3 + 3 + 3 + 2 + 2.
    expect(frames.map((frame) => tokensPerCall(start, frame))).toEqual([0, 3, 3, 3, 11 / 4, 13 / 5]);
  });

  test('are 1 where each call fills one, and 0 where none was made', async () => {
    const start = new Uint32Array(6).fill(mask);
    const frames = await framesOf(fixed, start, { steps: 6 });
    expect(tokensPerCall(start, frames.at(-1)!)).toBe(1);
    expect(tokensPerCall(Uint32Array.of(1, 2), { call: 0, tokens: Uint32Array.of(1, 2) })).toBe(0);
  });
});

test('temperature 1 samples the distribution of the network; lower temperatures sharpen it', async () => {
  const probabilities = [0.5, 0.25, 0.125, 0.0625, 0.0625];
  const logits = (xt: Uint32Array) =>
    Float32Array.from({ length: xt.length * (V + 1) }, (_, i) => Math.log(probabilities[i % (V + 1)] ?? 1));
  const sharesAt = async (temperature: number) => {
    const counts = new Array<number>(V).fill(0);
    for (let seed = 0; seed < 40; seed++) {
      const frames = await framesOf(logits, new Uint32Array(100).fill(mask), { steps: 1, temperature, seed });
      for (const token of frames.at(-1)!.tokens) counts[token]++;
    }
    return counts.map((count) => count / 4000);
  };
  // 4 standard deviations of a share of 4000: at most 0.032.
  const check = (shares: number[], expected: number[]) => {
    for (const [token, share] of shares.entries()) expect(Math.abs(share - expected[token])).toBeLessThan(0.032);
  };
  check(await sharesAt(1), probabilities);
  const squares = probabilities.map((p) => p * p);
  const total = squares.reduce((sum, p) => sum + p, 0);
  check(
    await sharesAt(0.5),
    squares.map((p) => p / total),
  );
});
