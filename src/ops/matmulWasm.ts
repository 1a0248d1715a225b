/**
 * The float32 matrix product of the CPU twin on WebAssembly SIMD: blocks, copies blocks in and out, calls matmul.wat.
 * Not the specification (that is the plain loops in matmulTwin.ts) and not the micro-kernel.
 *
 * Blocks follow Goto & van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): a block of B is packed
 * once and meets every block of A. Everything fits a fixed memory of 1.4 MiB, whatever M, N and K are.
 * Sums are held in float32 over blocks of at most 256 terms, and the block sums are added in order.
 */
import { KernelError, ShapeError } from '../base/errors.ts';
import { bytes } from './matmul.wat';

/** A float32 matrix inside an array: element (i, j) at `offset + i * rowStride + j * columnStride`. */
export interface Float32Matrix {
  readonly data: Float32Array;
  readonly offset: number;
  readonly rowStride: number;
  readonly columnStride: number;
}

/** Rows without gaps from `offset` on. */
export interface Float32Rows {
  readonly data: Float32Array;
  readonly offset: number;
}

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly packAcross: (source: number, length: number, K: number, panel: number) => void;
  readonly packAlong: (source: number, lines: number, K: number, panel: number) => void;
  readonly multiply: (a: number, b: number, c: number, M: number, N: number, K: number, add: number) => void;
}

// Largest blocks, in elements: with 256 terms, 512 columns of B and 128 rows of A.
const MAX_K = 256;
const MAX_N = 2048;
const B_LENGTH = MAX_K * 512;
const A_LENGTH = MAX_K * 128;
const C_LENGTH = 2 ** 16;
// Regions of the memory, in bytes, in the order in which they are filled: packing may write 48 bytes past its panels,
// into a region that is filled later, and what it reads past its source is thrown away.
const STAGED = 0;
const B_PANELS = STAGED + 4 * B_LENGTH;
const A_PANELS = B_PANELS + 4 * B_LENGTH;
const C_BLOCK = A_PANELS + 4 * A_LENGTH;

/** Below this length a line is copied by a loop: `subarray` and `set` cost about as much as so many elements. */
const SHORT_LINE = 32;

let engine: { exports: Exports; memory: Float32Array } | null | undefined;

function load(): typeof engine {
  if (typeof WebAssembly === 'undefined' || !WebAssembly.validate(bytes)) return null;
  const exports = new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as unknown as Exports;
  return { exports, memory: new Float32Array(exports.memory.buffer) };
}

/** Whether this machine has WebAssembly SIMD, so that `multiplyWasm` can be called. Found out once. */
export function hasWasmSimd(): boolean {
  if (engine === undefined) engine = load();
  return engine !== null;
}

/** The size of blocks that divide `size` about evenly: a multiple of `unit`, at most `largest` (one too). */
function blockOf(size: number, largest: number, unit: number): number {
  const count = Math.ceil(size / largest);
  return Math.ceil(size / count / unit) * unit;
}

/** `subarray` would shorten a range that leaves its array, and old values would be multiplied: refused instead. */
function expectInside(name: string, { data, offset }: Float32Rows, last: number): void {
  if (offset + last < data.length) return;
  throw new ShapeError(`matmul: expected ${name} to hold ${offset + last + 1} elements, got ${data.length}`);
}

/** Copies lines into the memory without gaps: element (line, i) at `offset + line * stride + i * step`. */
function stage(
  memory: Float32Array,
  source: Float32Array,
  offset: number,
  lines: number,
  length: number,
  stride: number,
  step: number,
): void {
  let to = STAGED / 4;
  if (step === 1 && (stride === length || lines === 1)) {
    memory.set(source.subarray(offset, offset + lines * length), to);
    return;
  }
  for (let line = 0; line < lines; line++, to += length) {
    const from = offset + line * stride;
    if (step === 1 && length >= SHORT_LINE) memory.set(source.subarray(from, from + length), to);
    else for (let i = 0; i < length; i++) memory[to + i] = source[from + i * step];
  }
}

/** Packs `count` rows of A (or columns of B), `across` apart, of `K` terms, `along` apart, into panels of four. */
function pack(
  { exports, memory }: { exports: Exports; memory: Float32Array },
  source: Float32Array,
  offset: number,
  count: number,
  across: number,
  K: number,
  along: number,
  panels: number,
): void {
  if (across === 1 && along !== 1) {
    stage(memory, source, offset, K, count, along, 1);
    exports.packAcross(STAGED, count, K, panels);
  } else {
    stage(memory, source, offset, count, K, across, along);
    exports.packAlong(STAGED, count, K, panels);
  }
}

/** Copies a block of C to (`isOut`) or from rows of `N` floats, of which the block has `n`. */
function copyBlock(
  memory: Float32Array,
  rows: Float32Rows,
  at: number,
  m: number,
  n: number,
  N: number,
  isOut: boolean,
) {
  const lines = n === N ? 1 : m;
  const length = n === N ? m * n : n;
  for (let line = 0; line < lines; line++) {
    const inBlock = C_BLOCK / 4 + line * length;
    const inRows = rows.offset + at + line * N;
    if (isOut) rows.data.set(memory.subarray(inBlock, inBlock + length), inRows);
    else memory.set(rows.data.subarray(inRows, inRows + length), inBlock);
  }
}

/**
 * `out (M, N) = residual (M, N) + a (M, K) b (K, N)` in float32; M, N, K > 0. Needs `hasWasmSimd()`.
 * `residual` may be `out` itself; neither `a` nor `b` may overlap `out`.
 */
export function multiplyWasm(
  { M, N, K }: { M: number; N: number; K: number },
  a: Float32Matrix,
  b: Float32Matrix,
  residual: Float32Rows | null,
  out: Float32Rows,
): void {
  if (!hasWasmSimd() || !engine) throw new KernelError('matmul: expected WebAssembly SIMD, got an engine without it');
  expectInside('a', a, (M - 1) * a.rowStride + (K - 1) * a.columnStride);
  expectInside('b', b, (K - 1) * b.rowStride + (N - 1) * b.columnStride);
  if (residual) expectInside('residual', residual, M * N - 1);
  expectInside('out', out, M * N - 1);
  const { exports, memory } = engine;
  const kBlock = blockOf(K, MAX_K, 4);
  const nBlock = blockOf(N, Math.min(MAX_N, Math.floor(B_LENGTH / kBlock / 8) * 8), 8);
  const mBlock = blockOf(M, Math.floor(Math.min(A_LENGTH / kBlock, C_LENGTH / nBlock) / 4) * 4, 4);
  for (let j = 0; j < N; j += nBlock) {
    const n = Math.min(nBlock, N - j);
    for (let k = 0; k < K; k += kBlock) {
      const terms = Math.min(kBlock, K - k);
      const bAt = b.offset + k * b.rowStride + j * b.columnStride;
      pack(engine, b.data, bAt, n, b.columnStride, terms, b.rowStride, B_PANELS);
      const previous = k === 0 ? residual : out;
      for (let i = 0; i < M; i += mBlock) {
        const m = Math.min(mBlock, M - i);
        const aAt = a.offset + i * a.rowStride + k * a.columnStride;
        pack(engine, a.data, aAt, m, a.rowStride, terms, a.columnStride, A_PANELS);
        if (previous) copyBlock(memory, previous, i * N + j, m, n, N, false);
        exports.multiply(A_PANELS, B_PANELS, C_BLOCK, m, n, terms, previous ? 1 : 0);
        copyBlock(memory, out, i * N + j, m, n, N, true);
      }
    }
  }
}
