/**
 * Matrix products on rows grouped by expert, with the groups' sizes known on the device only: dropless token choice
 * (MegaBlocks, arXiv 2211.15841), and the language-model head on the masked rows alone (one group).
 * The grid is the largest that any division of the rows can need; a tile finds its expert by the offsets.
 */
import registersWgsl from '../../shaders/grouped_matmul_registers.wgsl?raw';
import scalarWgsl from '../../shaders/grouped_matmul_scalar.wgsl?raw';
import weightRegistersWgsl from '../../shaders/grouped_matmul_weight_registers.wgsl?raw';
import weightScalarWgsl from '../../shaders/grouped_matmul_weight_scalar.wgsl?raw';
import tileWgsl from '../../shaders/shared/grouped_tile.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import outerProductWgsl from '../../shaders/shared/outer_product.wgsl?raw';
import storeEightWgsl from '../../shaders/shared/store_eight.wgsl?raw';
import storeFourWgsl from '../../shaders/shared/store_four.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { multiply } from './matmulTwin.ts';

function rowsTwin(
  { a, b, offsets, residual, out }: { a: Floats; b: Floats; offsets: Words; residual: Floats; out: Floats },
  { S, N, K, E, TRANS_B, ADD }: { S: number; N: number; K: number; E: number; TRANS_B: number; ADD: number },
): void {
  for (let e = 0; e < E; e++) {
    const first = offsets[e];
    const M = offsets[e + 1] - first;
    if (M === 0) continue;
    multiply(
      { M, N, K },
      { data: a, offset: first * K, rowStride: K, columnStride: 1 },
      { data: b, offset: e * N * K, rowStride: TRANS_B ? 1 : N, columnStride: TRANS_B ? K : 1 },
      ADD ? { data: residual, offset: first * N } : null,
      { data: out, offset: first * N },
    );
  }
  for (let i = offsets[E] * N; i < S * N; i++) out[i] = ADD ? residual[i] : 0;
}

function weightTwin(
  b: { dy: Floats; x: Floats; offsets: Words; residual: Floats; out: Floats },
  { M, N, E, ADD }: { M: number; N: number; E: number; ADD: number },
): void {
  for (let e = 0; e < E; e++) {
    const offset = e * M * N;
    const K = b.offsets[e + 1] - b.offsets[e];
    if (K === 0) {
      for (let i = offset; i < offset + M * N; i++) b.out[i] = ADD ? b.residual[i] : 0;
      continue;
    }
    multiply(
      { M, N, K },
      { data: b.dy, offset: b.offsets[e] * M, rowStride: 1, columnStride: M },
      { data: b.x, offset: b.offsets[e] * N, rowStride: N, columnStride: 1 },
      ADD ? { data: b.residual, offset } : null,
      { data: b.out, offset },
    );
  }
}

const registers = kernel({
  name: 'grouped_matmul_registers',
  wgsl: registersWgsl,
  helpers: [indexWgsl, tileWgsl, outerProductWgsl, storeEightWgsl],
  twin: rowsTwin,
});
const scalar = kernel({
  name: 'grouped_matmul_scalar',
  wgsl: scalarWgsl,
  helpers: [indexWgsl, tileWgsl, storeFourWgsl],
  twin: rowsTwin,
});
const weightRegisters = kernel({
  name: 'grouped_matmul_weight_registers',
  wgsl: weightRegistersWgsl,
  helpers: [storeEightWgsl],
  twin: weightTwin,
});
const weightScalar = kernel({
  name: 'grouped_matmul_weight_scalar',
  wgsl: weightScalarWgsl,
  helpers: [storeFourWgsl],
  twin: weightTwin,
});

/**
 * Row s of expert e, offsets[e] <= s < offsets[e + 1], times weight[e]^T: x (S, K), weight (E, N, K) stored (out, in),
 * offsets (E + 1) u32 ascending from 0; result (S, N), with zeros in rows past the last expert's. Such rows of x and
 * of the upstream gradient are never read. Throws `ShapeError` for other shapes.
 *
 * Gradients: dx_s = dy_s weight[e], 0 in rows of no expert; dweight[e] = dy_e^T x_e over the expert's rows.
 */
export function groupedMatmul(x: Tensor, weight: Tensor, offsets: Tensor): Tensor {
  const { S, K } = expectShape('groupedMatmul', 'x', x, ['S', 'K']);
  const { E, N } = expectShape<'E' | 'N'>('groupedMatmul', 'weight', weight, ['E', 'N', K]);
  expectShape('groupedMatmul', 'offsets', offsets, [E + 1], 'u32');
  const out = transientTensor(x.graph, 'grouped product', [S, N]);
  rowsInto(out, x, weight, offsets, { transB: true, residual: null });
  return differentiable(out, [x, weight], (dy) => [
    {
      input: x,
      writeSum: (dx: Tensor, previous: Tensor | null) =>
        rowsInto(dx, dy, weight, offsets, { transB: false, residual: previous }),
    },
    {
      input: weight,
      writeSum: (dweight: Tensor, previous: Tensor | null) => weightInto(dweight, dy, x, offsets, previous),
    },
  ]);
}

/** Rows divided evenly: with the zeros of a fresh buffer every expert would be empty, and nothing would be timed. */
function evenOffsets(offsets: Tensor, S: number, E: number) {
  return offsets.storage.lifetime === 'transient' ? { offsets: (e: number) => Math.floor((e * S) / E) } : undefined;
}

function rowsInto(
  out: Tensor,
  x: Tensor,
  weight: Tensor,
  offsets: Tensor,
  { transB, residual }: { transB: boolean; residual: Tensor | null },
): void {
  const [S, K] = x.shape;
  const N = out.shape[1];
  const E = weight.shape[0];
  const tiles = Math.floor(S / 4) + E + 1;
  const isAligned = N % 4 === 0 && K % 4 === 0;
  launch(x.graph, {
    label: `grouped matmul ${transB ? 'NT' : 'NN'} ${E} experts, ${S} x ${N} x ${K}`,
    variants: [
      ...(isAligned ? [{ kernel: registers, workgroups: linearWorkgroups(tiles * Math.ceil(N / 8)) }] : []),
      { kernel: scalar, workgroups: linearWorkgroups(tiles * Math.ceil(N / 4)) },
    ],
    bindings: { a: x, b: weight, offsets, residual: residual ?? x, out },
    parameters: { S, N, K, E, TRANS_B: Number(transB), ADD: Number(residual !== null) },
    flops: 2 * S * N * K,
    isProduct: true,
    tuningData: evenOffsets(offsets, S, E),
  });
}

function weightInto(out: Tensor, dy: Tensor, x: Tensor, offsets: Tensor, residual: Tensor | null): void {
  const [E, M, N] = out.shape;
  const S = x.shape[0];
  const perTile = (columns: number) => Math.ceil((Math.ceil(M / 4) * Math.ceil(N / columns)) / 64);
  launch(x.graph, {
    label: `grouped matmul, weights ${E} x ${M} x ${N} over ${S}`,
    variants: [
      ...(M % 4 === 0 && N % 4 === 0 ? [{ kernel: weightRegisters, workgroups: [perTile(8), 1, E] as const }] : []),
      { kernel: weightScalar, workgroups: [perTile(4), 1, E] },
    ],
    bindings: { dy, x, offsets, residual: residual ?? x, out },
    parameters: { M, N, E, ADD: Number(residual !== null) },
    flops: 2 * S * M * N,
    isProduct: true,
    tuningData: evenOffsets(offsets, S, E),
  });
}
