/**
 * Rows of tokens copied into slots, and the gradient gathered back: each token sums over its own slots in the order
 * of its routes, so nothing is scattered and two runs are bit-equal.
 */
import wgsl from '../../shaders/gather_rows.wgsl?raw';
import backwardWgsl from '../../shaders/gather_rows_backward.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, showShape, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type RowMap } from './routing.ts';

/** Channels of one row that an invocation moves, so that the slot is looked up once for all of them. */
export const channelsPerInvocation = 4;

const forwardKernel = kernel({
  name: 'gather_rows',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    { x, pairOf, out }: { x: Floats; pairOf: Words; out: Floats },
    { S, C, J }: { S: number; C: number; J: number },
  ) => {
    for (let s = 0; s < S; s++) {
      const to = s * C;
      if (pairOf[s] === none) {
        out.fill(0, to, to + C);
        continue;
      }
      const from = Math.floor(pairOf[s] / J) * C;
      for (let c = 0; c < C; c++) out[to + c] = x[from + c];
    }
  },
});

const backwardKernel = kernel({
  name: 'gather_rows_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { dy: Floats; slotOf: Words; previous: Floats; dx: Floats },
    { N, C, J, ADD }: { N: number; C: number; J: number; ADD: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const to = n * C;
      for (let c = 0; c < C; c++) b.dx[to + c] = ADD ? b.previous[to + c] : 0;
      for (let j = 0; j < J; j++) {
        const slot = b.slotOf[n * J + j];
        if (slot === none) continue;
        for (let c = 0; c < C; c++) b.dx[to + c] += b.dy[slot * C + c];
      }
    }
  },
});

/** Checks that a row map serves N tokens. */
export function expectRowMap(op: string, N: number, { slotOf, pairOf, J, slots }: RowMap): void {
  if (slotOf.length !== N * J) {
    throw new ShapeError(`${op}: expected slotOf of ${N} tokens x ${J} routes, got ${showShape(slotOf.shape)}`);
  }
  expectShape(op, 'pairOf', pairOf, [slots], 'u32');
}

/**
 * `out[s] = x[floor(pairOf[s] / J)]`: x (N, C), result (S, C); unused slots are zero.
 * Throws `ShapeError` when the row map is of another number of tokens.
 *
 * Gradient: dx[n] = sum over the token's routes of dy[slotOf[n, j]].
 */
export function gatherRows(x: Tensor, rows: RowMap): Tensor {
  const { N, C } = expectShape('gatherRows', 'x', x, ['N', 'C']);
  expectRowMap('gatherRows', N, rows);
  const { slotOf, pairOf, J, slots: S } = rows;
  const { graph } = x;
  const out = transientTensor(graph, 'gathered', [S, C]);
  const blocks = Math.ceil(C / channelsPerInvocation);
  launch(graph, {
    label: `gather ${S} x ${C}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(S * blocks) }],
    bindings: { x, pairOf, out },
    parameters: { S, C, J },
  });
  return differentiable(out, [x], (dy) => [
    {
      input: x,
      writeSum: (dx: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `gather backward ${S} x ${C}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N * blocks) }],
          bindings: { dy, slotOf, previous: previous ?? dy, dx },
          parameters: { N, C, J, ADD: Number(previous !== null) },
          flops: S * C,
        }),
    },
  ]);
}
