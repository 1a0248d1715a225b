/**
 * Counter-based random numbers: the bits depend on (seed, stream, step, index) only, never on what was drawn before,
 * so that masks, batches and initial weights are the same on every machine, and a resumed run continues exactly.
 * The WGSL twin is `shaders/shared/rng.wgsl`.
 */

/** One stream per purpose, so that no two purposes share bits. */
export const streams = {
  init: 1,
  batch: 2,
  level: 3,
  mask: 4,
  decode: 5,
  source: 6,
  evaluate: 7,
  preview: 8,
  dropout: 9,
  jitter: 10,
  decodeOrder: 11,
  decodeRemask: 12,
  decodeTime: 13,
} as const;

/** pcg4d of Jarzynski and Olano 2020 ("Hash Functions for GPU Rendering"): four words in, four words out. */
export function pcg4d(x: number, y: number, z: number, w: number): [number, number, number, number] {
  x = (Math.imul(x, 1664525) + 1013904223) | 0;
  y = (Math.imul(y, 1664525) + 1013904223) | 0;
  z = (Math.imul(z, 1664525) + 1013904223) | 0;
  w = (Math.imul(w, 1664525) + 1013904223) | 0;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  x ^= x >>> 16;
  y ^= y >>> 16;
  z ^= z >>> 16;
  w ^= w >>> 16;
  x = (x + Math.imul(y, w)) | 0;
  y = (y + Math.imul(z, x)) | 0;
  z = (z + Math.imul(x, y)) | 0;
  w = (w + Math.imul(y, z)) | 0;
  return [x >>> 0, y >>> 0, z >>> 0, w >>> 0];
}

/** A number in [0, 1) with 24 random bits: exact in float32. */
export function uniformAt(seed: number, stream: number, step: number, index: number): number {
  return (pcg4d(seed, stream, step, index)[0] >>> 8) / 2 ** 24;
}

/** A whole number in [0, bound); the bias is below bound / 2^53. */
export function integerAt(bound: number, seed: number, stream: number, step: number, index: number): number {
  const [high, low] = pcg4d(seed, stream, step, index);
  return Math.floor(((high * 2 ** 21 + (low >>> 11)) / 2 ** 53) * bound);
}

/** A draw from the standard normal distribution (Box and Muller 1958). */
export function normalAt(seed: number, stream: number, step: number, index: number): number {
  const [first, second] = pcg4d(seed, stream, step, index);
  const radius = Math.sqrt(-2 * Math.log((first + 1) / 2 ** 32));
  return radius * Math.cos((2 * Math.PI * second) / 2 ** 32);
}
