/**
 * The forward process of masked diffusion on the device: which positions of a batch become the mask token.
 * The mask level of each sample is drawn on the host (`src/diffusion/noise.ts`); the positions are drawn here, from
 * integer counters, so that every adapter masks the same ones.
 */
import wgsl from '../../shaders/corrupt.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import rngWgsl from '../../shaders/shared/rng.wgsl?raw';
import { pcg4d, streams } from '../base/random.ts';
import { kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

const corruptKernel = kernel({
  name: 'corrupt',
  wgsl,
  helpers: [indexWgsl, rngWgsl],
  twin: (
    b: { x0: Words; level: Words; answerStart: Words; draw: Words; xt: Words; maskKey: Words },
    parameters: { N: number; T: number; maskId: number; stream: number; EXACT: number; PARTIAL: number },
  ) => {
    const { N, T, maskId, stream, EXACT, PARTIAL } = parameters;
    const { x0, level, draw, xt, maskKey } = b;
    const bits = new Uint32Array(T);
    for (let first = 0; first < N; first += T) {
      const wanted = level[first / T];
      const start = PARTIAL ? b.answerStart[first / T] : 0;
      for (let t = 0; t < T; t++) bits[t] = pcg4d(draw[0], stream, draw[1], first + t)[0];
      for (let t = 0; t < T; t++) {
        let isMasked = bits[t] >>> 8 < wanted;
        if (EXACT) {
          let rank = 0;
          for (let other = start; other < T; other++) {
            if (bits[other] < bits[t] || (bits[other] === bits[t] && other < t)) rank++;
          }
          isMasked = rank < wanted;
        }
        isMasked &&= t >= start;
        xt[first + t] = isMasked ? maskId : x0[first + t];
        maskKey[first + t] = isMasked ? 0 : 1;
      }
    }
  },
});

/** How a sample's level is meant: a number of masks, or a probability in units of 2^-24. */
export type LevelKind = 'count' | 'probability';

export interface Corrupted {
  /** (B * T) tokens with masks. */
  readonly xt: Tensor;
  /** (B * T) 0 where masked, 1 elsewhere: sorted with one bucket, it lists the masked positions. */
  readonly maskKey: Tensor;
}

/**
 * Masks x0 (B, T) by `level` (B): with `count`, exactly that many positions of a sample, uniformly chosen (RADD
 * 2406.03736); with `probability`, each independently with level / 2^24 (MDLM 2406.07524, equation 1).
 * `draw` (2) holds the seed and the step. With `answerStart` (B), only positions from there on may be masked: what
 * stands before is a prompt. Throws `ShapeError` for other shapes.
 */
export function corrupt(
  x0: Tensor,
  options: { level: Tensor; draw: Tensor; maskId: number; kind: LevelKind; answerStart?: Tensor },
): Corrupted {
  const { level, draw, maskId, kind } = options;
  const { B, T } = expectShape('corrupt', 'x0', x0, ['B', 'T'], 'u32');
  expectShape('corrupt', 'level', level, [B], 'u32');
  expectShape('corrupt', 'draw', draw, [2], 'u32');
  if (options.answerStart) expectShape('corrupt', 'answerStart', options.answerStart, [B], 'u32');
  const answerStart = options.answerStart ?? level;
  const N = B * T;
  const xt = transientTensor(x0.graph, 'xt', [N], 'u32');
  const maskKey = transientTensor(x0.graph, 'mask key', [N], 'u32');
  launch(x0.graph, {
    label: `corrupt ${B} x ${T}`,
    variants: [{ kernel: corruptKernel, workgroups: linearWorkgroups(N) }],
    bindings: { x0, level, answerStart, draw, xt, maskKey },
    parameters: {
      N,
      T,
      maskId,
      stream: streams.mask,
      EXACT: Number(kind === 'count'),
      PARTIAL: Number(options.answerStart !== undefined),
    },
  });
  return { xt, maskKey };
}
