/**
 * AdamW with global-norm clipping and an average of the weights, over one flat buffer: three launches.
 * Source: Loshchilov and Hutter 2019 (arXiv 1711.05101), algorithm 2; clipping as in PyTorch's `clip_grad_norm_`.
 */
import adamwWgsl from '../../shaders/adamw.wgsl?raw';
import clipWgsl from '../../shaders/clip_scale.wgsl?raw';
import hyperWgsl from '../../shaders/shared/hyper.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import squareSumWgsl from '../../shaders/square_sum.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups, rangeAlignment } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { hyperShape, unpackHyper } from './hyper.ts';

/** What AdamW does to 64 consecutive parameters: update them, with weight decay or without, or leave them to another. */
export const roles = { updates: 0, decays: 1, elsewhere: 2 } as const;

const squareSumKernel = kernel({
  name: 'square_sum',
  wgsl: squareSumWgsl,
  twin: ({ x, partial }: { x: Floats; partial: Floats }, { length, stride }: { length: number; stride: number }) => {
    for (let first = 0; first < stride; first++) {
      let sum = 0;
      for (let i = first; i < length; i += stride) sum += x[i] * x[i];
      partial[first] = sum;
    }
  },
});

const clipKernel = kernel({
  name: 'clip_scale',
  wgsl: clipWgsl,
  twin: (
    { partial, result }: { partial: Floats; result: Floats },
    { length, clipNorm }: { length: number; clipNorm: number },
  ) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += partial[i];
    result[0] = Math.sqrt(sum);
    result[1] = Math.min(1, clipNorm / (Math.sqrt(sum) + 1e-6));
  },
});

const adamwKernel = kernel({
  name: 'adamw',
  wgsl: adamwWgsl,
  helpers: [hyperWgsl, indexWgsl],
  twin: (
    b: {
      gradient: Floats;
      clip: Floats;
      hyper: Floats;
      roles: Words;
      parameter: Floats;
      moment1: Floats;
      moment2: Floats;
      average: Floats;
    },
    p: { length: number; beta1: number; beta2: number; epsilon: number; weightDecay: number },
  ) => {
    const { learningRate, correction1, correction2, averageDecay } = unpackHyper(b.hyper);
    const scale = b.clip[1];
    for (let i = 0; i < p.length; i++) {
      const role = b.roles[Math.floor(i / rangeAlignment)];
      if (role === roles.elsewhere) continue;
      const g = b.gradient[i] * scale;
      const m = p.beta1 * b.moment1[i] + (1 - p.beta1) * g;
      const v = p.beta2 * b.moment2[i] + (1 - p.beta2) * g * g;
      b.moment1[i] = m;
      b.moment2[i] = v;
      let value = b.parameter[i];
      value -= learningRate * p.weightDecay * role * value;
      value -= (learningRate * (m * correction1)) / (Math.sqrt(v * correction2) + p.epsilon);
      b.parameter[i] = value;
      b.average[i] = value + averageDecay * (b.average[i] - value);
    }
  },
});

/** The state that a step of the optimizer reads and writes; all flat, of one length. */
export interface OptimizerState {
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  readonly moment1: Tensor;
  readonly moment2: Tensor;
  readonly average: Tensor;
  /** (length / 64) u32: what is done to a granule of the parameters, see `roles`. */
  readonly roles: Tensor;
  /** (4): numbers of the step, see `Hyper`. */
  readonly hyper: Tensor;
}

export interface AdamwOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly weightDecay: number;
  readonly clipNorm: number;
}

/**
 * Records one step of AdamW and answers (2): the global norm of the gradient and the factor that clipped it.
 * Throws `ShapeError` when lengths differ.
 */
export function adamw(state: OptimizerState, { beta1, beta2, weightDecay, clipNorm }: AdamwOptions): Tensor {
  const { parameter, gradient, hyper } = state;
  const { graph } = parameter;
  const { length } = expectShape('adamw', 'parameter', parameter, ['length']);
  for (const name of ['gradient', 'moment1', 'moment2', 'average'] as const) {
    expectShape('adamw', name, state[name], [length]);
  }
  expectShape('adamw', 'roles', state.roles, [Math.ceil(length / rangeAlignment)], 'u32');
  expectShape('adamw', 'hyper', hyper, hyperShape);
  const stride = Math.min(4096, Math.ceil(length / 64));
  const partial = transientTensor(graph, 'partial square sums', [stride]);
  const clip = transientTensor(graph, 'gradient norm and clip', [2]);
  launch(graph, {
    label: `square sum ${length}`,
    variants: [{ kernel: squareSumKernel, workgroups: [Math.ceil(stride / 64), 1, 1] }],
    bindings: { x: gradient, partial },
    parameters: { length, stride },
    flops: 2 * length,
  });
  launch(graph, {
    label: 'clip by global norm',
    variants: [{ kernel: clipKernel, workgroups: [1, 1, 1] }],
    bindings: { partial, result: clip },
    parameters: { length: stride, clipNorm },
    flops: stride,
  });
  launch(graph, {
    label: `adamw ${length}`,
    variants: [{ kernel: adamwKernel, workgroups: linearWorkgroups(length) }],
    bindings: {
      gradient,
      clip,
      hyper,
      roles: state.roles,
      parameter,
      moment1: state.moment1,
      moment2: state.moment2,
      average: state.average,
    },
    parameters: { length, beta1, beta2, epsilon: 1e-8, weightDecay },
    flops: 18 * length,
  });
  return clip;
}
