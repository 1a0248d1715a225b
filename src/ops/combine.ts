/**
 * The experts' outputs back at their tokens: each token gathers its own slots, weighs them by its gates and adds the
 * residual, all in one launch and in the order of its routes.
 */
import wgsl from '../../shaders/combine.wgsl?raw';
import gatesWgsl from '../../shaders/combine_gates_backward.wgsl?raw';
import hiddenWgsl from '../../shaders/combine_hidden_backward.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { channelsPerInvocation, expectRowMap } from './gatherRows.ts';
import { none, type RowMap } from './routing.ts';

const forwardKernel = kernel({
  name: 'combine',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    b: { hidden: Floats; gates: Floats; slotOf: Words; residual: Floats; out: Floats },
    { N, C, J, scale, ADD }: { N: number; C: number; J: number; scale: number; ADD: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const to = n * C;
      for (let c = 0; c < C; c++) b.out[to + c] = ADD ? b.residual[to + c] : 0;
      for (let pair = n * J; pair < (n + 1) * J; pair++) {
        if (b.slotOf[pair] === none) continue;
        const from = b.slotOf[pair] * C;
        const gate = scale * b.gates[pair];
        for (let c = 0; c < C; c++) b.out[to + c] += gate * b.hidden[from + c];
      }
    }
  },
});

const hiddenKernel = kernel({
  name: 'combine_hidden_backward',
  wgsl: hiddenWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { gates: Floats; pairOf: Words; dy: Floats; previous: Floats; dhidden: Floats },
    { S, C, J, scale, ADD }: { S: number; C: number; J: number; scale: number; ADD: number },
  ) => {
    for (let s = 0; s < S; s++) {
      const to = s * C;
      const pair = b.pairOf[s];
      if (pair === none) {
        for (let c = to; c < to + C; c++) b.dhidden[c] = ADD ? b.previous[c] : 0;
        continue;
      }
      const gate = scale * b.gates[pair];
      const from = Math.floor(pair / J) * C;
      for (let c = 0; c < C; c++) b.dhidden[to + c] = gate * b.dy[from + c] + (ADD ? b.previous[to + c] : 0);
    }
  },
});

const gatesKernel = kernel({
  name: 'combine_gates_backward',
  wgsl: gatesWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { hidden: Floats; slotOf: Words; dy: Floats; previous: Floats; dgates: Floats },
    { N, C, J, scale, ADD }: { N: number; C: number; J: number; scale: number; ADD: number },
  ) => {
    for (let pair = 0; pair < N * J; pair++) {
      let sum = 0;
      if (b.slotOf[pair] !== none) {
        const row = Math.floor(pair / J) * C;
        const from = b.slotOf[pair] * C;
        for (let c = 0; c < C; c++) sum += b.dy[row + c] * b.hidden[from + c];
      }
      b.dgates[pair] = scale * sum + (ADD ? b.previous[pair] : 0);
    }
  },
});

/**
 * `out[n] = residual[n] + scale * sum over routes of gates[n, j] * hidden[slotOf[n, j]]`: hidden (S, C), gates (N, J),
 * residual (N, C) or null, result (N, C). `scale` is the routed scaling factor (DeepSeek-V2, arXiv 2405.04434).
 * Throws `ShapeError` for other shapes.
 *
 * Gradients: dhidden[s] = scale times the gate of the slot's route times dout of its token, 0 in unused slots;
 * dgates[n, j] = scale <dout[n], hidden[slotOf[n, j]]>, 0 without a route; dresidual = dout.
 */
export function combine(
  hidden: Tensor,
  gates: Tensor,
  rows: RowMap,
  residual: Tensor | null,
  { scale = 1 }: { scale?: number } = {},
): Tensor {
  const { slotOf, pairOf, J, slots: S } = rows;
  const { C } = expectShape('combine', 'hidden', hidden, [S, 'C']);
  const { N } = expectShape('combine', 'gates', gates, ['N', J]);
  expectRowMap('combine', N, rows);
  if (residual) expectShape('combine', 'residual', residual, [N, C]);
  const { graph } = hidden;
  const out = transientTensor(graph, 'combined', [N, C]);
  const blocks = Math.ceil(C / channelsPerInvocation);
  launch(graph, {
    label: `combine ${N} x ${C}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(N * blocks) }],
    bindings: { hidden, gates, slotOf, residual: residual ?? hidden, out },
    parameters: { N, C, J, scale, ADD: Number(residual !== null) },
    flops: 2 * S * C,
  });
  return differentiable(out, residual ? [hidden, gates, residual] : [hidden, gates], (dy) => [
    ...(residual ? [{ input: residual, alias: dy }] : []),
    {
      input: hidden,
      writeSum: (dhidden: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `combine hidden backward ${S} x ${C}`,
          variants: [{ kernel: hiddenKernel, workgroups: linearWorkgroups(S * blocks) }],
          bindings: { gates, pairOf, dy, previous: previous ?? dy, dhidden },
          parameters: { S, C, J, scale, ADD: Number(previous !== null) },
          flops: S * C,
        }),
    },
    {
      input: gates,
      writeSum: (dgates: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `combine gates backward ${N} x ${J}`,
          variants: [{ kernel: gatesKernel, workgroups: linearWorkgroups(N * J) }],
          bindings: { hidden, slotOf, dy, previous: previous ?? dy, dgates },
          parameters: { N, C, J, scale, ADD: Number(previous !== null) },
          flops: 2 * S * C,
        }),
    },
  ]);
}
