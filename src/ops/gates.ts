/**
 * Gates: the weight of each route in the sum of experts' outputs. Either the score as it is (Zhou et al. 2022, arXiv
 * 2202.09368), or its share among the experts that hold the token (the default of Megatron and its descendants).
 */
import wgsl from '../../shaders/gates.wgsl?raw';
import backwardWgsl from '../../shaders/gates_backward.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type Routing } from './routing.ts';

/** 1 / the sum of a token's chosen scores; 1 where nothing is chosen or all of it underflowed. */
function inverseSum(scores: Floats, expertOf: Words, scoreBase: number, base: number, J: number): number {
  let sum = 0;
  for (let i = base; i < base + J; i++) if (expertOf[i] !== none) sum += scores[scoreBase + expertOf[i]];
  return sum > 0 ? 1 / sum : 1;
}

const forwardKernel = kernel({
  name: 'gates',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    { scores, expertOf, slotOf, gates }: { scores: Floats; expertOf: Words; slotOf: Words; gates: Floats },
    { N, E, J, RENORMALISE }: { N: number; E: number; J: number; RENORMALISE: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const base = n * J;
      const scale = RENORMALISE ? inverseSum(scores, expertOf, n * E, base, J) : 1;
      for (let i = base; i < base + J; i++) {
        gates[i] = slotOf[i] === none ? 0 : scores[n * E + expertOf[i]] * scale;
      }
    }
  },
});

const backwardKernel = kernel({
  name: 'gates_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; expertOf: Words; slotOf: Words; dgates: Floats; previous: Floats; dscores: Floats },
    { N, E, J, RENORMALISE, ADD }: { N: number; E: number; J: number; RENORMALISE: number; ADD: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const base = n * J;
      const row = n * E;
      const scale = RENORMALISE ? inverseSum(b.scores, b.expertOf, row, base, J) : 1;
      let along = 0;
      if (RENORMALISE) {
        for (let i = base; i < base + J; i++) {
          if (b.slotOf[i] !== none) along += b.dgates[i] * b.scores[row + b.expertOf[i]] * scale;
        }
      }
      for (let i = row; i < row + E; i++) b.dscores[i] = ADD ? b.previous[i] : 0;
      for (let i = base; i < base + J; i++) {
        if (b.expertOf[i] === none) continue;
        const dgate = b.slotOf[i] === none ? 0 : b.dgates[i];
        b.dscores[row + b.expertOf[i]] += (dgate - along) * scale;
      }
    }
  },
});

/**
 * Gate of each route, (N, J), from scores (N, E): the score of the route's expert, or with `renormalise` its share of
 * the scores of the token's routes; 0 where there is no route. A dropped route has gate 0 but counts in the shares, so
 * that a drop leaves the token's other gates as they were (as in Megatron, which drops after computing the gates).
 * Of softmax scores the shares are a softmax over the chosen logits. Throws `ShapeError` when the routing is of other
 * scores.
 *
 * Gradients: ds = dg for the chosen, 0 for the others; renormalised, with S the sum of the chosen scores:
 * ds = (dg - sum over routes of g dg) / S. In both, dg of dropped routes is taken to be 0.
 */
export function gates(scores: Tensor, routing: Routing, options: { renormalise: boolean }): Tensor {
  const { expertOf, slotOf, experts: E, J } = routing;
  const { N } = expectShape('gates', 'scores', scores, ['N', E]);
  expectShape('gates', 'expertOf', expertOf, [N, J], 'u32');
  expectShape('gates', 'slotOf', slotOf, [N, J], 'u32');
  const { graph } = scores;
  const out = transientTensor(graph, 'gates', [N, J]);
  const RENORMALISE = Number(options.renormalise);
  launch(graph, {
    label: `gates ${N} x ${J}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(N) }],
    bindings: { scores, expertOf, slotOf, gates: out },
    parameters: { N, E, J, RENORMALISE },
    flops: 2 * N * J,
  });
  return differentiable(out, [scores], (dgates) => [
    {
      input: scores,
      writeSum: (dscores: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `gates backward ${N} x ${J}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N) }],
          bindings: { scores, expertOf, slotOf, dgates, previous: previous ?? scores, dscores },
          parameters: { N, E, J, RENORMALISE, ADD: Number(previous !== null) },
          flops: 4 * N * J,
        }),
    },
  ]);
}
