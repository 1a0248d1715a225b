/**
 * CPU twins of the attention kernels, as the products of the definition: S = Q K^T, P = softmax(S / sqrt(D)), O = P V,
 * and their gradients. One head and at most `maxRows` rows at a time, so that no T x T matrix is kept here either.
 */
import type { Floats } from '../runtime/kernel.ts';
import { divide, dot, exponentiate, keyGradients, largestOf, scoreGradients } from './attentionLoops.ts';
import { type Matrix, multiply } from './matmulTwin.ts';
import { scratchOf } from './scratch.ts';

export interface AttentionSizes extends Record<string, number> {
  /** Rows of all sequences; each sequence has T of them. */
  N: number;
  T: number;
  C: number;
  /** Channels per head. */
  D: number;
  blockSize: number;
  /** 1 where sequences come in pairs of equal text, noisy then clean. */
  PAIRED: number;
}

/** Rows (or columns) whose scores are held at once. */
const maxRows = 128;

/** Positions lo <= j < hi of the sequence that begins at row `first`. */
interface Stretch {
  readonly first: number;
  readonly lo: number;
  readonly hi: number;
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

/** `seen_rows.wgsl`: what position i of the sequence at row `first` sees. */
function keysOf(i: number, first: number, { T, blockSize, PAIRED }: AttentionSizes): Stretch[] {
  const begin = Math.floor(i / blockSize) * blockSize;
  const end = Math.min(begin + blockSize, T);
  if (!PAIRED || isClean(first, T)) return [{ first, lo: 0, hi: end }];
  return [
    { first: first + T, lo: 0, hi: begin },
    { first, lo: begin, hi: end },
  ];
}

/** `seen_rows.wgsl`: what sees it. */
function queriesOf(i: number, first: number, { T, blockSize, PAIRED }: AttentionSizes): Stretch[] {
  const begin = Math.floor(i / blockSize) * blockSize;
  const end = Math.min(begin + blockSize, T);
  if (!PAIRED) return [{ first, lo: begin, hi: T }];
  if (!isClean(first, T)) return [{ first, lo: begin, hi: end }];
  return [
    { first, lo: begin, hi: T },
    { first: first - T, lo: end, hi: T },
  ];
}

function isClean(first: number, T: number): boolean {
  return (first / T) % 2 === 1;
}

/** What M rows from position i0 on see together: stretches never fall from one row to the next. */
function spansOf(seenBy: typeof keysOf, i0: number, M: number, first: number, sizes: AttentionSizes): Stretch[] {
  const last = seenBy(i0 + M - 1, first, sizes);
  return seenBy(i0, first, sizes).map((stretch, s) => ({ ...stretch, hi: last[s].hi }));
}

/**
 * Sum over the spans of `scale` times weights (M, count) b (count, D), written over a head's rows of `out`; `b` gives
 * the rows of a span.
 */
function mixInto(
  out: Matrix,
  M: number,
  D: number,
  spans: readonly Stretch[],
  weights: readonly Floats[],
  b: (span: Stretch) => Matrix,
  scale: number,
): void {
  let sum: Floats | null = null;
  spans.forEach((span, s) => {
    const mixed = scratchOf(`attention mixed${s}`, out.data, M * D);
    const size = { M, N: D, K: span.hi - span.lo };
    multiply(size, rowsOf(weights[s], 0, size.K), b(span), sum && { data: sum, offset: 0 }, { data: mixed, offset: 0 });
    sum = mixed;
  });
  const mixed = sum as unknown as Floats;
  for (let row = 0, from = 0, to = out.offset; row < M; row++, from += D, to += out.rowStride) {
    for (let d = 0; d < D; d++) out.data[to + d] = mixed[from + d] * scale;
  }
}

/** `attention.wgsl`. */
export function forwardTwin(
  { qkv, out, logSum }: { qkv: Floats; out: Floats; logSum: Floats },
  sizes: AttentionSizes,
): void {
  const { N, T, C, D } = sizes;
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      const rows = (part: number, row: number) => rowsOf(qkv, row * 3 * C + part * C + h * D, 3 * C);
      for (let i0 = 0; i0 < T; i0 += maxRows) {
        const M = Math.min(maxRows, T - i0);
        const spans = spansOf(keysOf, i0, M, first, sizes);
        const P = spans.map((span, s) => {
          const scores = scratchOf(`attention probabilities${s}`, qkv, Math.min(maxRows, T) * T);
          scoresInto(scores, M, span.hi - span.lo, D, rows(0, first + i0), rows(1, span.first + span.lo));
          return scores;
        });
        for (let i = 0; i < M; i++) {
          const seen = keysOf(i0 + i, first, sizes);
          let largest = Number.NEGATIVE_INFINITY;
          for (let s = 0; s < seen.length; s++) {
            const from = i * (spans[s].hi - spans[s].lo) - spans[s].lo;
            largest = largestOf(P[s], from + seen[s].lo, from + seen[s].hi, largest);
          }
          let total = 0;
          for (let s = 0; s < seen.length; s++) {
            const from = i * (spans[s].hi - spans[s].lo) - spans[s].lo;
            total = exponentiate(P[s], from + seen[s].lo, from + seen[s].hi, scale, largest, total);
          }
          for (let s = 0; s < seen.length; s++) {
            const from = i * (spans[s].hi - spans[s].lo) - spans[s].lo;
            divide(P[s], from + seen[s].lo, from + seen[s].hi, total);
            hideUnseen(P[s], from, spans[s], seen[s]);
          }
          logSum[(first + i0 + i) * heads + h] = scale * largest + Math.log(total);
        }
        const values = (span: Stretch) => rows(2, span.first + span.lo);
        mixInto(rowsOf(out, (first + i0) * C + h * D, C), M, D, spans, P, values, 1);
      }
    }
  }
}

