/**
 * Decoders against what defines them: quotas, shares, given tokens, temperature; and with the exact posterior of a
 * Markov source in place of a network, against the source itself (SCIENCE 5, "Oracle test").
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { type DecoderName, decodersFor } from '../../src/config/decoders.ts';
import { markovSource, transition } from '../../src/data/markov.ts';
import { markovPosterior } from '../../src/data/markovPosterior.ts';
import { type DecodeOptions, type Denoise, decode, type Frame, tokensPerCall } from '../../src/diffusion/decode.ts';

const names = decodersFor('diffusion');
const V = 5;
const mask = V;

async function framesOf(denoise: Denoise, start: Uint32Array, options: Partial<DecodeOptions>): Promise<Frame[]> {
  const frames: Frame[] = [];
  const sampling = { temperature: 1, topK: 2, topP: 0.8, seed: 1 };
  const complete = {
    decoder: 'confidence',
    steps: 4,
    ...sampling,
    maskId: mask,
    blockSize: start.length,
    ...options,
  } as const;
  for await (const frame of decode(denoise, start, complete)) frames.push(frame);
  return frames;
}

/** Logits that depend on position and token; the mask's column is by far the largest, and must not matter. */
const fixed: Denoise = async (xt) =>
  Float32Array.from({ length: xt.length * (V + 1) }, (_, index) => {
    const token = index % (V + 1);
    return token === V ? 1e4 : Math.sin(12.9898 * index + 1) * 3;
  });

const starts = fc
  .array(fc.integer({ min: 0, max: V }), { minLength: 1, maxLength: 30 })
  .map((tokens) => Uint32Array.from(tokens));

describe.each(names)('%s', (decoder) => {
  test('fills every mask within the steps, changes no given token, and says so in its frames', async () => {
    await fc.assert(
      fc.asyncProperty(starts, fc.integer({ min: 1, max: 40 }), fc.nat(), async (start, steps, seed) => {
        const frames = await framesOf(fixed, start, { decoder, steps, seed });
        const last = frames[frames.length - 1];
        expect(last.call).toBeLessThanOrEqual(steps);
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
            // What was committed stays.
            const before = index > 0 ? frames[index - 1].tokens[position] : mask;
            if (before !== mask) expect(tokens[position]).toBe(before);
          });
        }
        expect([...last.tokens].every((token) => token < V)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test('at temperature 0 every token is the most probable one, whatever the seed', async () => {
    const start = new Uint32Array(20).fill(mask);
    const logits = await fixed(start);
    const best = Array.from({ length: 20 }, (_, position) => {
      const row = Array.from(logits.subarray(position * (V + 1), position * (V + 1) + V));
      return row.indexOf(Math.max(...row));
    });
    for (const seed of [1, 2, 3]) {
      const frames = await framesOf(fixed, start, { decoder, seed, temperature: 0 });
      expect(Array.from(frames[frames.length - 1].tokens)).toEqual(best);
    }
  });

  test('one seed gives one text, another a different one', async () => {
    const start = new Uint32Array(30).fill(mask);
    const textOf = async (seed: number) => (await framesOf(fixed, start, { decoder, seed })).at(-1)!.tokens;
    expect(await textOf(5)).toEqual(await textOf(5));
    expect(await textOf(6)).not.toEqual(await textOf(5));
  });

  test('nothing to fill needs no call', async () => {
    const never: Denoise = async () => {
      throw new Error('called');
    };
    expect(await framesOf(never, Uint32Array.of(1, 2), { decoder })).toHaveLength(1);
  });

  test('steps below one and a negative temperature are refused', async () => {
    const start = Uint32Array.of(mask);
    for (const wrong of [{ steps: 0 }, { steps: 1.5 }, { temperature: -1 }, { temperature: Number.NaN }]) {
      const error = await framesOf(fixed, start, { decoder, ...wrong }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(ConfigError);
      expect((error as Error).message).toMatch(/^(steps|temperature): expected .*, got /);
    }
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
  const logits: Denoise = async (xt) =>
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

describe('oracle', () => {
  // Every pair can occur, so that the posterior exists after any mistake, and neighbours depend strongly on each other:
  // independent draws from the stationary distribution are at a distance of 0.30 from its pairs.
  const source = markovSource({ symbols: 3, order: 1, successors: 3, seed: 27 });
  const A = source.alphabet.length;
  const T = 8;

  const oracle: Denoise = async (xt) => {
    const { probabilities } = markovPosterior(source, xt);
    return Float32Array.from({ length: xt.length * (A + 1) }, (_, index) => {
      const token = index % (A + 1);
      // The mask's column does not count. A revealed position has probability 0 for other symbols: kept finite.
      return token === A ? 0 : Math.log(Math.max(1e-30, probabilities[Math.floor(index / (A + 1)) * A + token]));
    });
  };

  /** Total variation distance between the pairs of neighbours in decoded texts and those of the source. */
  async function distanceOf(decoder: DecoderName, steps: number, texts: number): Promise<number> {
    const counts = new Float64Array(A * A);
    for (let seed = 0; seed < texts; seed++) {
      const frames = await framesOf(oracle, new Uint32Array(T).fill(A), { decoder, steps, seed, maskId: A });
      const { tokens } = frames.at(-1)!;
      for (let i = 1; i < T; i++) counts[tokens[i - 1] * A + tokens[i]] += 1 / (texts * (T - 1));
    }
    let distance = 0;
    counts.forEach((share, pair) => {
      const context = Math.floor(pair / A);
      distance += Math.abs(share - source.stationary[context] * transition(source, context, pair % A)) / 2;
    });
    return distance;
  }

  // 7 pairs in each of 1000 texts: the expected distance of a perfect sampler is about 0.014.
  const noise = 0.03;

  test('ancestral, about one position per step, reproduces the pairs of the source', async () => {
    // It reveals by chance: of 8 positions in 300 steps, hardly ever two in one.
    expect(await distanceOf('ancestral', 300, 1000)).toBeLessThan(noise);
  });

  test('ancestral in few steps draws neighbours independently: an error that falls with the steps', async () => {
    const distances: number[] = [];
    for (const steps of [1, 4, 16]) distances.push(await distanceOf('ancestral', steps, 1000));
    const [one, four, sixteen] = distances;
    expect(one).toBeGreaterThan(0.27);
    expect(four).toBeLessThan(one - noise);
    expect(sixteen).toBeLessThan(four - noise);
  });

  test('confidence prefers likely texts, even one position per step', async () => {
    // By design not a sampler: of the candidates it keeps the one that happens to be likely, and drops the rest.
    expect(await distanceOf('confidence', T, 1000)).toBeGreaterThan(3 * noise);
  });
});
