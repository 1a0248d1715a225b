/**
 * Matrix products, batched, with either operand transposed and an optional residual added.
 * Three shaders do the same product; the fastest on the adapter is found by timing (`src/runtime/tuner.ts`).
 */
import registersWgsl from '../../shaders/matmul_registers.wgsl?raw';
import scalarWgsl from '../../shaders/matmul_scalar.wgsl?raw';
import tiledWgsl from '../../shaders/matmul_tiled.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import outerProductWgsl from '../../shaders/shared/outer_product.wgsl?raw';
import storeEightWgsl from '../../shaders/shared/store_eight.wgsl?raw';
import storeFourWgsl from '../../shaders/shared/store_four.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, showShape, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { multiply } from './matmulTwin.ts';

interface Bindings extends Record<string, Floats> {
  a: Floats;
  b: Floats;
  residual: Floats;
  out: Floats;
}

interface Parameters extends Record<string, number> {
  M: number;
  N: number;
  K: number;
  TRANS_A: number;
  TRANS_B: number;
  ADD: number;
}

function twin({ a, b, residual, out }: Bindings, { M, N, K, TRANS_A, TRANS_B, ADD }: Parameters): void {
  for (let offset = 0; offset < out.length; offset += M * N) {
    const group = offset / (M * N);
    multiply(
      { M, N, K },
      { data: a, offset: group * M * K, rowStride: TRANS_A ? 1 : K, columnStride: TRANS_A ? M : 1 },
      { data: b, offset: group * K * N, rowStride: TRANS_B ? 1 : N, columnStride: TRANS_B ? K : 1 },
      ADD ? { data: residual, offset } : null,
      { data: out, offset },
    );
  }
}

const registers = kernel({
  name: 'matmul_registers',
  wgsl: registersWgsl,
  helpers: [indexWgsl, outerProductWgsl, storeEightWgsl],
  twin,
});
const scalar = kernel({ name: 'matmul_scalar', wgsl: scalarWgsl, helpers: [indexWgsl, storeFourWgsl], twin });
const tiled = kernel({ name: 'matmul_tiled', wgsl: tiledWgsl, helpers: [storeFourWgsl], twin });

export interface MatmulOptions {
  readonly transA?: boolean;
  readonly transB?: boolean;
  /** Added to the product; its gradient is the upstream gradient. */
  readonly residual?: Tensor | null;
}

/**
 * `op(a) op(b) + residual`: a (G, M, K) or (G, K, M), b (G, K, N) or (G, N, K), result (G, M, N); without G for
 * plain matrices. Throws `ShapeError` when the lengths do not agree.
 *
 * Gradients, with Y = A B: dA = dY B^T, dB = A^T dY; a transposed operand receives the transpose.
 */
export function matmul(a: Tensor, b: Tensor, options: MatmulOptions = {}): Tensor {
  const { transA = false, transB = false, residual = null } = options;
  const { G, M, N } = matmulShape(a, b, transA, transB);
  const isBatched = a.shape.length === 3;
  const out = transientTensor(a.graph, 'product', isBatched ? [G, M, N] : [M, N]);
  if (residual) expectShape('matmul', 'residual', residual, out.shape);
  matmulInto(out, a, b, transA, transB, residual);
  return differentiable(out, residual ? [a, b, residual] : [a, b], (dY) => [
    ...(residual ? [{ input: residual, alias: dY }] : []),
    {
      input: a,
      writeSum: (dA: Tensor, previous: Tensor | null) =>
        transA ? matmulInto(dA, b, dY, transB, true, previous) : matmulInto(dA, dY, b, false, !transB, previous),
    },
    {
      input: b,
      writeSum: (dB: Tensor, previous: Tensor | null) =>
        transB ? matmulInto(dB, dY, a, true, transA, previous) : matmulInto(dB, a, dY, !transA, false, previous),
    },
  ]);
}

/** Records `out = op(a) op(b) + residual` without a gradient. */
export function matmulInto(
  out: Tensor,
  a: Tensor,
  b: Tensor,
  transA: boolean,
  transB: boolean,
  residual: Tensor | null,
): void {
  const { G, M, N, K } = matmulShape(a, b, transA, transB);
  const contiguous = [transA ? M : K, transB ? K : N, N];
  // The shader that walks k by fours needs K to be a multiple of 4, and both-transposed is its one missing layout.
  const isAligned = contiguous.every((length) => length % 4 === 0) && (K % 4 === 0 || transA) && !(transA && transB);
  const grid = (rows: number, columns: number) => {
    const [x, y] = linearWorkgroups(Math.ceil(M / rows) * Math.ceil(N / columns));
    return [x, y, G] as const;
  };
  launch(a.graph, {
    label: `matmul ${transA ? 'T' : 'N'}${transB ? 'T' : 'N'} ${G > 1 ? `${G} x ` : ''}${M} x ${N} x ${K}`,
    variants: [
      ...(isAligned ? [{ kernel: registers, workgroups: grid(4, 8) }] : []),
      { kernel: scalar, workgroups: grid(4, 4) },
      { kernel: tiled, workgroups: [Math.ceil(N / 64), Math.ceil(M / 64), G] },
    ],
    bindings: { a, b, residual: residual ?? a, out },
    parameters: { M, N, K, TRANS_A: Number(transA), TRANS_B: Number(transB), ADD: Number(residual !== null) },
    flops: 2 * G * M * N * K,
    isProduct: true,
  });
}

function matmulShape(a: Tensor, b: Tensor, transA: boolean, transB: boolean) {
  const isValid =
    a.shape.length === b.shape.length &&
    (a.shape.length === 2 || (a.shape.length === 3 && a.shape[0] === b.shape[0])) &&
    a.shape.at(transA ? -2 : -1) === b.shape.at(transB ? -1 : -2);
  if (!isValid) {
    const layout = `${transA ? '(K, M)' : '(M, K)'} and ${transB ? '(N, K)' : '(K, N)'}`;
    throw new ShapeError(
      `matmul: expected a, b as ${layout} with an equal batch, got ${showShape(a.shape)}, ${showShape(b.shape)}`,
    );
  }
  const G = a.shape.length === 3 ? a.shape[0] : 1;
  const [M, K] = transA ? [a.shape.at(-1)!, a.shape.at(-2)!] : [a.shape.at(-2)!, a.shape.at(-1)!];
  const N = b.shape.at(transB ? -2 : -1)!;
  return { G, M, N, K };
}
