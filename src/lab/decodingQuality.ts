/**
 * How good decoded text is, in numbers that do not need a reader: on a Markov source against the source itself, on prose
 * by the bound of a model. Token entropy stands beside both, because repetition can look likely (SCIENCE 5).
 */
import { decodeSettings } from '../config/decoders.ts';
import type { Experiment } from '../config/schema.ts';
import { type MarkovSource, startProbabilities, transition } from '../data/markov.ts';
import { markovPosterior } from '../data/markovPosterior.ts';
import { type Denoise, decode, type Frame } from '../diffusion/decode.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createEvaluator } from '../train/evaluation.ts';

export interface DecodingOptions {
  readonly T: number;
  readonly maskId: number;
  /** Name of a decoder, at temperature 1. */
  readonly decoder: string;
  /** Calls that the masks are spread over, where its budget reads them. */
  readonly steps: number;
  /** Texts to decode, none alike those of another seed. */
  readonly count: number;
  readonly seed: number;
}

export interface Decoded {
  /** (count * T) tokens, text after text. */
  readonly tokens: Uint32Array;
  /** Network calls per text, on average. */
  readonly calls: number;
}

/** Decodes `count` texts of T tokens from nothing but masks, sampling at temperature 1. */
export async function decodeTexts(
  denoise: Denoise,
  { T, maskId, decoder, steps, count, seed }: DecodingOptions,
): Promise<Decoded> {
  const tokens = new Uint32Array(count * T);
  let calls = 0;
  for (let text = 0; text < count; text++) {
    const start = new Uint32Array(T).fill(maskId);
    let frame: Pick<Frame, 'call' | 'tokens'> = { call: 0, tokens: start };
    // Seeds are words of 32 bits.
    const changes = { 'decode.temperature': 1, 'decode.steps': steps, 'decode.seed': (seed * count + text) >>> 0 };
    const settings = decodeSettings(decoder, changes);
    for await (frame of decode(denoise, start, { settings, maskId, window: T }));
    tokens.set(frame.tokens, text * T);
    calls += frame.call;
  }
  return { tokens, calls: calls / count };
}

/** Bits per token of the frequencies of tokens: how varied the text is, whatever its order. */
export function tokenEntropy(tokens: Uint32Array): number {
  const counts = new Map<number, number>();
  for (const token of tokens) counts.set(token, (counts.get(token) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / tokens.length) * Math.log2(count / tokens.length);
  return bits;
}

export interface SourceScore {
  /** Share of transitions that the source cannot make. */
  readonly impossible: number;
  /** Exact bits per character under the source, of what it can make. */
  readonly bits: number;
}

/** Holds texts of T symbols against the source they should be of (order 1). */
export function scoreUnderSource(source: MarkovSource, tokens: Uint32Array, T: number): SourceScore {
  const starts = startProbabilities(source, 1);
  let impossible = 0;
  let bits = 0;
  for (let i = 0; i < tokens.length; i++) {
    const isFirst = i % T === 0;
    const p = isFirst ? starts[tokens[i]] : transition(source, tokens[i - 1], tokens[i]);
    if (p > 0) bits -= Math.log2(p);
    else impossible++;
  }
  const texts = tokens.length / T;
  return { impossible: impossible / (tokens.length - texts), bits: bits / (tokens.length - impossible) };
}

/**
 * The network that a perfectly trained model would be: the exact posterior of the source. What several positions at a
 * time have made impossible together is taken as very rare, so that decoding can go on.
 */
export function oracleDenoiser(source: MarkovSource): Denoise {
  const forgiving = { ...source, counts: source.counts.map((count) => Math.max(1, count)) };
  const A = source.alphabet.length;
  const logitsOf = (xt: Uint32Array) => {
    const { probabilities } = markovPosterior(forgiving, xt);
    const logits = new Float32Array(xt.length * (A + 1));
    for (let i = 0; i < xt.length; i++)
      for (let symbol = 0; symbol < A; symbol++)
        logits[i * (A + 1) + symbol] = Math.max(-100, Math.log(probabilities[i * A + symbol]));
    return logits;
  };
  return async (sequences) => sequences.map(logitsOf);
}

/** A scorer of texts by the bound of a model, in bits per token. */
export async function boundScorer(
  runtime: Runtime,
  experiment: Experiment,
  weights: Float32Array,
  vocabularySize: number,
): Promise<{ bitsOf(tokens: Uint32Array): Promise<number>; destroy(): void }> {
  const parameters = declareParameters(layoutOf(experiment.model, vocabularySize));
  const { average } = parameters;
  runtime.write({ storage: average, offset: 0, length: average.length }, weights);
  const evaluator = await createEvaluator(runtime, experiment, parameters, experiment.training.batchSize);
  return {
    bitsOf: async (tokens) => (await evaluator.evaluate(tokens, { rounds: 4, tokensPerCharacter: 1 })).bpc,
    destroy: () => {
      evaluator.destroy();
      runtime.release([average]);
    },
  };
}
