/** Sum of the rows of a matrix in a fixed order: the second half of weight gradients that are summed in chunks. */
import wgsl from '../../shaders/column_sum.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor } from '../tensor/tensor.ts';

const columnSumKernel = kernel({
  name: 'column_sum',
  wgsl,
  helpers: [indexWgsl],
  twin: ({ x, out }: { x: Floats; out: Floats }, { rows, C }: { rows: number; C: number }) => {
    for (let c = 0; c < C; c++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += x[row * C + c];
      out[c] = sum;
    }
  },
});

/** Rows that one invocation sums in the first half; short enough that many invocations share the work. */
export const rowsPerChunk = 32;

/** Records `out (C) = sum of the rows of x (rows, C)` without a gradient. */
export function columnSumInto(out: Tensor, x: Tensor): void {
  const { rows, C } = expectShape('columnSum', 'x', x, ['rows', 'C']);
  launch(x.graph, {
    label: `column sum ${rows} x ${C}`,
    variants: [{ kernel: columnSumKernel, workgroups: linearWorkgroups(C) }],
    bindings: { x, out },
    parameters: { rows, C },
    flops: rows * C,
  });
}