/** Zeroes what a row of a span does not see; `from` is where position 0 would stand. */
function hideUnseen(data: Floats, from: number, span: Stretch, seen: Stretch): void {
  data.fill(0, from + span.lo, from + seen.lo);
  data.fill(0, from + seen.hi, from + span.hi);
}

/** `attention_backward_query.wgsl`. */
export function queryTwin(
  b: { qkv: Floats; out: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  sizes: AttentionSizes,
): void {
  const { N, T, C, D } = sizes;
  const { qkv, out, dout } = b;
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      const rows = (part: number, row: number) => rowsOf(qkv, row * 3 * C + part * C + h * D, 3 * C);
      for (let i0 = 0; i0 < T; i0 += maxRows) {
        const M = Math.min(maxRows, T - i0);
        const spans = spansOf(keysOf, i0, M, first, sizes);
        const upstream = rowsOf(dout, (first + i0) * C + h * D, C);
        const S = spans.map((span, s) => {
          const scores = scratchOf(`attention probabilities${s}`, qkv, Math.min(maxRows, T) * T);
          const dP = scratchOf(`attention gradients${s}`, qkv, Math.min(maxRows, T) * T);
          const count = span.hi - span.lo;
          scoresInto(scores, M, count, D, rows(0, first + i0), rows(1, span.first + span.lo));
          scoresInto(dP, M, count, D, upstream, rows(2, span.first + span.lo));
          return { scores, dP, count };
        });
        for (let i = 0; i < M; i++) {
          const row = first + i0 + i;
          const along = dot(dout, out, row * C + h * D, D);
          b.delta[row * heads + h] = along;
          const logTotal = b.logSum[row * heads + h];
          const seen = keysOf(i0 + i, first, sizes);
          for (let s = 0; s < seen.length; s++) {
            const { scores, dP, count } = S[s];
            const from = i * count - spans[s].lo;
            scoreGradients(scores, dP, from + seen[s].lo, from + seen[s].hi, scale, logTotal, along);
            hideUnseen(scores, from, spans[s], seen[s]);
          }
        }
        const weights = S.map(({ scores }) => scores);
        const to = rowsOf(b.dqkv, (first + i0) * 3 * C + h * D, 3 * C);
        mixInto(to, M, D, spans, weights, (span) => rows(1, span.first + span.lo), scale);
      }
    }
  }
}

/** `attention_backward_key_value.wgsl`: as above with rows and columns exchanged. */
export function keyValueTwin(
  b: { qkv: Floats; logSum: Floats; dout: Floats; delta: Floats; dqkv: Floats },
  sizes: AttentionSizes,
): void {
  const { N, T, C, D } = sizes;
  const { qkv, dout } = b;
  const heads = C / D;
  const scale = 1 / Math.sqrt(D);
  for (let first = 0; first < N; first += T) {
    for (let h = 0; h < heads; h++) {
      const rows = (part: number, row: number) => rowsOf(qkv, row * 3 * C + part * C + h * D, 3 * C);
      const upstream = ({ first: at, lo }: Stretch) => rowsOf(dout, (at + lo) * C + h * D, C);
      for (let j0 = 0; j0 < T; j0 += maxRows) {
        const M = Math.min(maxRows, T - j0);
        const spans = spansOf(queriesOf, j0, M, first, sizes);
        const P = spans.map((span, s) => {
          const p = scratchOf(`attention probabilities${s}`, qkv, Math.min(maxRows, T) * T);
          const ds = scratchOf(`attention gradients${s}`, qkv, Math.min(maxRows, T) * T);
          const count = span.hi - span.lo;
          scoresInto(p, M, count, D, rows(1, first + j0), rows(0, span.first + span.lo));
          scoresInto(ds, M, count, D, rows(2, first + j0), upstream(span));
          return { p, ds, count };
        });
        for (let j = 0; j < M; j++) {
          const seen = queriesOf(j0 + j, first, sizes);
          for (let s = 0; s < seen.length; s++) {
            const { p, ds, count } = P[s];
            const from = j * count - spans[s].lo;
            const saved = {
              logSum: b.logSum,
              delta: b.delta,
              at: (spans[s].first + seen[s].lo) * heads + h,
              stride: heads,
            };
            keyGradients(p, ds, from + seen[s].lo, from + seen[s].hi, scale, saved);
            hideUnseen(p, from, spans[s], seen[s]);
            hideUnseen(ds, from, spans[s], seen[s]);
          }
        }
        const queries = (span: Stretch) => rows(0, span.first + span.lo);
        const to = (part: number) => rowsOf(b.dqkv, (first + j0) * 3 * C + part * C + h * D, 3 * C);
        const all = (name: 'p' | 'ds') => P.map((part) => part[name]);
        mixInto(to(1), M, D, spans, all('ds'), queries, scale);
        mixInto(to(2), M, D, spans, all('p'), upstream, 1);
      }
    }
  }
}
