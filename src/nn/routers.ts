/**
 * The router of a layer with experts: scores of its tokens, who takes whom, the weight of every route, and what it
 * adds to the loss. Not here: the experts themselves (`experts.ts`).
 * Sources: expert choice, Zhou et al. 2022 (arXiv 2202.09368); token choice with the Switch loss, Fedus et al. 2021
 * (arXiv 2101.03961), dropless as in MegaBlocks (arXiv 2211.15841) or with a capacity as in GShard (arXiv 2006.16668);
 * z-loss, Zoph et al. 2022 (arXiv 2202.08906).
 */
import { capacitiesByMasks, capacityOf, groupSizeOf, hasCapacitySchedule } from '../config/capacity.ts';
import { dropOverflow } from '../ops/dropOverflow.ts';
import { expertChoice } from '../ops/expertChoice.ts';
import { gates as routeGates } from '../ops/gates.ts';
import { jitter } from '../ops/jitter.ts';
import { matmul } from '../ops/matmul.ts';
import { routerScores } from '../ops/routerScores.ts';
import { routerZLoss } from '../ops/routerZLoss.ts';
import { eligibleScores, sharedGates, withoutRemoved } from '../ops/routeShares.ts';
import type { Routing } from '../ops/routing.ts';
import { type GroupCapacities, sequenceCapacity } from '../ops/sequenceCapacity.ts';
import { switchLoss } from '../ops/switchLoss.ts';
import { tokenChoice } from '../ops/tokenChoice.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { hasRouterBias, type ModelSettings } from './layout.ts';

/** What a router decided, for the experts, losses, metrics and views. */
export interface RouterDecision {
  /** (N, E) router scores. */
  readonly scores: Tensor;
  /** (N, J) gate of each route. */
  readonly gates: Tensor;
  readonly routing: Routing;
  /** (1) each: what the router adds to the loss, weights included; none outside training. */
  readonly auxiliaryLosses: readonly Tensor[];
}

/** What a router knows besides its input: B sequences of T tokens, and which layer it is in. */
export interface RouterContext {
  readonly B: number;
  readonly T: number;
  readonly layer: number;
  /** Tokens that an expert takes of each group, where that depends on the masks; else null. */
  readonly capacities: GroupCapacities | null;
  /** (2) seed and step of the random numbers of training; null outside it. */
  readonly draw: Tensor | null;
  /** (N, E) what is left of each expert for each token, where a model is only run (`src/ops/routeShares.ts`); else null. */
  readonly shares: Tensor | null;
}

/** Feed-forwards that have a router. */
export type RouterKind = Exclude<ModelSettings['feedForward'], 'dense'>;

/** Who takes whom by scores (N, E), and what to add to the loss so that it is balanced. */
interface Router {
  route(scores: Tensor, model: ModelSettings, context: RouterContext, block: (name: string) => Tensor): Routing;
  balanceLosses(scores: Tensor, routing: Routing, model: ModelSettings, context: RouterContext): Tensor[];
}

const routers: Readonly<Record<RouterKind, Router>> = {
  'expert-choice': {
    route: (scores, model, { B, T, capacities }) => {
      const size = groupSizeOf(model, B, T);
      return expertChoice(scores, { groups: (B * T) / size, capacity: capacities ?? capacityOf(model, size) });
    },
    // Every expert holds equally many tokens as it is.
    balanceLosses: () => [],
  },
  'token-choice': {
    route: (scores, model, { B, T }, block) => {
      const bias = hasRouterBias(model) ? block('routerBias') : null;
      const routing = tokenChoice(scores, { choices: model.choices, bias });
      if (model.capacity === 'dropless') return routing;
      return dropOverflow(scores, routing, { capacity: capacityOf(model, B * T), rule: model.dropRule });
    },
    balanceLosses: (scores, routing, { balanceLoss: weight, balanceScope, score }, { B }) => {
      if (weight === 0) return [];
      const groups = balanceScope === 'sequence' ? B : 1;
      return [switchLoss(scores, routing, { weight, normalise: score === 'sigmoid', groups })];
    },
  },
};

/** Capacities of B sequences with given tokens (B * T), the same in all layers; null where the model has no schedule. */
export function scheduledCapacities(
  model: ModelSettings,
  tokens: Tensor,
  { B, T, maskId }: { B: number; T: number; maskId: number },
): GroupCapacities | null {
  if (!hasCapacitySchedule(model)) return null;
  return sequenceCapacity(tokens, { B, maskId, byMasks: capacitiesByMasks(model, T) });
}

/** Routes of x (N, C), the input of the layer's experts, by a router of the given kind and its blocks. */
export function route(
  kind: RouterKind,
  block: (name: string) => Tensor,
  x: Tensor,
  model: ModelSettings,
  context: RouterContext,
): RouterDecision {
  const { draw, layer, shares } = context;
  const input = model.jitter > 0 && draw ? jitter(x, { draw, eps: model.jitter, place: layer }) : x;
  const logits = matmul(input, block('router'), { transB: true });
  const scores = routerScores(logits, model.score);
  const router = routers[kind];
  const renormalise = model.gate === 'renormalised';
  if (shares) {
    const routing = withoutRemoved(router.route(eligibleScores(scores, shares), model, context, block), shares);
    const gates = sharedGates(routeGates(scores, routing, { renormalise }), routing, shares);
    return { scores, gates, routing, auxiliaryLosses: [] };
  }
  const routing = router.route(scores, model, context, block);
  const gates = routeGates(scores, routing, { renormalise });
  if (!draw) return { scores, gates, routing, auxiliaryLosses: [] };
  const zLosses = model.zLoss > 0 ? [routerZLoss(logits, model.zLoss)] : [];
  return {
    scores,
    gates,
    routing,
    auxiliaryLosses: [...router.balanceLosses(scores, routing, model, context), ...zLosses],
  };
}
