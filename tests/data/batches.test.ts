/** The split never leaks, and batches are a function of seed and step that visits everything once per epoch. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { createBatches, evaluationOffsets, evaluationWindows } from '../../src/data/batches.ts';
import { describeSplit, encodeDataset, expectWindows, splitBoundary } from '../../src/data/splits.ts';

const upTo = (length: number) => Uint32Array.from({ length }, (_, i) => i);
const shape = fc.record({
  length: fc.integer({ min: 1, max: 400 }),
  sequenceLength: fc.integer({ min: 1, max: 40 }),
  batchSize: fc.integer({ min: 1, max: 9 }),
  seed: fc.integer({ min: 0, max: 0xffffffff }),
});
const fitting = shape.filter(({ length, sequenceLength }) => length >= sequenceLength);

describe('split', () => {
  const texts = fc.string({ unit: fc.constantFrom('a', 'é', '€', '😀', '\n'), minLength: 4, maxLength: 200 });

  test('cuts a text in two without losing, sharing or halving a character', () => {
    fc.assert(
      fc.property(texts, fc.double({ min: 0.01, max: 0.5, noNaN: true }), (text, share) => {
        const boundary = splitBoundary(text, share);
        const [before, after] = [text.slice(0, boundary), text.slice(boundary)];
        expect(before + after).toBe(text);
        expect(/\p{Surrogate}/u.test(before) || /\p{Surrogate}/u.test(after)).toBe(false);
        expect(Math.abs(after.length - text.length * share)).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('never trains on held-out text, whatever the tokenizer, the window and the seed', () => {
    const T = 3;
    fc.assert(
      fc.property(
        fc.constantFrom('character' as const, 'byte' as const, 'bpe' as const),
        fc.integer(),
        (tokenizer, seed) => {
          // Held-out characters occur nowhere else, so one of them in a batch is a leak.
          const text = 'abcde'.repeat(18) + 'XYZ€é'.repeat(2);
          const data = encodeDataset(text, {
            tokenizer,
            vocabularySize: 259,
            validationShare: 0.1,
            trainingCharacters: 0,
          });
          const batches = createBatches(data.train, { sequenceLength: T, batchSize: 4, seed });
          const seen = new Set<number>();
          for (let step = 0; step < 30; step++) for (const id of batches.batchAt(step)) seen.add(id);
          expect([...seen].map(data.tokenizer.tokenText).sort().join('')).toBe('abcde');
          const heldOut = data.tokenizer.decode(evaluationWindows(data.validation, T, 100));
          expect(/[a-e]/.test(heldOut.replace(/<0x..>/g, ''))).toBe(false);
        },
      ),
    );
  });

  test('refuses a text with less than a window on either side, naming what to change', () => {
    expect(() => expectWindows(71, 8, 8)).not.toThrow();
    expect(() => expectWindows(63, 7, 8)).toThrow(DataError);
    expect(() => expectWindows(63, 7, 8)).toThrow('of 8 tokens to train on and one held out, got 63 and 7');
  });

  test('says what is held out', () => {
    const split = {
      trainEnd: 900,
      boundary: 900,
      trainCharacters: 1090,
      unusedCharacters: 0,
      validationCharacters: 110,
    };
    expect(describeSplit(split, 'byte')).toBe(
      'The first 90.8 % of the text (1,090 characters) is trained on, the last 9.2 % (110) is held out and never trained on.',
    );
    expect(describeSplit(split, 'character')).toContain('list of characters is taken from the whole text');
    expect(describeSplit(split, 'bpe')).toContain('Subwords are learned from the first part alone');
    const repeated = { ...split, trainEnd: 500, trainCharacters: 600, unusedCharacters: 490 };
    expect(describeSplit(repeated, 'byte')).toBe(
      'The first 50 % of the text (600 characters) is trained on, the last 9.2 % (110) is held out and never trained on.',
    );
  });

  test('trains on no more characters than asked for, and holds out the same text', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 250 }), (text, trainingCharacters) => {
        const settings = {
          tokenizer: 'byte',
          vocabularySize: 256,
          validationShare: 0.3,
          trainingCharacters: 0,
        } as const;
        const whole = encodeDataset(text, settings);
        const bytesWanted = new TextEncoder().encode(text.slice(0, trainingCharacters)).length;
        fc.pre(bytesWanted > 3);
        const cut = encodeDataset(text, { ...settings, trainingCharacters });
        expect(cut.validation).toEqual(whole.validation);
        expect(cut.train).toEqual(whole.train.subarray(0, cut.train.length));
        const kept = cut.tokenizer.decode(cut.train);
        expect(text.startsWith(kept)).toBe(true);
        // At most one unit is missing: half of a character.
        const expected = Math.min(trainingCharacters, whole.split.boundary);
        expect(expected - kept.length).toBeGreaterThanOrEqual(0);
        expect(expected - kept.length).toBeLessThanOrEqual(1);
        const { trainCharacters, unusedCharacters, validationCharacters } = cut.split;
        expect(trainCharacters + unusedCharacters + validationCharacters).toBe(Array.from(text).length);
      }),
    );
  });
});

describe('training batches', () => {
  test('depend on seed and step only', () => {
    fc.assert(
      fc.property(fitting, fc.array(fc.nat(60), { minLength: 1, maxLength: 20 }), ({ length, ...options }, steps) => {
        const asked = createBatches(upTo(length), options);
        for (const step of steps) {
          const fresh = createBatches(upTo(length), options);
          expect(asked.batchAt(step)).toEqual(fresh.batchAt(step));
        }
      }),
    );
  });

  test('consist of whole windows of consecutive tokens', () => {
    fc.assert(
      fc.property(fitting, fc.nat(1000), ({ length, ...options }, step) => {
        const { sequenceLength: T, batchSize: B } = options;
        const batches = createBatches(upTo(length), options);
        const out = new Uint32Array(B * T);
        expect(batches.batchAt(step, out)).toBe(out);
        const offsets = batches.offsetsAt(step);
        out.forEach((token, i) => {
          expect(token).toBe(offsets[Math.floor(i / T)] + (i % T));
          expect(token).toBeLessThan(length);
        });
      }),
    );
  });

  test('visit each window of an epoch once, without overlap', () => {
    fc.assert(
      fc.property(fitting, ({ length, sequenceLength: T, seed }) => {
        const batches = createBatches(upTo(length), { sequenceLength: T, batchSize: 1, seed });
        const count = batches.windowsPerEpoch;
        for (let epoch = 0; epoch < 3; epoch++) {
          const offsets = Array.from({ length: count }, (_, i) => batches.offsetsAt(epoch * count + i)[0]);
          offsets.sort((a, b) => a - b);
          for (let i = 1; i < count; i++) expect(offsets[i] - offsets[i - 1]).toBe(T);
          expect(offsets[0]).toBeGreaterThanOrEqual(0);
          expect(offsets[count - 1] + T).toBeLessThanOrEqual(length);
        }
      }),
    );
  });

  test('change with the seed and from epoch to epoch, in phase and in order', () => {
    const options = { sequenceLength: 10, batchSize: 1, seed: 1 };
    const orderOf = (seed: number, epoch: number) => {
      const batches = createBatches(upTo(1000), { ...options, seed });
      return Array.from({ length: 99 }, (_, i) => batches.offsetsAt(epoch * batches.windowsPerEpoch + i)[0]);
    };
    expect(orderOf(1, 0)).not.toEqual(orderOf(2, 0));
    // The order alone: which window, whatever the phase of its epoch.
    const windowsOf = (epoch: number) => orderOf(1, epoch).map((offset, _, all) => (offset - Math.min(...all)) / 10);
    expect(windowsOf(0)).not.toEqual(windowsOf(1));
    expect(windowsOf(0).sort()).toEqual(windowsOf(1).sort());
    const phases = new Set(Array.from({ length: 200 }, (_, epoch) => orderOf(1, epoch)[0] % 10));
    expect(phases.size).toBe(10);
    expect(orderOf(1, 0)).not.toEqual([...orderOf(1, 0)].sort((a, b) => a - b));
  });

  test('refuse a text shorter than a window', () => {
    expect(() => createBatches(upTo(5), { sequenceLength: 6, batchSize: 1, seed: 1 })).toThrow(
      'training text: expected at least 6 tokens, got 5',
    );
  });
});

describe('evaluation windows', () => {
  test('do not overlap, stay inside, and span the held-out text', () => {
    fc.assert(
      fc.property(fitting, fc.integer({ min: 1, max: 80 }), ({ length, sequenceLength: T }, count) => {
        const offsets = evaluationOffsets(length, T, count);
        expect(offsets.length).toBe(Math.min(count, Math.floor(length / T)));
        for (let i = 1; i < offsets.length; i++) expect(offsets[i] - offsets[i - 1]).toBeGreaterThanOrEqual(T);
        expect(offsets[0]).toBe(0);
        if (offsets.length > 1) expect(offsets.at(-1)! + T).toBe(length);
        const windows = evaluationWindows(upTo(length), T, count);
        windows.forEach((token, i) => {
          expect(token).toBe(offsets[Math.floor(i / T)] + (i % T));
        });
      }),
    );
  });

  test('refuse a text shorter than a window', () => {
    expect(() => evaluationOffsets(5, 6, 1)).toThrow(
      'text: expected at least 6 tokens to evaluate on, a window, got 5',
    );
  });
});
