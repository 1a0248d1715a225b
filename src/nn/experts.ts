/**
 * A mixture-of-experts feed-forward: the experts on gathered rows, and their weighted sum. Who takes whom is the
 * router's: `routers.ts`.
 */
import { combine } from '../ops/combine.ts';
import { gatherRows } from '../ops/gatherRows.ts';
import { groupedMatmul } from '../ops/groupedMatmul.ts';
import { matmul } from '../ops/matmul.ts';
import type { Routing } from '../ops/routing.ts';
import { swiglu } from '../ops/swiglu.ts';
import { reshape, type Tensor } from '../tensor/tensor.ts';
import { feedForward } from './feedForward.ts';
import type { ModelSettings } from './layout.ts';
import { type RouterContext, type RouterDecision, type RouterKind, route } from './routers.ts';

/** A layer with experts, and what its router decided. */
export interface LayerRoutes extends RouterDecision {
  readonly layer: number;
}

/** `residual + shared(x) + scalingFactor * sum over routes of gate * expert(x)`, x (N, C); and what the router decided. */
export function mixtureOfExperts(
  kind: RouterKind,
  block: (name: string) => Tensor,
  model: ModelSettings,
  x: Tensor,
  { residual, ...context }: RouterContext & { residual: Tensor | null },
): RouterDecision & { output: Tensor } {
  const decision = route(kind, block, x, model, context);
  const { gates, routing } = decision;
  const base =
    model.sharedExperts > 0 ? feedForward(x, block('shared.gateUp'), block('shared.down'), residual) : residual;
  const hidden = runExperts(gatherRows(x, routing), block('experts.gateUp'), block('experts.down'), routing);
  return { output: combine(hidden, gates, routing, base, { scale: model.scalingFactor }), ...decision };
}

/** Every expert's SwiGLU on its rows: x (S, C) grouped by expert, gateUp (E, 2F, C), down (E, C, F). */
function runExperts(x: Tensor, gateUp: Tensor, down: Tensor, routing: Routing): Tensor {
  const { experts: E, rowsPerExpert, offsets, slots: S } = routing;
  const C = x.shape[1];
  const F = down.shape[2];
  if (rowsPerExpert === null) return groupedMatmul(swiglu(groupedMatmul(x, gateUp, offsets), offsets), down, offsets);
  // Equal groups: a batched product, which has the faster shaders.
  const up = matmul(reshape(x, [E, rowsPerExpert, C]), gateUp, { transB: true });
  const inner = reshape(swiglu(reshape(up, [S, 2 * F])), [E, rowsPerExpert, F]);
  return reshape(matmul(inner, down, { transB: true }), [S, C]);
}
