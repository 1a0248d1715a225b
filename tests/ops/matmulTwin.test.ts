/** The float32 twin of the matrix product, on WebAssembly SIMD, against the plain loops that specify it. */
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { ShapeError } from '../../src/base/errors.ts';
import { type Matrix, multiply, multiplyLoops } from '../../src/ops/matmulTwin.ts';
import { type Float32Matrix, hasWasmSimd, multiplyWasm } from '../../src/ops/matmulWasm.ts';
import type { Floats } from '../../src/runtime/kernel.ts';
import { noise } from './case.ts';

interface Product {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly transA: boolean;
  readonly transB: boolean;
  readonly hasResidual: boolean;
  /** Elements before each operand in its array. */
  readonly offset: number;
  /** Elements between the lines of an operand that do not belong to it. */
  readonly gap: number;
  /** Distance of neighbours in a line; 1 is what the ops use. */
  readonly step: number;
}

const SENTINEL = 12345;

/** A matrix laid out as asked; every element of its array that is not the matrix's own is NaN. */
function matrix(rows: number, columns: number, isTransposed: boolean, p: Product, value: (i: number) => number) {
  const [lines, length] = isTransposed ? [columns, rows] : [rows, columns];
  const stride = length * p.step + p.gap;
  const data = new Float32Array(p.offset + lines * stride).fill(Number.NaN);
  for (let line = 0; line < lines; line++)
    for (let i = 0; i < length; i++) data[p.offset + line * stride + i * p.step] = value(line * length + i);
  const [rowStride, columnStride] = isTransposed ? [p.step, stride] : [stride, p.step];
  return { data, offset: p.offset, rowStride, columnStride } satisfies Float32Matrix;
}

function operands(p: Product, value: (i: number, salt: number) => number) {
  const at = p.offset;
  const residual = new Float32Array(at + p.M * p.N).map((_, i) => value(i, 2));
  return {
    a: matrix(p.M, p.K, p.transA, p, (i) => value(i, 0)),
    b: matrix(p.K, p.N, p.transB, p, (i) => value(i, 1)),
    residual: p.hasResidual ? { data: residual, offset: at } : null,
    out: { data: new Float32Array(at + p.M * p.N + 9).fill(SENTINEL), offset: at },
  };
}

/** Everything in float64, by the loops: the result before rounding. */
function inFloat64(p: Product, { a, b, residual }: ReturnType<typeof operands>, map = (x: number) => x) {
  const wide = <T extends { data: Floats }>(x: T) => ({ ...x, data: Float64Array.from(x.data, map) });
  const out = new Float64Array(p.M * p.N);
  multiplyLoops(p, wide<Matrix>(a), wide<Matrix>(b), residual && wide(residual), { data: out, offset: 0 });
  return out;
}

const run = (p: Product, { a, b, residual, out }: ReturnType<typeof operands>) => multiplyWasm(p, a, b, residual, out);

/** The first element that differs, as a sentence. (Comparing whole arrays takes minutes when they are long and differ.) */
function firstDifference(actual: Floats, expected: Floats): string | null {
  for (let i = 0; i < Math.max(actual.length, expected.length); i++)
    if (!Object.is(actual[i], expected[i])) return `[${i}]: expected ${expected[i]}, got ${actual[i]}`;
  return null;
}

/** Small integers: every sum is exact in float32, so that every bit has to agree. Around the result nothing changes. */
function expectExact(p: Product) {
  const given = operands(p, (i, salt) => Math.round(8 * noise(i, salt)));
  const expected = Float32Array.from(given.out.data);
  expected.set(inFloat64(p, given), p.offset);
  run(p, given);
  expect(firstDifference(given.out.data, expected)).toBeNull();
}

/** Any numbers: within the bound for sums in any order, (K + 1) u (|residual| + |a| |b|) with u = 2^-24 (Higham). */
function expectClose(p: Product) {
  const given = operands(p, noise);
  run(p, given);
  const exact = inFloat64(p, given);
  const magnitude = inFloat64(p, given, Math.abs);
  const worst = exact.reduce((most, value, i) => {
    const bound = 1.01 * (p.K + 1) * 2 ** -24 * magnitude[i];
    return Math.max(most, Math.abs(given.out.data[p.offset + i] - value) / (bound || Number.MIN_VALUE));
  }, 0);
  expect(worst).toBeLessThanOrEqual(1);
}

const product = fc.record({
  M: fc.integer({ min: 1, max: 70 }),
  N: fc.integer({ min: 1, max: 70 }),
  K: fc.integer({ min: 1, max: 70 }),
  transA: fc.boolean(),
  transB: fc.boolean(),
  hasResidual: fc.boolean(),
  offset: fc.integer({ min: 0, max: 5 }),
  gap: fc.constantFrom(0, 0, 1, 40),
  step: fc.constantFrom(1, 1, 1, 3),
});

