/**
 * What an autoregressive model reads: each token one position later, behind the mask token as the beginning, so that
 * the logits of position i are those of token i. Input masking (arXiv 2510.04071) hides some of them while training.
 */
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import rngWgsl from '../../shaders/shared/rng.wgsl?raw';
import wgsl from '../../shaders/shift_right.wgsl?raw';
import { pcg4d, streams } from '../base/random.ts';
import { kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

const shiftKernel = kernel({
  name: 'shift_right',
  wgsl,
  helpers: [indexWgsl, rngWgsl],
  twin: (
    { x0, draw, xt }: { x0: Words; draw: Words; xt: Words },
    { N, T, maskId, stream, level }: { N: number; T: number; maskId: number; stream: number; level: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const isHidden = level > 0 && pcg4d(draw[0], stream, draw[1], n)[0] >>> 8 < level;
      xt[n] = n % T === 0 || isHidden ? maskId : x0[n - 1];
    }
  },
});

/** Which inputs are hidden while training: a share of them, drawn from `draw` (2), the seed and the step. */
export interface InputMasking {
  readonly draw: Tensor;
  readonly share: number;
}

/**
 * (B * T) inputs of x0 (B, T): the mask, then the tokens but the last; under `masking`, each beyond the first is the mask
 * with probability `share`. Throws `ShapeError` for other shapes.
 */
export function shiftRight(x0: Tensor, maskId: number, masking: InputMasking | null): Tensor {
  const { B, T } = expectShape('shiftRight', 'x0', x0, ['B', 'T'], 'u32');
  if (masking) expectShape('shiftRight', 'draw', masking.draw, [2], 'u32');
  const N = B * T;
  const xt = transientTensor(x0.graph, 'shifted', [N], 'u32');
  launch(x0.graph, {
    label: `shift right ${B} x ${T}`,
    variants: [{ kernel: shiftKernel, workgroups: linearWorkgroups(N) }],
    // At level 0 no draw has an effect: any words will do.
    bindings: { x0, draw: masking?.draw ?? x0, xt },
    parameters: { N, T, maskId, stream: streams.mask, level: Math.round((masking?.share ?? 0) * 2 ** 24) },
  });
  return xt;
}
