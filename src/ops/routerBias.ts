/**
 * Balance without a loss: a bias per expert is added to the scores where experts are chosen (`tokenChoice.ts`), never
 * to the gates, and rises after each step for experts that were asked for less than the mean. Source: Wang et al. 2024
 * (arXiv 2408.15664), algorithm 1; load is what experts are asked for, before any drop.
 */
import wgsl from '../../shaders/router_bias.wgsl?raw';
import hyperWgsl from '../../shaders/shared/hyper.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { expectShape, launch, type Tensor } from '../tensor/tensor.ts';
import { hyperShape, unpackHyper } from './hyper.ts';
import type { Routing } from './routing.ts';

const biasKernel = kernel({
  name: 'router_bias',
  wgsl,
  helpers: [hyperWgsl],
  twin: (
    b: { asked: Words; hyper: Floats; bias: Floats; average: Floats },
    { E, routes, rate }: { E: number; routes: number; rate: number },
  ) => {
    const { averageDecay } = unpackHyper(b.hyper);
    for (let e = 0; e < E; e++) {
      const change = rate * Math.sign(routes - (b.asked[e + 1] - b.asked[e]) * E);
      b.bias[e] += change;
      b.average[e] += (1 - averageDecay) * change;
    }
  },
});

/** What an update of the bias reads and writes. */
export interface RouterBias {
  /** (E) */
  readonly bias: Tensor;
  /** (E): its moving average, which has followed the bias without this update. */
  readonly average: Tensor;
  /** (4): numbers of the step, see `Hyper`. */
  readonly hyper: Tensor;
}

/**
 * Records `bias += rate * sign(mean - load)` after the optimizer's step. Throws `ShapeError` for other shapes.
 */
export function updateRouterBias(
  { bias, average, hyper }: RouterBias,
  { asked, expertOf, experts: E }: Pick<Routing, 'asked' | 'expertOf' | 'experts'>,
  rate: number,
): void {
  expectShape('updateRouterBias', 'bias', bias, [E]);
  expectShape('updateRouterBias', 'average', average, [E]);
  expectShape('updateRouterBias', 'hyper', hyper, hyperShape);
  expectShape('updateRouterBias', 'asked', asked, [E + 1], 'u32');
  launch(bias.graph, {
    label: `router bias ${E}`,
    variants: [{ kernel: biasKernel, workgroups: [Math.ceil(E / 64), 1, 1] }],
    bindings: { asked, hyper, bias, average },
    parameters: { E, routes: expertOf.length, rate },
  });
}
