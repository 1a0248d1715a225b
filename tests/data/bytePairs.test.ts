/** Learning byte pairs: the same merges as counting anew after every merge gives, in linear time, from one text alone. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteOrder, forEachWord, trainBytePairs } from '../../src/data/bytePairs.ts';
import { createNumberHeap } from '../../src/data/numberHeap.ts';

/** Texts of few characters have many equal counts, overlapping pairs and long runs. */
const smallText = fc.string({ unit: fc.constantFrom('a', 'b', 'c', ' ', '\n', 'é', '1'), maxLength: 120 });

function wordsOf(text: string): string[] {
  const words: string[] = [];
  forEachWord(text, (word) => words.push(word));
  return words;
}

/** The definition: of all pairs that occur twice, the most frequent; of those, the smallest ids. Tokens as hexadecimal. */
function learnSlowly(text: string, vocabularySize: number): string[][] {
  const vocabulary = Array.from(byteOrder, (byte) => byte.toString(16).padStart(2, '0'));
  let words = wordsOf(text).map((word) => [...new TextEncoder().encode(word)].map((byte) => vocabulary[idOf(byte)]));
  const merges: string[][] = [];
  while (vocabulary.length < vocabularySize) {
    const counts = new Map<string, number>();
    for (const word of words) {
      for (let i = 0; i + 1 < word.length; i++) {
        if (word[i].length + word[i + 1].length > 128) continue;
        const pair = `${word[i]} ${word[i + 1]}`;
        counts.set(pair, (counts.get(pair) ?? 0) + 1);
      }
    }
    const ids = (pair: string) => pair.split(' ').map((token) => vocabulary.indexOf(token));
    const [best] = [...counts]
      .filter(([, count]) => count > 1)
      .sort(([a, m], [b, n]) => n - m || ids(a)[0] - ids(b)[0] || ids(a)[1] - ids(b)[1]);
    if (!best) break;
    const [left, right] = best[0].split(' ');
    merges.push([left, right]);
    if (!vocabulary.includes(left + right)) vocabulary.push(left + right);
    words = words.map((word) => {
      const merged: string[] = [];
      for (let i = 0; i < word.length; i++) {
        if (word[i] === left && word[i + 1] === right) {
          merged.push(left + right);
          i++;
        } else merged.push(word[i]);
      }
      return merged;
    });
  }
  return merges;
}

const idOf = (byte: number) => byteOrder.indexOf(byte);
const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

describe('learned merges', () => {
  test('are those of counting every pair anew after each merge', () => {
    fc.assert(
      fc.property(smallText, fc.integer({ min: 256, max: 300 }), (text, size) => {
        const { tokens, merges } = trainBytePairs(text, size);
        expect(merges.map(({ left, right }) => [hex(tokens[left]), hex(tokens[right])])).toEqual(
          learnSlowly(text, size),
        );
        for (const { left, right, into } of merges)
          expect(hex(tokens[into])).toBe(hex(tokens[left]) + hex(tokens[right]));
        expect(new Set(tokens.map(hex)).size).toBe(tokens.length);
      }),
    );
  });

  test('are the first of those for a larger vocabulary', () => {
    const text = 'she sells sea shells by the sea shore, the shells she sells are sea shells for sure';
    const { merges } = trainBytePairs(text, 268);
    expect(merges).toHaveLength(12);
    expect(trainBytePairs(text, 263).merges).toEqual(merges.slice(0, 7));
    expect(trainBytePairs(text, 4096).merges.slice(0, 12)).toEqual(merges);
  });

  test('of one long word do not take quadratic time, and no token grows without end', () => {
    const start = performance.now();
    const { tokens } = trainBytePairs('a'.repeat(1_000_000), 4096);
    // Pairs of pairs until 64 bytes.
    expect(Math.max(...tokens.map(({ length }) => length))).toBe(64);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('words', () => {
  test('are the whole text, and take the space before them along', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(wordsOf(text).join('')).toBe(text);
      }),
    );
    expect(wordsOf("Call me  Ishmael,\n\nit's 1851.")).toEqual([
      ...['Call', ' me', ' ', ' Ishmael', ',', '\n', '\n', 'it', "'s", ' 1851', '.'],
    ]);
  });
});

test('the heap gives numbers in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.nat(), (numbers, taken) => {
      const heap = createNumberHeap();
      const sorted = (list: number[]) => [...list].sort((a, b) => a - b);
      for (const number of numbers) heap.push(number);
      const first = Array.from({ length: Math.min(taken, numbers.length) }, () => heap.pop()!);
      expect(first).toEqual(sorted(numbers).slice(0, first.length));
      for (const number of first) heap.push(number);
      expect(numbers.map(() => heap.pop())).toEqual(sorted(numbers));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
