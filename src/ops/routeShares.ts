/**
 * Taking experts away while a model is only run, by numbers that may change from run to run: a share for every token and
 * expert. A negative share removes the expert for that token: it is chosen by nobody and chooses nobody, so that under
 * token choice the token takes its next best expert, and under expert choice the expert's place stays empty. A share from 0 on
 * leaves the choice as it is and multiplies the gate. With shares of 1 everything is as without them, bit for bit. No gradient.
 */
import eligibleWgsl from '../../shaders/eligible_scores.wgsl?raw';
import removeWgsl from '../../shaders/remove_routes.wgsl?raw';
import shareWgsl from '../../shaders/share_gates.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type Routing } from './routing.ts';

/** Lower than any score, and finite, as a bias may be added. */
const lowest = -1e30;

const eligibleKernel = kernel({
  name: 'eligible_scores',
  wgsl: eligibleWgsl,
  helpers: [indexWgsl],
  twin: (b: { scores: Floats; shares: Floats; eligible: Floats }, { length }: { length: number }) => {
    for (let i = 0; i < length; i++) b.eligible[i] = b.shares[i] < 0 ? lowest : b.scores[i];
  },
});

const removeKernel = kernel({
  name: 'remove_routes',
  wgsl: removeWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { shares: Floats; expertOf: Words; slotOf: Words; expertLeft: Words; slotLeft: Words },
    { M, E, J }: { M: number; E: number; J: number },
  ) => {
    for (let i = 0; i < M; i++) {
      const expert = b.expertOf[i];
      const isLeft = expert !== none && b.shares[Math.floor(i / J) * E + expert] >= 0;
      b.expertLeft[i] = isLeft ? expert : none;
      b.slotLeft[i] = isLeft ? b.slotOf[i] : none;
    }
  },
});

const shareKernel = kernel({
  name: 'share_gates',
  wgsl: shareWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { gates: Floats; shares: Floats; expertOf: Words; shared_gates: Floats },
    { M, E, J }: { M: number; E: number; J: number },
  ) => {
    for (let i = 0; i < M; i++) {
      const expert = b.expertOf[i];
      b.shared_gates[i] = expert === none ? b.gates[i] : b.gates[i] * b.shares[Math.floor(i / J) * E + expert];
    }
  },
});

/** Scores (N, E) to choose by, where `shares` (N, E) leave the choice; elsewhere lower than any. Throws `ShapeError`. */
export function eligibleScores(scores: Tensor, shares: Tensor): Tensor {
  const { N, E } = expectShape('eligibleScores', 'scores', scores, ['N', 'E']);
  expectShape('eligibleScores', 'shares', shares, [N, E]);
  const eligible = transientTensor(scores.graph, 'eligible scores', [N, E]);
  launch(scores.graph, {
    label: `eligible scores ${N} x ${E}`,
    variants: [{ kernel: eligibleKernel, workgroups: linearWorkgroups(N * E) }],
    bindings: { scores, shares, eligible },
    parameters: { length: N * E },
  });
  return eligible;
}

/**
 * A routing by `eligibleScores` without the routes that `shares` (N, E) remove: they neither count among a token's experts
 * nor as dropped. Their slots stay, and nothing reads what is computed in them. Throws `ShapeError`.
 */
export function withoutRemoved(routing: Routing, shares: Tensor): Routing {
  const { expertOf, slotOf, experts: E, J } = routing;
  const { N } = expectShape('withoutRemoved', 'expertOf', expertOf, ['N', J], 'u32');
  expectShape('withoutRemoved', 'shares', shares, [N, E]);
  const { graph } = shares;
  const expertLeft = transientTensor(graph, 'expert of', [N, J], 'u32');
  const slotLeft = transientTensor(graph, 'slot of', [N, J], 'u32');
  launch(graph, {
    label: `remove routes ${N} x ${J}`,
    variants: [{ kernel: removeKernel, workgroups: linearWorkgroups(N * J) }],
    bindings: { shares, expertOf, slotOf, expertLeft, slotLeft },
    parameters: { M: N * J, E, J },
  });
  return { ...routing, expertOf: expertLeft, slotOf: slotLeft };
}

/** Gates (N, J) times the share (N, E) of their route's expert. Throws `ShapeError`. */
export function sharedGates(gates: Tensor, { expertOf, experts: E, J }: Routing, shares: Tensor): Tensor {
  const { N } = expectShape('sharedGates', 'gates', gates, ['N', J]);
  expectShape('sharedGates', 'shares', shares, [N, E]);
  const shared = transientTensor(gates.graph, 'shared gates', [N, J]);
  launch(gates.graph, {
    label: `share gates ${N} x ${J}`,
    variants: [{ kernel: shareKernel, workgroups: linearWorkgroups(N * J) }],
    bindings: { gates, shares, expertOf, shared_gates: shared },
    parameters: { M: N * J, E, J },
    flops: N * J,
  });
  return shared;
}
