/** The network of a decode with interventions, whose routes are told afterwards. */
import { expectInterventions, type Intervention, routedExperiment } from '../config/interventions.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { attentionBlock } from '../config/objectives.ts';
import type { Denoise } from '../diffusion/decode.ts';
import { type CallRoutes, callRoutes, type DecodingRoutes, decodingRoutes } from '../lab/routing/explosion.ts';
import type { RouteShares } from '../model/forwardPass.ts';
import type { Model } from '../model/model.ts';
import { openPositions, variantRun } from '../model/variant.ts';
import type { Models } from './models.ts';

export interface RoutedDenoiser {
  readonly denoise: Denoise;
  /** Of the calls so far; `tokens` as the last one left them. Null of a model without experts. */
  routes(tokens: Uint32Array): DecodingRoutes | null;
}

/**
 * For one sequence of T tokens. The model is asked for anew at every call: one that moves, or a run that ends, is followed.
 * Throws `ConfigError` for interventions that do not fit it.
 */
export function routedDenoiser(
  models: Pick<Models, 'use'>,
  ref: ModelRef,
  { experiment, maskId }: Pick<Model, 'experiment' | 'maskId'>,
  { T, interventions }: { T: number; interventions: readonly Intervention[] },
): RoutedDenoiser {
  expectInterventions(interventions, experiment);
  const routed = routedExperiment(experiment, interventions);
  const run = (tokens: Uint32Array, shares: RouteShares) =>
    models.use(ref, async (model) => (await model.forward(1, T, routed)).run(tokens, shares));
  const changed = variantRun({ experiment, maskId }, run, interventions, { B: 1, T });
  const openOf = (tokens: Uint32Array) => openPositions(tokens, { T, maskId, block: attentionBlock(experiment) });
  const calls: CallRoutes[] = [];
  return {
    denoise: async (xt) => {
      const { logits, layers } = await changed(xt);
      if (layers.length > 0) calls.push(callRoutes(layers, openOf(xt)));
      return logits;
    },
    routes: (tokens) => (experiment.model.feedForward === 'dense' ? null : decodingRoutes(calls, openOf(tokens))),
  };
}
