/**
 * CPU twins of the attention kernels, as the products of the definition: S = Q K^T, P = softmax(S / sqrt(D)), O = P V,
 * and their gradients. One head and at most `maxRows` rows at a time, so that no T x T matrix is kept here either.
 */
import type { Floats } from '../gpu/kernel.ts';
import { type Matrix, multiply } from './matmulTwin.ts';

export interface AttentionSizes extends Record<string, number> {
  /** Rows of all sequences; each sequence has T of them. */
  N: number;
  T: number;
  C: number;
  /** Channels per head. */
  D: number;
  blockSize: number;
}

/** Rows (or columns) whose scores are held at once. */
const maxRows = 128;

const kept = new Map<string, Floats>();

/** Memory that is kept between calls, so that a step allocates nothing. */
function scratch(name: string, like: Floats, length: number): Floats {
  const key = `${name}${like.BYTES_PER_ELEMENT}`;
  let array = kept.get(key);
  if (!array || array.length < length) {
    array = like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
    kept.set(key, array);
  }
  return array;
}

/** One head's rows from an offset on, `stride` elements apart. */
const rowsOf = (data: Floats, offset: number, stride: number): Matrix => {
  return { data, offset, rowStride: stride, columnStride: 1 };
};

const transposed = (matrix: Matrix): Matrix => {
  return { ...matrix, rowStride: matrix.columnStride, columnStride: matrix.rowStride };
};

/** out (M, count) = a (M, D) b (count, D)^T: the scores of M rows against `count` others. */
function scoresInto(data: Floats, M: number, count: number, D: number, a: Matrix, b: Matrix): void {
  multiply({ M, N: count, K: D }, a, transposed(b), null, { data, offset: 0 });
}

/** `scale` times weights (M, count) b (count, D), written over a head's rows of `out`. */
function mixInto(out: Matrix, M: number, count: number, D: number, weights: Floats, b: Matrix, scale: number): void {
  const mixed = scratch('mixed', weights, M * D);
  multiply({ M, N: D, K: count }, rowsOf(weights, 0, count), b, null, { data: mixed, offset: 0 });
  for (let row = 0, from = 0, to = out.offset; row < M; row++, from += D, to += out.rowStride) {
    for (let d = 0; d < D; d++) out.data[to + d] = mixed[from + d] * scale;
  }
}

/** How many rows of its sequence row i sees: the first ones. */
function visible(i: number, T: number, blockSize: number): number {
  return Math.min(T, (Math.floor(i / blockSize) + 1) * blockSize);
}

/** `attention.wgsl`. */
export function forwardTwin(
  { qkv, out, logSum }: { qkv: Floats; out: Floats; logSum: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  const P = scratch('probabilities', qkv, Math.min(maxRows, T) * T);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      const keys = rowsOf(qkv, first * 3 * C + C + h * D, 3 * C);
      const values = rowsOf(qkv, keys.offset + C, 3 * C);
      for (let i0 = 0; i0 < T; i0 += maxRows) {
        const M = Math.min(maxRows, T - i0);
        const count = visible(i0 + M - 1, T, blockSize);
        scoresInto(P, M, count, D, rowsOf(qkv, (first + i0) * 3 * C + h * D, 3 * C), keys);
        for (let i = 0; i < M; i++) {
          const start = i * count;
          const end = start + visible(i0 + i, T, blockSize);
          let largest = Number.NEGATIVE_INFINITY;
          for (let at = start; at < end; at++) if (P[at] > largest) largest = P[at];
          let total = 0;
          for (let at = start; at < end; at++) {
            P[at] = Math.exp(scale * (P[at] - largest));
            total += P[at];
          }
          for (let at = start; at < end; at++) P[at] /= total;
          P.fill(0, end, start + count);
          logSum[(first + i0 + i) * heads + h] = scale * largest + Math.log(total);
        }
        mixInto(rowsOf(out, (first + i0) * C + h * D, C), M, count, D, P, values, 1);
      }
    }
  }
}

/** `attention_backward_query.wgsl`. */
export function queryTwin(
  b: { qkv: Floats; out: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  const { qkv, out, dout } = b;
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  const S = scratch('probabilities', qkv, Math.min(maxRows, T) * T);
  const dP = scratch('gradients', qkv, Math.min(maxRows, T) * T);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      const keys = rowsOf(qkv, first * 3 * C + C + h * D, 3 * C);
      const values = rowsOf(qkv, keys.offset + C, 3 * C);
      for (let i0 = 0; i0 < T; i0 += maxRows) {
        const M = Math.min(maxRows, T - i0);
        const count = visible(i0 + M - 1, T, blockSize);
        const query = (first + i0) * 3 * C + h * D;
        scoresInto(S, M, count, D, rowsOf(qkv, query, 3 * C), keys);
        scoresInto(dP, M, count, D, rowsOf(dout, (first + i0) * C + h * D, C), values);
        for (let i = 0; i < M; i++) {
          const row = first + i0 + i;
          let along = 0;
          for (let at = row * C + h * D; at < row * C + h * D + D; at++) along += dout[at] * out[at];
          b.delta[row * heads + h] = along;
          const logTotal = b.logSum[row * heads + h];
          const start = i * count;
          const end = start + visible(i0 + i, T, blockSize);
          for (let at = start; at < end; at++) S[at] = Math.exp(scale * S[at] - logTotal) * (dP[at] - along);
          S.fill(0, end, start + count);
        }
        mixInto(rowsOf(b.dqkv, query, 3 * C), M, count, D, S, keys, scale);
      }
    }
  }
}

/** `attention_backward_key_value.wgsl`: as above with rows and columns exchanged. */
export function keyValueTwin(
  b: { qkv: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  { N, T, C, D, blockSize }: AttentionSizes,
): void {
  const { qkv, dout } = b;
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  const P = scratch('probabilities', qkv, Math.min(maxRows, T) * T);
  const dP = scratch('gradients', qkv, Math.min(maxRows, T) * T);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      for (let j0 = 0; j0 < T; j0 += maxRows) {
        const M = Math.min(maxRows, T - j0);
        // The rows that see row j of a sequence begin with j's own block.
        const begin = Math.floor(j0 / blockSize) * blockSize;
        const count = T - begin;
        const key = (first + j0) * 3 * C + C + h * D;
        const queries = rowsOf(qkv, (first + begin) * 3 * C + h * D, 3 * C);
        const upstream = rowsOf(dout, (first + begin) * C + h * D, C);
        scoresInto(P, M, count, D, rowsOf(qkv, key, 3 * C), queries);
        scoresInto(dP, M, count, D, rowsOf(qkv, key + C, 3 * C), upstream);
        for (let j = 0; j < M; j++) {
          const start = j * count;
          const hidden = Math.floor((j0 + j) / blockSize) * blockSize - begin;
          P.fill(0, start, start + hidden);
          dP.fill(0, start, start + hidden);
          for (let i = hidden; i < count; i++) {
            const saved = (first + begin + i) * heads + h;
            const p = Math.exp(scale * P[start + i] - b.logSum[saved]);
            P[start + i] = p;
            dP[start + i] = p * (dP[start + i] - b.delta[saved]);
          }
        }
        mixInto(rowsOf(b.dqkv, key, 3 * C), M, count, D, dP, queries, scale);
        mixInto(rowsOf(b.dqkv, key + C, 3 * C), M, count, D, P, upstream, 1);
      }
    }
  }
}
