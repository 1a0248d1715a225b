/** Recorded routes: of tiny models on the twins, and drawn ones of any shape. Not a test itself. */
import fc from 'fast-check';
import { uniformAt } from '../../../src/base/random.ts';
import type { Routes } from '../../../src/lab/routing/routes.ts';
import type { LayerDecision } from '../../../src/model/forwardPass.ts';
import { modelOfWeights } from '../../../src/model/model.ts';
import { layoutOf } from '../../../src/nn/layout.ts';
import { initialParameters } from '../../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../../src/runtime/twinRuntime.ts';
import { tinyExperiment, tinyText } from '../../support/tinyRun.ts';

/** A tiny model with weights large enough that its routes differ from token to token. */
export function tinyModel(settings: Record<string, string | number> = {}, seed = 1) {
  const experiment = tinyExperiment({ 'model.layers': 2, ...settings });
  const text = tinyText(experiment);
  const weights = initialParameters(layoutOf(experiment.model, text.tokenizer.vocabularySize), 2, 0.3, seed);
  const runtime = createTwinRuntime();
  return { experiment, text, weights, runtime, model: modelOfWeights(runtime, experiment, text.tokenizer, weights) };
}

/** Settings whose routes differ in kind: 0 to E experts per token, exactly K, and K with drops. */
export const routers: Readonly<Record<string, Record<string, string | number>>> = {
  'expert choice': {},
  'token choice': { 'model.feedForward': 'token-choice' },
  'token choice with a capacity': {
    'model.feedForward': 'token-choice',
    'model.capacity': 'factor',
    'model.capacityFactor': 0.6,
  },
  'expert choice of five experts': { 'model.experts': 5, 'model.choices': 3 },
};

/** Routes of two sequences of 16 tokens, some of them masked. */
export async function recordedRoutes(settings: Record<string, string | number>): Promise<readonly LayerDecision[]> {
  const { model, text } = tinyModel(settings);
  const tokens = text.validationWindows(2).map((id, i) => (uniformAt(1, 1, 1, i) < 0.4 ? model.maskId : id));
  const { layers } = await (await model.forward(2, 16)).run(tokens);
  model.destroy();
  return layers;
}

/** Any routes of N tokens to E experts, every gate of another value. */
export const anyRoutes = (tokens?: number, experts?: number) =>
  fc
    .tuple(
      tokens === undefined ? fc.integer({ min: 1, max: 9 }) : fc.constant(tokens),
      experts === undefined ? fc.integer({ min: 1, max: 6 }) : fc.constant(experts),
    )
    .chain(([N, E]) =>
      fc
        .tuple(
          fc.array(fc.constantFrom(0, 1, 2), { minLength: N * E, maxLength: N * E }),
          fc.shuffledSubarray(
            Array.from({ length: N * E }, (_, i) => i),
            { minLength: N * E },
          ),
        )
        .map(
          ([states, order]): Routes => ({
            experts: E,
            chosen: Uint8Array.from(states, (state) => Number(state === 1)),
            dropped: Uint8Array.from(states, (state) => Number(state === 2)),
            // The least gate of what is held is 0.
            gates: Float32Array.from(states, (state, at) => (state === 1 ? order[at] / (N * E) : 0)),
          }),
        ),
    );

/** The same routes with expert e under the name `names[e]`. */
export function renamed<R extends Routes>(routes: R, names: readonly number[]): R {
  const moved = <A extends Float32Array | Uint8Array>(values: A): A => {
    const out = values.slice() as A;
    values.forEach((value, at) => {
      out[at - (at % routes.experts) + names[at % routes.experts]] = value;
    });
    return out;
  };
  const { chosen, dropped, gates } = routes;
  return { ...routes, chosen: moved(chosen), dropped: moved(dropped), gates: moved(gates) };
}

/** Every (token, expert) that is held, in order: what the plain references count. */
export function pairsOf({ chosen, experts }: Routes): { n: number; e: number }[] {
  return [...chosen].flatMap((isChosen, at) => (isChosen ? [{ n: Math.floor(at / experts), e: at % experts }] : []));
}

export const range = (length: number) => Array.from({ length }, (_, i) => i);
