/**
 * CPU twins of the attention kernels. Four keys (or queries) are met at a time, so that a value that was loaded serves
 * four products; the order of the sums over j is that of the definition.
 */
import type { Floats } from '../gpu/kernel.ts';

export interface AttentionSizes extends Record<string, number> {
  N: number;
  T: number;
  C: number;
  D: number;
  blockSize: number;
}

let scores = new Float64Array(0);
let products = new Float64Array(0);

function scratch(T: number): void {
  if (scores.length >= T + 4) return;
  scores = new Float64Array(T + 4);
  products = new Float64Array(T + 4);
}

/** out[j] = scale * x[at .. at + D] . y[start + j * stride .. + D] for j in 0 .. count - 1. */
function dots(
  out: Float64Array,
  x: Floats,
  at: number,
  y: Floats,
  start: number,
  stride: number,
  count: number,
  D: number,
  scale: number,
): void {
  for (let j = 0; j < count; j += 4) {
    const y0 = start + j * stride;
    const y1 = j + 1 < count ? y0 + stride : y0;
    const y2 = j + 2 < count ? y0 + 2 * stride : y0;
    const y3 = j + 3 < count ? y0 + 3 * stride : y0;
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    for (let d = 0; d < D; d++) {
      const value = x[at + d];
      s0 += value * y[y0 + d];
      s1 += value * y[y1 + d];
      s2 += value * y[y2 + d];
      s3 += value * y[y3 + d];
    }
    out[j] = s0 * scale;
    out[j + 1] = s1 * scale;
    out[j + 2] = s2 * scale;
    out[j + 3] = s3 * scale;
  }
}

/** out[to + d] = scale * sum over j of weights[j] * y[start + j * stride + d]. */
function mix(
  out: Floats,
  to: number,
  weights: Float64Array,
  y: Floats,
  start: number,
  stride: number,
  count: number,
  D: number,
  scale: number,
): void {
  for (let d = 0; d < D; d += 4) {
    const width = Math.min(4, D - d);
    let s0 = 0;
    let s1 = 0;
    let s2 = 0;
    let s3 = 0;
    const d1 = width > 1 ? 1 : 0;
    const d2 = width > 2 ? 2 : 0;
    const d3 = width > 3 ? 3 : 0;
    for (let j = 0, at = start + d; j < count; j++, at += stride) {
      const weight = weights[j];
      s0 += weight * y[at];
      s1 += weight * y[at + d1];
      s2 += weight * y[at + d2];
      s3 += weight * y[at + d3];
    }
    out[to + d] = s0 * scale;
    if (width > 1) out[to + d + 1] = s1 * scale;
    if (width > 2) out[to + d + 2] = s2 * scale;
    if (width > 3) out[to + d + 3] = s3 * scale;
  }
}

/** Rows of its sequence that row i sees: the first `visible` ones. */
function visible(i: number, T: number, blockSize: number): number {
  return Math.min(T, (Math.floor(i / blockSize) + 1) * blockSize);
}

export function forwardTwin(
  { qkv, out, logSum }: { qkv: Floats; out: Floats; logSum: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  scratch(T);
  const heads = C / D;
  for (let row = 0; row < N; row++) {
    const first = row - (row % T);
    const count = visible(row - first, T, blockSize);
    for (let h = 0; h < heads; h++) {
      const keys = first * 3 * C + C + h * D;
      dots(scores, qkv, row * 3 * C + h * D, qkv, keys, 3 * C, count, D, 1 / Math.sqrt(D));
      let largest = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < count; j++) largest = Math.max(largest, scores[j]);
      let total = 0;
      for (let j = 0; j < count; j++) {
        scores[j] = Math.exp(scores[j] - largest);
        total += scores[j];
      }
      mix(out, row * C + h * D, scores, qkv, keys + C, 3 * C, count, D, 1 / total);
      logSum[row * heads + h] = largest + Math.log(total);
    }
  }
}

export function queryTwin(
  b: { qkv: Floats; out: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  scratch(T);
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  for (let row = 0; row < N; row++) {
    const first = row - (row % T);
    const count = visible(row - first, T, blockSize);
    for (let h = 0; h < heads; h++) {
      const at = row * C + h * D;
      let along = 0;
      for (let d = 0; d < D; d++) along += b.dout[at + d] * b.out[at + d];
      b.delta[row * heads + h] = along;
      const query = row * 3 * C + h * D;
      const keys = first * 3 * C + C + h * D;
      const normaliser = b.logSum[row * heads + h];
      dots(scores, b.qkv, query, b.qkv, keys, 3 * C, count, D, scale);
      dots(products, b.dout, at, b.qkv, keys + C, 3 * C, count, D, 1);
      for (let j = 0; j < count; j++) scores[j] = Math.exp(scores[j] - normaliser) * (products[j] - along);
      mix(b.dqkv, query, scores, b.qkv, keys, 3 * C, count, D, scale);
    }
  }
}

export function keyValueTwin(
  b: { qkv: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  scratch(T);
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  for (let row = 0; row < N; row++) {
    const first = row - (row % T);
    const begin = first + Math.floor((row - first) / blockSize) * blockSize;
    const count = first + T - begin;
    for (let h = 0; h < heads; h++) {
      const key = row * 3 * C + C + h * D;
      const queries = begin * 3 * C + h * D;
      const upstream = begin * C + h * D;
      dots(scores, b.qkv, key, b.qkv, queries, 3 * C, count, D, scale);
      dots(products, b.qkv, key + C, b.dout, upstream, C, count, D, 1);
      for (let j = 0; j < count; j++) {
        const at = (begin + j) * heads + h;
        scores[j] = Math.exp(scores[j] - b.logSum[at]);
        products[j] = scores[j] * (products[j] - b.delta[at]);
      }
      mix(b.dqkv, key, products, b.qkv, queries, 3 * C, count, D, scale);
      mix(b.dqkv, key + C, scores, b.dout, upstream, C, count, D, 1);
    }
  }
}
