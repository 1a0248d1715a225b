/**
 * Dropout of a residual branch (Srivastava et al. 2014; inverted, so that nothing changes outside training). Which
 * elements fall is drawn from counters, so that the reverse pass draws them again instead of storing them.
 */
import wgsl from '../../shaders/dropout.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import rngWgsl from '../../shaders/shared/rng.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { pcg4d, streams } from '../base/random.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

const dropoutKernel = kernel({
  name: 'dropout',
  wgsl,
  helpers: [indexWgsl, rngWgsl],
  twin: (
    { x, draw, residual, out }: { x: Floats; draw: Words; residual: Floats; out: Floats },
    p: { length: number; stream: number; threshold: number; scale: number; ADD: number },
  ) => {
    for (let i = 0; i < p.length; i++) {
      const isKept = pcg4d(draw[0], p.stream, draw[1], i)[0] >>> 8 >= p.threshold;
      out[i] = (isKept ? p.scale * x[i] : 0) + (p.ADD ? residual[i] : 0);
    }
  },
});

export interface DropoutOptions {
  /** Share of elements that fall, 0 to below 1. */
  readonly rate: number;
  /** (2) u32: seed and step. */
  readonly draw: Tensor;
  /** Number of this place in the model, below 2^24: each draws its own elements. */
  readonly place: number;
}

/**
 * `residual + keep * x / (1 - rate)`, where each element of x is kept with probability 1 - rate; x and residual of
 * equal shapes. Throws `ShapeError` for others, or for a rate outside [0, 1).
 *
 * Gradients: dx = keep * dy / (1 - rate) with the same draws; dresidual = dy.
 */
export function addDropped(x: Tensor, residual: Tensor, options: DropoutOptions): Tensor {
  const { rate, draw, place } = options;
  if (!(rate >= 0 && rate < 1)) throw new ShapeError(`addDropped: expected a rate from 0 to below 1, got ${rate}`);
  expectShape('addDropped', 'residual', residual, x.shape);
  expectShape('addDropped', 'draw', draw, [2], 'u32');
  const stream = streams.dropout + 256 * place;
  const into = (out: Tensor, from: Tensor, added: Tensor | null) =>
    launch(x.graph, {
      label: `dropout ${x.length}`,
      variants: [{ kernel: dropoutKernel, workgroups: linearWorkgroups(x.length) }],
      bindings: { x: from, draw, residual: added ?? from, out },
      parameters: {
        length: x.length,
        stream,
        threshold: Math.round(rate * 2 ** 24),
        scale: 1 / (1 - rate),
        ADD: Number(added !== null),
      },
      flops: 2 * x.length,
    });
  const out = transientTensor(x.graph, 'dropped', x.shape);
  into(out, x, residual);
  return differentiable(out, [x, residual], (dy) => [
    { input: residual, alias: dy },
    { input: x, writeSum: (dx: Tensor, previous: Tensor | null) => into(dx, dy, previous) },
  ]);
}
