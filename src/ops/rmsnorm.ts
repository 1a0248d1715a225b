/**
 * Root-mean-square normalisation of each row, with a learned weight per channel.
 * Source: Zhang and Sennrich 2019 (arXiv 1910.07467), equation 4; epsilon inside the root.
 */
import wgsl from '../../shaders/rmsnorm.wgsl?raw';
import backwardWgsl from '../../shaders/rmsnorm_backward.wgsl?raw';
import partialWgsl from '../../shaders/rmsnorm_weight_partial.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { columnSumInto, rowsPerChunk } from './columnSum.ts';

export const rmsnormEpsilon = 1e-6;

const forwardKernel = kernel({
  name: 'rmsnorm',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    { x, weight, y, inverse }: { x: Floats; weight: Floats; y: Floats; inverse: Floats },
    { rows, C, epsilon }: { rows: number; C: number; epsilon: number },
  ) => {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let i = row * C; i < (row + 1) * C; i++) sum += x[i] * x[i];
      const scale = 1 / Math.sqrt(sum / C + epsilon);
      inverse[row] = scale;
      for (let c = 0; c < C; c++) y[row * C + c] = x[row * C + c] * scale * weight[c];
    }
  },
});

const backwardKernel = kernel({
  name: 'rmsnorm_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { x: Floats; weight: Floats; inverse: Floats; dy: Floats; previous: Floats; dx: Floats },
    { rows, C, ADD }: { rows: number; C: number; ADD: number },
  ) => {
    for (let row = 0; row < rows; row++) {
      const base = row * C;
      const scale = b.inverse[row];
      let sum = 0;
      for (let c = 0; c < C; c++) sum += b.x[base + c] * b.dy[base + c] * b.weight[c];
      const along = (sum * scale * scale) / C;
      for (let c = 0; c < C; c++) {
        const value = scale * (b.dy[base + c] * b.weight[c] - b.x[base + c] * along);
        b.dx[base + c] = ADD ? b.previous[base + c] + value : value;
      }
    }
  },
});

const weightPartialKernel = kernel({
  name: 'rmsnorm_weight_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    { x, inverse, dy, partial }: { x: Floats; inverse: Floats; dy: Floats; partial: Floats },
    { rows, C, chunk }: { rows: number; C: number; chunk: number },
  ) => {
    partial.fill(0);
    for (let row = 0; row < rows; row++) {
      const out = Math.floor(row / chunk) * C;
      for (let c = 0; c < C; c++) partial[out + c] += x[row * C + c] * inverse[row] * dy[row * C + c];
    }
  },
});

/**
 * `y = x / sqrt(mean(x^2) + 1e-6) * weight` along the last axis: x (rows, C), weight (C), result (rows, C).
 * Throws `ShapeError` for other shapes.
 *
 * Gradients, with r the inverse root and g = dy * weight: dx = r g - x r^3 mean(x g); dweight = sum over rows of x r dy.
 */
export function rmsnorm(x: Tensor, weight: Tensor): Tensor {
  const { rows, C } = expectShape('rmsnorm', 'x', x, ['rows', 'C']);
  expectShape('rmsnorm', 'weight', weight, [C]);
  const { graph } = x;
  const y = transientTensor(graph, 'normalised', [rows, C]);
  const inverse = transientTensor(graph, 'inverse rms', [rows]);
  launch(graph, {
    label: `rmsnorm ${rows} x ${C}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(rows) }],
    bindings: { x, weight, y, inverse },
    parameters: { rows, C, epsilon: rmsnormEpsilon },
    flops: 5 * rows * C,
  });
  return differentiable(y, [x, weight], (dy) => [
    {
      input: x,
      writeSum: (dx: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `rmsnorm backward ${rows} x ${C}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(rows) }],
          bindings: { x, weight, inverse, dy, previous: previous ?? x, dx },
          parameters: { rows, C, ADD: Number(previous !== null) },
          flops: 9 * rows * C,
        }),
    },
    {
      input: weight,
      write: (dweight: Tensor) => {
        const chunks = Math.ceil(rows / rowsPerChunk);
        const partial = transientTensor(graph, 'partial sums', [chunks, C]);
        launch(graph, {
          label: `rmsnorm weight gradient ${rows} x ${C}`,
          variants: [{ kernel: weightPartialKernel, workgroups: linearWorkgroups(chunks * C) }],
          bindings: { x, inverse, dy, partial },
          parameters: { rows, C, chunk: rowsPerChunk },
          flops: 3 * rows * C,
        });
        columnSumInto(dweight, partial);
      },
    },
  ]);
}
