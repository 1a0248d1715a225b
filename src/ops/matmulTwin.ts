/**
 * The one tuned twin: a matrix product on strided operands. Its specification, and the oracle in float64, are register-
 * blocked loops in plain JavaScript; float32 goes to WebAssembly SIMD (matmulWasm.ts) where there is some.
 * The loops walk both operands along k contiguously; one that is not is packed first: O(M K) of O(M N K).
 */
import type { Floats } from '../runtime/kernel.ts';
import { hasWasmSimd, multiplyWasm } from './matmulWasm.ts';
import { scratchOf } from './scratch.ts';

/** A matrix inside an array: element (i, j) at `offset + i * rowStride + j * columnStride`. */
export interface Matrix {
  readonly data: Floats;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

interface Rows {
  data: Floats;
  offset: number;
  stride: number;
}

function asRows(name: string, { data, offset, rowStride, columnStride }: Matrix, rows: number, columns: number): Rows {
  if (columnStride === 1) return { data, offset, stride: rowStride };
  const packed = scratchOf(name, data, rows * columns);
  for (let j = 0; j < columns; j++) {
    const from = offset + j * columnStride;
    for (let i = 0; i < rows; i++) packed[i * columns + j] = data[from + i * rowStride];
  }
  return { data: packed, offset: 0, stride: columns };
}

/** Below this many multiply-adds the way into WebAssembly and back (0.2 us) costs more than the loops do. */
const SMALL_PRODUCT = 128;

const isFloat32 = <T extends { data: Floats }>(operand: T): operand is T & { data: Float32Array } =>
  operand.data instanceof Float32Array;

/**
 * `out (M, N) = residual (M, N) + a (M, K) b (K, N)`, all row-major from their offsets except `a` and `b`, which
 * may be transposed views. `residual` null adds nothing. Sums are held in float64, or in float32 if all data is.
 */
export function multiply(
  size: { M: number; N: number; K: number },
  a: Matrix,
  b: Matrix,
  residual: { data: Floats; offset: number } | null,
  out: { data: Floats; offset: number },
): void {
  const isSmall = size.M * size.N * size.K < SMALL_PRODUCT;
  if (!isSmall && isFloat32(a) && isFloat32(b) && (!residual || isFloat32(residual)) && isFloat32(out) && hasWasmSimd())
    multiplyWasm(size, a, b, residual, out);
  else multiplyLoops(size, a, b, residual, out);
}

/** `multiply` by the plain loops, whatever the data is: its specification. Sums are held in float64. */
export function multiplyLoops(
  { M, N, K }: { M: number; N: number; K: number },
  a: Matrix,
  b: Matrix,
  residual: { data: Floats; offset: number } | null,
  out: { data: Floats; offset: number },
): void {
  const left = asRows('product a', a, M, K);
  const right = asRows('product b', { ...b, rowStride: b.columnStride, columnStride: b.rowStride }, N, K);
  const x = left.data;
  const y = right.data;
  for (let i = 0; i < M; i += 4) {
    const x0 = left.offset + i * left.stride;
    const x1 = left.offset + Math.min(i + 1, M - 1) * left.stride;
    const x2 = left.offset + Math.min(i + 2, M - 1) * left.stride;
    const x3 = left.offset + Math.min(i + 3, M - 1) * left.stride;
    for (let j = 0; j < N; j += 2) {
      const y0 = right.offset + j * right.stride;
      const y1 = right.offset + Math.min(j + 1, N - 1) * right.stride;
      let s00 = 0;
      let s01 = 0;
      let s10 = 0;
      let s11 = 0;
      let s20 = 0;
      let s21 = 0;
      let s30 = 0;
      let s31 = 0;
      for (let k = 0; k < K; k++) {
        const p = y[y0 + k];
        const q = y[y1 + k];
        const u = x[x0 + k];
        const v = x[x1 + k];
        const w = x[x2 + k];
        const z = x[x3 + k];
        s00 += u * p;
        s01 += u * q;
        s10 += v * p;
        s11 += v * q;
        s20 += w * p;
        s21 += w * q;
        s30 += z * p;
        s31 += z * q;
      }
      put(out, residual, i, j, M, N, s00, s01);
      put(out, residual, i + 1, j, M, N, s10, s11);
      put(out, residual, i + 2, j, M, N, s20, s21);
      put(out, residual, i + 3, j, M, N, s30, s31);
    }
  }
}

function put(
  out: { data: Floats; offset: number },
  residual: { data: Floats; offset: number } | null,
  i: number,
  j: number,
  M: number,
  N: number,
  first: number,
  second: number,
): void {
  if (i >= M) return;
  const at = i * N + j;
  out.data[out.offset + at] = first + (residual ? residual.data[residual.offset + at] : 0);
  if (j + 1 < N) out.data[out.offset + at + 1] = second + (residual ? residual.data[residual.offset + at + 1] : 0);
}
