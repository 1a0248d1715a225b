/**
 * Counter-based integer randomness: every random number of the project is a pure function of
 * (seed, stream, step, index), so a run can be resumed, replayed and reproduced on any machine, in any order.
 * This is the TypeScript side; the same bits come from `shaders/shared/rng.wgsl`. It is not a cryptographic
 * generator, and it keeps no state: there is nothing to save in a checkpoint but the step.
 *
 * Convention, on both sides: the four words of `pcg4d(seed, stream, step, index)`. `index` counts the numbers
 * drawn within one step of one stream (e.g. token position in the batch). Where one word is wanted it is the first.
 */

/** Who draws. Values are part of every run's reproducibility: append, never renumber. */
export const streams = {
  /** Initial weights; step = ordinal of the parameter tensor, index = element. */
  init: 1,
  /** Shuffling of training windows; step = epoch. */
  batch: 2,
  /** Mask level of each sequence; step = training step, index = sequence in the batch. */
  timeLevel: 3,
  /** Which positions are masked; step = training step, index = position in the batch. */
  mask: 4,
  /** Decoding: which positions to reveal and what to write there; step = network call. */
  decode: 5,
  /** Preparation of corpora, e.g. shuffling the names. */
  data: 6,
  /** Synthetic sources: their tables and their text. */
  source: 7,
  /** Masks of the evaluation; the same for every evaluation, so that curves are comparable. */
  evaluation: 8,
  /** Router input jitter and other noise inside the network. */
  jitter: 9,
} as const;

const multiplier = 1664525;
const increment = 1013904223;

/**
 * pcg4d of Jarzynski and Olano, "Hash Functions for GPU Rendering" (JCGT 9(3), 2020), listing "pcg4d", in exact
 * 32-bit arithmetic. Arguments are taken modulo 2^32. Writes four words into `out` (length >= 4), allocating nothing.
 */
export function pcg4dInto(out: Uint32Array, x: number, y: number, z: number, w: number): void {
  let a = (Math.imul(x, multiplier) + increment) | 0;
  let b = (Math.imul(y, multiplier) + increment) | 0;
  let c = (Math.imul(z, multiplier) + increment) | 0;
  let d = (Math.imul(w, multiplier) + increment) | 0;
  a = (a + Math.imul(b, d)) | 0;
  b = (b + Math.imul(c, a)) | 0;
  c = (c + Math.imul(a, b)) | 0;
  d = (d + Math.imul(b, c)) | 0;
  a ^= a >>> 16;
  b ^= b >>> 16;
  c ^= c >>> 16;
  d ^= d >>> 16;
  a = (a + Math.imul(b, d)) | 0;
  b = (b + Math.imul(c, a)) | 0;
  c = (c + Math.imul(a, b)) | 0;
  d = (d + Math.imul(b, c)) | 0;
  out[0] = a;
  out[1] = b;
  out[2] = c;
  out[3] = d;
}

/** As `pcg4dInto`, returning the four words. For cold paths and tests. */
export function pcg4d(x: number, y: number, z: number, w: number): [number, number, number, number] {
  const out = new Uint32Array(4);
  pcg4dInto(out, x, y, z, w);
  return [out[0], out[1], out[2], out[3]];
}

// Reused by the scalar functions below: each call fills it and reads it before returning.
const words = new Uint32Array(4);

/** The first word at (seed, stream, step, index), 0 to 2^32 - 1. */
export function randomWord(seed: number, stream: number, step: number, index: number): number {
  pcg4dInto(words, seed, stream, step, index);
  return words[0];
}

/** Top 24 bits of a word as a number in [0, 1): exact in float32, so both sides agree. */
export function unitFromWord(word: number): number {
  return (word >>> 8) * 2 ** -24;
}

/** Upper 32 bits of the 64-bit product of two words, exactly (WGSL has no such instruction either). */
export function multiplyHigh(a: number, b: number): number {
  const high = b >>> 16;
  const low = b & 0xffff;
  return Math.floor(((a >>> 0) * high + Math.floor(((a >>> 0) * low) / 65536)) / 65536);
}

/**
 * A whole number in [0, bound) from a word, as floor(word * bound / 2^32) (Lemire 2019, arXiv 1805.10941, without
 * the rejection, so that one index costs one word). No value's probability is off by more than 2^-32: for a
 * bound of a million, a relative bias of at most 0.03 %, and none when the bound is a power of two.
 */
export function belowFromWord(word: number, bound: number): number {
  return multiplyHigh(word, bound);
}

/** Numbers of one (seed, stream, step), by index. Holds no state: the same index always gives the same number. */
export interface RandomStream {
  /** 0 to 2^32 - 1. */
  word(index: number): number;
  /** [0, 1) with 24 bits. */
  unit(index: number): number;
  /** Whole number in [0, bound); see `belowFromWord` for its bias. */
  below(index: number, bound: number): number;
  /** Standard normal, by Box-Muller from the first two words at the index; within +-5.8. */
  normal(index: number): number;
}

/** The random numbers of one stream, optionally of one step within it. */
export function randomStream(seed: number, stream: number, step = 0): RandomStream {
  const word = (index: number) => randomWord(seed, stream, step, index);
  return {
    word,
    unit: (index) => unitFromWord(word(index)),
    below: (index, bound) => belowFromWord(word(index), bound),
    normal: (index) => {
      pcg4dInto(words, seed, stream, step, index);
      // (0, 1] rather than [0, 1), so that the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log(unitFromWord(words[0]) + 2 ** -24));
      return radius * Math.cos(2 * Math.PI * unitFromWord(words[1]));
    },
  };
}

/** Shuffles in place (Fisher-Yates, from the end; swap i draws index i) and returns the array. */
export function shuffle<A extends Uint32Array | unknown[]>(items: A, random: RandomStream): A {
  for (let i = items.length - 1; i > 0; i--) {
    const j = random.below(i, i + 1);
    const kept = items[i];
    items[i] = items[j];
    items[j] = kept;
  }
  return items;
}

/** A permutation of 0..length-1. */
export function permutation(length: number, random: RandomStream): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 0; i < length; i++) order[i] = i;
  return shuffle(order, random);
}
