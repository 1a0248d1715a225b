/**
 * A model to decode with or look into: averaged weights on a runtime, its tokenizer, and forward passes compiled on
 * demand. The same for a run in progress (the trainer's own weights) and for one that was loaded.
 */

import { DataError } from '../base/errors.ts';
import { decodeSettings } from '../config/decoders.ts';
import { decodedModelOf } from '../config/decodeSettings.ts';
import { comparesSequences } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { encodePrompt } from '../data/tokenizers.ts';
import type { DecodeOptions, Denoise } from '../diffusion/decode.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters, type ParameterStorages } from '../nn/parameters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createForwardPass, type ForwardPass, type RouteShares } from './forwardPass.ts';

export interface Model {
  readonly experiment: Experiment;
  readonly tokenizer: Tokenizer;
  readonly maskId: number;
  /**
   * A forward pass for B sequences of T tokens: compiled when it is not at hand; the last few stay compiled. `routed`: the
   * same weights under another router (`routedExperiment` of `src/config/interventions.ts`).
   */
  forward(B: number, T: number, routed?: Experiment): Promise<Omit<ForwardPass, 'destroy'>>;
  /** The averaged weights of the moment, in the order of the layout. */
  weights(): Promise<Float32Array>;
  destroy(): void;
}

/** Forward passes that a model keeps compiled while nobody runs them. */
const keptPlans = 4;

interface Compiled {
  readonly pass: Promise<ForwardPass>;
  /** Runs under way. */
  runs: number;
}

/** A model over weights that are on the runtime already. */
export function modelOver(
  runtime: Runtime,
  experiment: Experiment,
  tokenizer: Tokenizer,
  parameters: ParameterStorages,
  release: () => void,
): Model {
  // The least recently used first: a Map keeps the order in which keys were put in.
  const plans = new Map<string, Compiled>();
  const closeOldest = () => {
    for (const [key, { runs, pass }] of plans) {
      if (plans.size <= keptPlans) return;
      if (runs > 0) continue;
      plans.delete(key);
      void pass.then((compiled) => compiled.destroy());
    }
  };
  const planOf = (B: number, T: number, routed: Experiment): Compiled => {
    const key = `${B} x ${T}, ${routerKey(routed)}`;
    const known = plans.get(key);
    const plan = known ?? { pass: createForwardPass(runtime, routed, parameters, { B, T }), runs: 0 };
    plans.delete(key);
    plans.set(key, plan);
    // What did not compile is tried anew the next time.
    if (!known) plan.pass.catch(() => plans.get(key) === plan && plans.delete(key));
    return plan;
  };
  const run = async (plan: Compiled, tokens: Uint32Array, shares: RouteShares | undefined) => {
    plan.runs += 1;
    try {
      return await (await plan.pass).run(tokens, shares);
    } finally {
      plan.runs -= 1;
      closeOldest();
    }
  };
  return {
    experiment,
    tokenizer,
    maskId: tokenizer.vocabularySize,
    forward: async (B, T, routed = experiment) => {
      const { columns } = await planOf(B, T, routed).pass;
      return { B, T, columns, run: (tokens, shares) => run(planOf(B, T, routed), tokens, shares) };
    },
    weights: async () => {
      const storage = parameters.average;
      const [weights] = await runtime.read([{ storage, offset: 0, length: storage.length }]);
      return weights as Float32Array;
    },
    destroy: () => {
      for (const { pass } of plans.values()) void pass.then((compiled) => compiled.destroy()).catch(() => {});
      plans.clear();
      release();
    },
  };
}

/** What tells plans of the same weights apart. */
function routerKey({ model }: Experiment): string {
  const { feedForward, choices, capacity, capacityFactor, capacitySchedule } = model;
  return [feedForward, choices, capacity, capacityFactor, capacitySchedule].join();
}

/** The run in progress as a model: every call sees the weights of the moment. */
export function modelOfTrainer(
  { runtime, experiment, parameters }: { runtime: Runtime; experiment: Experiment; parameters: ParameterStorages },
  tokenizer: Tokenizer,
): Model {
  return modelOver(runtime, experiment, tokenizer, parameters, () => {});
}

/** Puts loaded weights (in the order of the layout) on a runtime. */
export function modelOfWeights(
  runtime: Runtime,
  experiment: Experiment,
  tokenizer: Tokenizer,
  weights: Float32Array,
): Model {
  const parameters = declareParameters(layoutOf(experiment.model, tokenizer.vocabularySize));
  const storage = parameters.average;
  runtime.write({ storage, offset: 0, length: storage.length }, weights);
  return modelOver(runtime, experiment, tokenizer, parameters, () => runtime.release([storage]));
}

/**
 * The network as a decoder calls it, for sequences of T tokens, at most `most` in a call. Several are padded to that many,
 * so that one compiled plan serves drafts of any number; a model that compares sequences reads them one after the other.
 */
export async function denoiserOf(model: Model, T: number, most = 1): Promise<Denoise> {
  const single = await model.forward(1, T);
  const isApart = comparesSequences(model.experiment);
  return async (sequences) => {
    if (sequences.length === 1 || isApart) {
      const logits: Float32Array[] = [];
      for (const xt of sequences) logits.push((await single.run(xt)).logits);
      return logits;
    }
    const { columns, run } = await model.forward(most, T);
    const tokens = new Uint32Array(most * T);
    for (let b = 0; b < most; b++) tokens.set(sequences[b] ?? sequences[0], b * T);
    const { logits } = await run(tokens);
    return sequences.map((_, b) => logits.subarray(b * T * columns, (b + 1) * T * columns));
  };
}

/**
 * Options of `decode` for this model: a named decoder with changes by path (`decode.tau`). Throws `ConfigError` for what
 * does not fit together or does not fit the model.
 */
export function decodingOf(
  { experiment, maskId }: Pick<Model, 'experiment' | 'maskId'>,
  decoder: string,
  changes: Readonly<Record<string, unknown>>,
): DecodeOptions {
  const model = decodedModelOf(experiment);
  return { settings: decodeSettings(decoder, changes, model), maskId, window: model.window };
}

/**
 * A sequence of `length` tokens that begins with the prompt; holes (`_`, see `data/prompts.ts`) and what follows the
 * prompt hold the mask. An autoregressive model continues its prompt and cannot look ahead, so there `_` is a character.
 * Throws `DataError` for a prompt longer than that, or with characters that the tokenizer does not know.
 */
export function promptTokens({ experiment, tokenizer, maskId }: Model, prompt: string, length: number): Uint32Array {
  const tokens = encodePrompt(tokenizer, prompt, experiment.objective.kind !== 'autoregressive');
  if (tokens.length > length) throw new DataError(`prompt: expected at most ${length} tokens, got ${tokens.length}`);
  return Uint32Array.from({ length }, (_, position) => tokens[position] ?? maskId);
}
