/**
 * The router of a layer with experts: scores of its tokens, who takes whom, the weight of every route, and what it
 * adds to the loss. Not here: the experts themselves (`experts.ts`).
 * Sources: expert choice, Zhou et al. 2022 (arXiv 2202.09368); token choice with the Switch loss, Fedus et al. 2021
 * (arXiv 2101.03961), dropless as in MegaBlocks (arXiv 2211.15841).
 */
import { capacityOf, expertChoice } from '../ops/expertChoice.ts';
import { gates as routeGates } from '../ops/gates.ts';
import { matmul } from '../ops/matmul.ts';
import { routerScores } from '../ops/routerScores.ts';
import type { Routing } from '../ops/routing.ts';
import { switchLoss } from '../ops/switchLoss.ts';
import { tokenChoice } from '../ops/tokenChoice.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { ModelSettings } from './layout.ts';

/** What a router decided, for the experts, losses, metrics and views. */
export interface RouterDecision {
  /** (N, E) router scores. */
  readonly scores: Tensor;
  /** (N, J) gate of each route. */
  readonly gates: Tensor;
  readonly routing: Routing;
  /** (1) auxiliary loss of the layer, where it has one. */
  readonly balanceLoss: Tensor | null;
}

/** What a router knows besides its input: B sequences of T tokens. */
export interface RouterContext {
  readonly B: number;
  readonly T: number;
}

/** Feed-forwards that have a router. */
export type RouterKind = Exclude<ModelSettings['feedForward'], 'dense'>;

/** Who takes whom by scores (N, E), and the auxiliary loss of that. */
type Router = (
  scores: Tensor,
  model: ModelSettings,
  context: RouterContext,
) => Omit<RouterDecision, 'scores' | 'gates'>;

const routers: Readonly<Record<RouterKind, Router>> = {
  'expert-choice': (scores, model, { B, T }) => {
    const groups = model.expertGroup === 'sequence' ? B : 1;
    const capacity = capacityOf(model.choices, model.experts, (B * T) / groups);
    return { routing: expertChoice(scores, { groups, capacity }), balanceLoss: null };
  },
  'token-choice': (scores, model) => {
    const routing = tokenChoice(scores, { choices: model.choices });
    if (model.balanceLoss === 0) return { routing, balanceLoss: null };
    const normalise = model.score === 'sigmoid';
    return { routing, balanceLoss: switchLoss(scores, routing, { weight: model.balanceLoss, normalise }) };
  },
};

/** Routes of x (N, C), the input of the layer's experts, by a router of the given kind and its weight (E, C). */
export function route(
  kind: RouterKind,
  x: Tensor,
  weight: Tensor,
  model: ModelSettings,
  context: RouterContext,
): RouterDecision {
  const scores = routerScores(matmul(x, weight, { transB: true }), model.score);
  const decision = routers[kind](scores, model, context);
  const gates = routeGates(scores, decision.routing, { renormalise: model.gate === 'renormalised' });
  return { scores, gates, ...decision };
}
