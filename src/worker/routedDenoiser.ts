/** The network of a decode with interventions, whose routes are told afterwards. */
import { ConfigError } from '../base/errors.ts';
import { expectInterventions, type Intervention, routedExperiment } from '../config/interventions.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { attentionBlock, comparesSequences } from '../config/objectives.ts';
import { type DecodeOptions, type Denoise, sequencesPerCall } from '../diffusion/decode.ts';
import { type CallRoutes, callRoutes, type DecodingRoutes, decodingRoutes } from '../lab/routing/explosion.ts';
import type { ForwardResult, RouteShares } from '../model/forwardPass.ts';
import type { Model } from '../model/model.ts';
import { openPositions, variantRun } from '../model/variant.ts';
import type { Models } from './models.ts';

export interface RoutedDenoiser {
  readonly denoise: Denoise;
  /** Of the calls so far; `tokens` as the last one left them. Null of a model without experts. */
  routes(tokens: Uint32Array): DecodingRoutes | null;
}

export interface RoutedOptions {
  readonly T: number;
  readonly interventions: readonly Intervention[];
  readonly settings: DecodeOptions['settings'];
}

/**
 * For sequences of T tokens. The model is asked for anew at every call: one that moves, or a run that ends, is followed.
 * Of a call of several sequences (drafts, or one without its prompt) the routes of the first are told, which is decoded.
 * Throws `ConfigError` for interventions that do not fit it.
 */
export function routedDenoiser(
  models: Pick<Models, 'use'>,
  ref: ModelRef,
  { experiment, maskId }: Pick<Model, 'experiment' | 'maskId'>,
  { T, interventions, settings }: RoutedOptions,
): RoutedDenoiser {
  expectInterventions(interventions, experiment);
  if (settings.draftDepth > 0 && interventions.some(({ kind }) => kind === 'freeze'))
    throw new ConfigError('freeze: expected a decoder without drafts, whose revealed tokens are not certain, got one');
  const routed = routedExperiment(experiment, interventions);
  const openOf = (tokens: Uint32Array) => openPositions(tokens, { T, maskId, block: attentionBlock(experiment) });
  const most = sequencesPerCall({ settings });
  const runOf = (B: number) => (tokens: Uint32Array, shares: RouteShares) =>
    models.use(ref, async (model) => (await model.forward(B, T, routed)).run(tokens, shares));
  // Each place of a call has its own: what a reduction remembers is of one sequence.
  const single = Array.from({ length: most }, () =>
    variantRun({ experiment, maskId }, runOf(1), interventions, { B: 1, T }),
  );
  const isTogether = most > 1 && interventions.length === 0 && !comparesSequences(experiment);
  const calls: CallRoutes[] = [];
  const count = ({ layers }: ForwardResult, xt: Uint32Array) => {
    if (layers.length > 0) calls.push(callRoutes(layers, openOf(xt)));
  };
  const together = async (sequences: readonly Uint32Array[]) => {
    const tokens = new Uint32Array(most * T);
    for (let b = 0; b < most; b++) tokens.set(sequences[b] ?? sequences[0], b * T);
    const result = await runOf(most)(tokens, new Map());
    count(result, sequences[0]);
    const rows = result.logits.length / most;
    return sequences.map((_, b) => result.logits.subarray(b * rows, (b + 1) * rows));
  };
  const apart = async (sequences: readonly Uint32Array[]) => {
    const logits: Float32Array[] = [];
    for (const [b, xt] of sequences.entries()) {
      const result = await single[b](xt);
      if (b === 0) count(result, xt);
      logits.push(result.logits);
    }
    return logits;
  };
  return {
    denoise: (sequences) => (isTogether && sequences.length > 1 ? together(sequences) : apart(sequences)),
    routes: (tokens) => (experiment.model.feedForward === 'dense' ? null : decodingRoutes(calls, openOf(tokens))),
  };
}
