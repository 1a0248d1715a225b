/**
 * A mixture-of-experts feed-forward: router, who takes whom, the experts on gathered rows, and their weighted sum.
 * Sources: expert choice, Zhou et al. 2022 (arXiv 2202.09368); token choice with the Switch loss, Fedus et al. 2021
 * (arXiv 2101.03961), dropless as in MegaBlocks (arXiv 2211.15841).
 */
import { combine } from '../ops/combine.ts';
import { capacityOf, expertChoice } from '../ops/expertChoice.ts';
import { gates as routeGates } from '../ops/gates.ts';
import { gatherRows } from '../ops/gatherRows.ts';
import { groupedMatmul } from '../ops/groupedMatmul.ts';
import { matmul } from '../ops/matmul.ts';
import { routerScores } from '../ops/routerScores.ts';
import type { Routing } from '../ops/routing.ts';
import { swiglu } from '../ops/swiglu.ts';
import { switchLoss } from '../ops/switchLoss.ts';
import { tokenChoice } from '../ops/tokenChoice.ts';
import { reshape, type Tensor } from '../tensor/tensor.ts';
import { feedForward } from './feedForward.ts';
import type { ModelSettings } from './layout.ts';

/** What a layer with experts decided, for losses, metrics and views. */
export interface LayerRoutes {
  readonly layer: number;
  /** (N, E) router scores. */
  readonly scores: Tensor;
  /** (N, J) gate of each route. */
  readonly gates: Tensor;
  readonly routing: Routing;
  /** (1) auxiliary loss of the layer, where it has one. */
  readonly balanceLoss: Tensor | null;
}

/** `residual + shared(x) + sum over routes of gate * expert(x)`, x (N, C); and what the router decided. */
export function mixtureOfExperts(
  block: (name: string) => Tensor,
  model: ModelSettings,
  x: Tensor,
  { B, T, residual }: { B: number; T: number; residual: Tensor },
): Omit<LayerRoutes, 'layer'> & { output: Tensor } {
  const scores = routerScores(matmul(x, block('router'), { transB: true }), model.score);
  const isExpertChoice = model.feedForward === 'expert-choice';
  const groups = model.expertGroup === 'sequence' ? B : 1;
  const routing = isExpertChoice
    ? expertChoice(scores, { groups, capacity: capacityOf(model.choices, model.experts, (B * T) / groups) })
    : tokenChoice(scores, { choices: model.choices });
  const gates = routeGates(scores, routing, { renormalise: model.gate === 'renormalised' });
  const balanceLoss =
    isExpertChoice || model.balanceLoss === 0
      ? null
      : switchLoss(scores, routing, { weight: model.balanceLoss, normalise: model.score === 'sigmoid' });

  const base =
    model.sharedExperts > 0 ? feedForward(x, block('shared.gateUp'), block('shared.down'), residual) : residual;
  const hidden = runExperts(gatherRows(x, routing), block('experts.gateUp'), block('experts.down'), routing);
  return { output: combine(hidden, gates, routing, base), scores, gates, routing, balanceLoss };
}

/** Every expert's SwiGLU on its rows: x (S, C) grouped by expert, gateUp (E, 2F, C), down (E, C, F). */
function runExperts(x: Tensor, gateUp: Tensor, down: Tensor, routing: Routing): Tensor {
  const { experts: E, rowsPerExpert, offsets, slots: S } = routing;
  const C = x.shape[1];
  const F = down.shape[2];
  if (rowsPerExpert === null) return groupedMatmul(swiglu(groupedMatmul(x, gateUp, offsets)), down, offsets);
  // Equal groups: a batched product, which has the faster shaders.
  const up = matmul(reshape(x, [E, rowsPerExpert, C]), gateUp, { transB: true });
  const inner = reshape(swiglu(reshape(up, [S, 2 * F])), [E, rowsPerExpert, F]);
  return reshape(matmul(inner, down, { transB: true }), [S, C]);
}
