/** Routes of one sequence as the *Routing* view shows them. */

import { ConfigError, DataError, unnamedText } from '../base/errors.ts';
import { streams, uniformAt } from '../base/random.ts';
import { addLoad } from '../lab/routing/load.ts';
import type { LayerDecision } from '../model/forwardPass.ts';
import type { Model } from '../model/model.ts';
import { maxViolation } from '../model/probes/load.ts';
import { variantPass } from '../model/variant.ts';
import type { RouteReport, RoutesRequest } from './protocol.ts';

/**
 * Masks a share of a text and runs it. `fallback` is routed where the request brings no text.
 * Throws `ConfigError` for a dense model, interventions that do not fit it and a ratio outside 0 to 1, `DataError` for characters that it does not know.
 */
export async function routesOf(model: Model, request: RoutesRequest, fallback: Uint32Array): Promise<RouteReport> {
  const { text, maskRatio, seed, interventions = [] } = request;
  const { model: settings, data } = model.experiment;
  if (settings.feedForward === 'dense') {
    throw new ConfigError('routes: expected a model with experts, got a dense one; choose a preset with experts');
  }
  if (!(maskRatio >= 0 && maskRatio <= 1)) {
    throw new ConfigError(`mask ratio: expected a number from 0 to 1, got ${maskRatio}`);
  }
  const all = text === '' ? fallback : model.tokenizer.encode(text);
  if (all.length === 0) throw new DataError('expected at least one character, got none', { path: unnamedText });
  const clean = all.slice(0, data.sequenceLength);
  const masked = Uint8Array.from(clean, (_, i) => Number(uniformAt(seed, streams.preview, 0, i) < maskRatio));
  const tokens = Uint32Array.from(clean, (token, i) => (masked[i] ? model.maskId : token));
  const pass = await variantPass(model, interventions, 1, tokens.length);
  const { layers } = await pass.run(tokens);
  const { load, maxVio } = loadOf(layers, settings.experts);
  // An autoregressive model reads each token one position later, behind the mask as the beginning.
  const isShifted = model.experiment.objective.kind === 'autoregressive';
  return {
    tokens: isShifted ? Uint32Array.of(model.maskId, ...tokens.subarray(0, -1)) : tokens,
    masked: isShifted ? Uint8Array.of(1, ...masked.subarray(0, -1)) : masked,
    layers: layers.map(({ layer }) => layer),
    experts: settings.experts,
    chosen: concatenate(layers.map(({ chosen }) => chosen)),
    dropped: concatenate(layers.map(({ dropped }) => dropped)),
    gates: concatenate(layers.map(({ gates }) => gates)),
    scores: concatenate(layers.map(({ scores }) => scores)),
    load,
    maxVio,
  };
}

/** Tokens per (layer, expert), and MaxVio per layer. */
export function loadOf(
  layers: readonly Pick<LayerDecision, 'chosen' | 'experts'>[],
  experts: number,
): { load: Float32Array; maxVio: Float32Array } {
  const perLayer = layers.map((layer) => addLoad(layer));
  const load = new Float32Array(layers.length * experts);
  perLayer.forEach((counts, layer) => {
    load.set(counts, layer * experts);
  });
  return { load, maxVio: Float32Array.from(perLayer, maxViolation) };
}

function concatenate<A extends Float32Array | Uint8Array>(arrays: readonly A[]): A {
  const length = arrays.reduce((sum, array) => sum + array.length, 0);
  const all = new (arrays[0].constructor as new (length: number) => A)(length);
  let offset = 0;
  for (const array of arrays) {
    all.set(array, offset);
    offset += array.length;
  }
  return all;
}