const plain = { hasResidual: false, offset: 0, gap: 0, step: 1 };
const layouts = [false, true].flatMap((transA) => [false, true].map((transB) => ({ ...plain, transA, transB })));

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

describe('float32 on WebAssembly SIMD', () => {
  test('this engine has it', () => {
    expect(hasWasmSimd()).toBe(true);
  });

  test('agrees with the loops to the last bit where sums are exact', () => {
    // What is left in the module's memory is NaN: none of it may reach a result.
    for (const layout of layouts)
      run(
        { ...layout, M: 200, N: 600, K: 256 },
        operands({ ...layout, M: 200, N: 600, K: 256 }, () => Number.NaN),
      );
    fc.assert(fc.property(product, expectExact), { numRuns: 400 });
  });

  test('agrees with the loops to float32 rounding', () => {
    fc.assert(fc.property(product, expectClose), { numRuns: 200 });
  });

  // One past and far past the largest block of K (256), of N (2048, fewer when K is long) and of M.
  test.each(
    layouts.flatMap((layout) =>
      [
        { M: 5, N: 9, K: 257 },
        { M: 37, N: 41, K: 1030 },
        { M: 3, N: 2049, K: 5 },
        { M: 33, N: 4100, K: 2 },
        { M: 9, N: 515, K: 259 },
        { M: 517, N: 7, K: 256 },
        { M: 70_001, N: 3, K: 1 },
        { M: 131, N: 603, K: 301 },
      ].map((size) => ({ ...layout, ...size, hasResidual: size.M % 2 === 1, offset: size.N % 3 })),
    ),
  )('blocks $M x $N x $K (transposed: $transA, $transB)', (p) => {
    expectExact(p);
    expectClose(p);
  });

  test('adds to out itself', () => {
    const p = { ...layouts[0], M: 21, N: 1030, K: 600 };
    const { a, b, out } = operands(p, (i, salt) => Math.round(8 * noise(i, salt)));
    const before = Float32Array.from(out.data);
    multiplyWasm(p, a, b, out, out);
    const expected = inFloat64(p, { a, b, residual: { data: before, offset: 0 }, out });
    expect(out.data.subarray(0, p.M * p.N)).toEqual(Float32Array.from(expected));
  });

  test('refuses operands that leave their arrays', () => {
    const p = { ...layouts[0], M: 8, N: 12, K: 16, hasResidual: true };
    const given = operands(p, noise);
    const cut = <T extends { data: Float32Array }>(x: T) => ({ ...x, data: x.data.subarray(0, 90) });
    const { a, b, residual, out } = given;
    expect(() => multiplyWasm(p, cut(a), b, residual, out)).toThrow(
      new ShapeError('matmul: expected a to hold 128 elements, got 90'),
    );
    expect(() => multiplyWasm(p, a, cut(b), residual, out)).toThrow(ShapeError);
    expect(() => multiplyWasm(p, a, b, cut(residual!), out)).toThrow(ShapeError);
    expect(() => multiplyWasm(p, a, b, residual, cut(out))).toThrow(ShapeError);
  });
});

describe('which engine serves', () => {
  const p = { ...layouts[1], M: 20, N: 30, K: 100 };
  const results = (given: ReturnType<typeof operands>, multiplyBy: typeof multiply) => {
    multiplyBy(p, given.a, given.b, given.residual, given.out);
    return Array.from(given.out.data);
  };
  const given = operands(p, noise);
  const byLoops = results(given, multiplyLoops);

  test('float32 is served by WebAssembly', () => {
    const byWasm = results(given, multiplyWasm as typeof multiply);
    expect(byWasm).not.toEqual(byLoops); // sums in float32 here, in float64 there
    expect(results(given, multiply)).toEqual(byWasm);
  });

  test('float64 is served by the loops', () => {
    const wide = (x: Float32Matrix): Matrix => ({ ...x, data: Float64Array.from(x.data) });
    const out = new Float64Array(p.M * p.N);
    multiply(p, wide(given.a), wide(given.b), null, { data: out, offset: 0 });
    expect(out).toEqual(inFloat64(p, given));
  });

  test.each([
    ['no WebAssembly', undefined],
    ['no SIMD', { validate: () => false }],
  ])('with %s the loops serve float32', async (_, engine) => {
    vi.resetModules();
    vi.stubGlobal('WebAssembly', engine);
    const twin = await import('../../src/ops/matmulTwin.ts');
    const wasm = await import('../../src/ops/matmulWasm.ts');
    const errors = await import('../../src/base/errors.ts');
    expect(wasm.hasWasmSimd()).toBe(false);
    expect(results(given, twin.multiply)).toEqual(byLoops);
    expect(() => wasm.multiplyWasm(p, given.a, given.b, null, given.out)).toThrow(errors.KernelError);
  });
});
