/**
 * Token choice: each token takes its best experts (Shazeer et al. 2017, arXiv 1701.06538, equation 5), so experts
 * hold different numbers of rows and `groupedMatmul.ts` finds them by their offsets. No route is dropped here: limiting
 * what an expert holds is `dropOverflow.ts`.
 */
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import wgsl from '../../shaders/token_choice.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type Routing } from './routing.ts';
import { sortByKey } from './sortByKey.ts';

const choiceKernel = kernel({
  name: 'token_choice',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    { scores, bias, expertOf }: { scores: Floats; bias: Floats; expertOf: Words },
    { N, E, J, BIASED }: { N: number; E: number; J: number; BIASED: number },
  ) => {
    for (let n = 0; n < N; n++) {
      const base = n * E;
      let last = Number.POSITIVE_INFINITY;
      let lastExpert = -1;
      for (let j = 0; j < J; j++) {
        let best = Number.NEGATIVE_INFINITY;
        let expert = none;
        for (let e = 0; e < E; e++) {
          const score = BIASED ? scores[base + e] + bias[e] : scores[base + e];
          const isLeft = score < last || (score === last && e > lastExpert);
          if (isLeft && score > best) {
            best = score;
            expert = e;
          }
        }
        expertOf[n * J + j] = expert;
        last = best;
        lastExpert = expert;
      }
    }
  },
});

/**
 * Routes of scores (N, E): each token goes to its `choices` experts of highest score, ties to the lower expert, its
 * routes in descending order of score. A `bias` (E) is added to the scores for this choice alone. Slots are grouped by
 * expert, in the order of tokens within an expert; all N * choices are used. No gradient. Scores must be finite.
 * Throws `ShapeError` for more choices than experts.
 */
export function tokenChoice(scores: Tensor, options: { choices: number; bias?: Tensor | null }): Routing {
  const { choices: J, bias = null } = options;
  const { N, E } = expectShape('tokenChoice', 'scores', scores, ['N', 'E']);
  if (!(Number.isInteger(J) && J >= 1 && J <= E)) {
    throw new ShapeError(`tokenChoice: expected 1 to ${E} choices of ${E} experts, got ${J}`);
  }
  if (bias) expectShape('tokenChoice', 'bias', bias, [E]);
  const expertOf = transientTensor(scores.graph, 'expert of', [N, J], 'u32');
  launch(scores.graph, {
    label: `token choice ${J} of ${N} x ${E}`,
    variants: [{ kernel: choiceKernel, workgroups: linearWorkgroups(N) }],
    bindings: { scores, bias: bias ?? scores, expertOf },
    parameters: { N, E, J, BIASED: Number(bias !== null) },
    flops: N * E * J,
  });
  const { order, slotOf, offsets } = sortByKey(expertOf, E);
  return { slotOf, pairOf: order, offsets, asked: offsets, expertOf, J, slots: N * J, experts: E, rowsPerExpert: null };
}
