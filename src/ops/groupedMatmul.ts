/**
 * Matrix products on rows grouped by expert, with the groups' sizes known on the device only: dropless token choice
 * (MegaBlocks, arXiv 2211.15841), and the language-model head on the masked rows alone (one group).
 * The grid is the largest that any division of the rows can need; a tile finds its expert by the offsets.
 */
import wgsl from '../../shaders/grouped_matmul.wgsl?raw';
import weightWgsl from '../../shaders/grouped_matmul_weight.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel, type Words } from '../gpu/kernel.ts';
import { linearWorkgroups } from '../gpu/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { multiply } from './matmulTwin.ts';

const rowsKernel = kernel({
  name: 'grouped_matmul',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    { x, weight, offsets, y }: { x: Floats; weight: Floats; offsets: Words; y: Floats },
    { S, N, K, E, TRANS_B }: { S: number; N: number; K: number; E: number; TRANS_B: number },
  ) => {
    y.fill(0, 0, offsets[0] * N);
    for (let e = 0; e < E; e++) {
      const first = offsets[e];
      const M = offsets[e + 1] - first;
      if (M === 0) continue;
      const operand = { data: weight, offset: e * N * K, rowStride: TRANS_B ? 1 : N, columnStride: TRANS_B ? K : 1 };
      const rows = { data: x, offset: first * K, rowStride: K, columnStride: 1 };
      multiply({ M, N, K }, rows, operand, null, { data: y, offset: first * N });
    }
    y.fill(0, offsets[E] * N, S * N);
  },
});

const weightKernel = kernel({
  name: 'grouped_matmul_weight',
  wgsl: weightWgsl,
  twin: (
    { x, dy, offsets, dweight }: { x: Floats; dy: Floats; offsets: Words; dweight: Floats },
    { M, N, E }: { M: number; N: number; E: number },
  ) => {
    for (let e = 0; e < E; e++) {
      const K = offsets[e + 1] - offsets[e];
      if (K === 0) {
        dweight.fill(0, e * M * N, (e + 1) * M * N);
        continue;
      }
      const up = { data: dy, offset: offsets[e] * M, rowStride: 1, columnStride: M };
      const rows = { data: x, offset: offsets[e] * N, rowStride: N, columnStride: 1 };
      multiply({ M, N, K }, up, rows, null, { data: dweight, offset: e * M * N });
    }
  },
});

/**
 * Row s of expert e, offsets[e] <= s < offsets[e + 1], times weight[e]^T: x (S, K), weight (E, N, K) stored (out, in),
 * offsets (E + 1) u32 ascending from 0; result (S, N), with zeros in rows past the last expert's.
 * Throws `ShapeError` for other shapes.
 *
 * Gradients: dx_s = dy_s weight[e]; dweight[e] = dy_e^T x_e over the expert's rows.
 */
export function groupedMatmul(x: Tensor, weight: Tensor, offsets: Tensor): Tensor {
  const { S, K } = expectShape('groupedMatmul', 'x', x, ['S', 'K']);
  const { E, N } = expectShape('groupedMatmul', 'weight', weight, ['E', 'N', K]) as Record<'E' | 'N', number>;
  expectShape('groupedMatmul', 'offsets', offsets, [E + 1], 'u32');
  const y = transientTensor(x.graph, 'grouped product', [S, N]);
  rowsInto(y, x, weight, offsets, true);
  return differentiable(y, [x, weight], (dy) => [
    { input: x, write: (dx: Tensor) => rowsInto(dx, dy, weight, offsets, false) },
    {
      input: weight,
      write: (dweight: Tensor) =>
        launch(x.graph, {
          label: `grouped matmul, weights ${E} x ${N} x ${K}`,
          variants: [
            { kernel: weightKernel, workgroups: [Math.ceil((Math.ceil(N / 4) * Math.ceil(K / 4)) / 64), 1, E] },
          ],
          bindings: { x, dy, offsets, dweight },
          parameters: { M: N, N: K, E },
          flops: 2 * S * N * K,
        }),
    },
  ]);
}

function rowsInto(y: Tensor, x: Tensor, weight: Tensor, offsets: Tensor, transB: boolean): void {
  const [S, K] = x.shape;
  const N = y.shape[1];
  const E = weight.shape[0];
  const tiles = Math.ceil(S / 4) + E + 1;
  launch(x.graph, {
    label: `grouped matmul ${transB ? 'NT' : 'NN'} ${E} experts, ${S} x ${N} x ${K}`,
    variants: [{ kernel: rowsKernel, workgroups: linearWorkgroups(tiles * Math.ceil(N / 4)) }],
    bindings: { x, weight, offsets, y },
    parameters: { S, N, K, E, TRANS_B: Number(transB) },
    flops: 2 * S * N * K,
  });
}
