/**
 * Jitter: each element times a factor of its own, uniform between 1 - eps and 1 + eps, drawn anew in every step. On
 * the input of a router it keeps the routes of a young model from freezing (Fedus et al. 2021, arXiv 2101.03961,
 * appendix C). Drawn by counter and drawn again in the reverse pass: nothing is stored.
 */
import wgsl from '../../shaders/jitter.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import rngWgsl from '../../shaders/shared/rng.wgsl?raw';
import { streams, uniformAt } from '../base/random.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

const jitterKernel = kernel({
  name: 'jitter',
  wgsl,
  helpers: [indexWgsl, rngWgsl],
  twin: (
    b: { x: Floats; draw: Words; previous: Floats; out: Floats },
    p: { length: number; first: number; stream: number; eps: number; ADD: number },
  ) => {
    const { x, draw, previous, out } = b;
    for (let i = 0; i < p.length; i++) {
      const u = uniformAt(draw[0], p.stream, draw[1], p.first + i);
      const value = x[i] * (1 + p.eps * (2 * u - 1));
      out[i] = p.ADD ? previous[i] + value : value;
    }
  },
});

export interface JitterOptions {
  /** (2) u32: seed and step. */
  readonly draw: Tensor;
  readonly eps: number;
  /** Tells places that jitter in one step apart: each `place` has random numbers of its own. */
  readonly place: number;
}

/**
 * x (rows, C) with every element times U(1 - eps, 1 + eps). Throws `ShapeError` for other shapes.
 * Gradient: dx = dout times the same factors.
 */
export function jitter(x: Tensor, { draw, eps, place }: JitterOptions): Tensor {
  expectShape('jitter', 'x', x, ['rows', 'C']);
  expectShape('jitter', 'draw', draw, [2], 'u32');
  const { graph, length, shape } = x;
  const scaleInto = (to: Tensor, from: Tensor, previous: Tensor | null) =>
    launch(graph, {
      label: `jitter ${shape.join(' x ')}`,
      variants: [{ kernel: jitterKernel, workgroups: linearWorkgroups(length) }],
      bindings: { x: from, draw, previous: previous ?? from, out: to },
      parameters: { length, first: place * length, stream: streams.jitter, eps, ADD: Number(previous !== null) },
      flops: 5 * length,
    });
  const out = transientTensor(graph, 'jittered', shape);
  scaleInto(out, x, null);
  return differentiable(out, [x], (dout) => [
    { input: x, writeSum: (dx: Tensor, previous: Tensor | null) => scaleInto(dx, dout, previous) },
  ]);
}
