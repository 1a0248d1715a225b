/**
 * Decoders: which open positions are committed after a network call, and to what. Rules only, on plain arrays;
 * the loop that calls the network is `decode.ts`, names and words are in `src/config/decoders.ts`. Definitions:
 * SCIENCE 5.
 */

import { streams, uniformAt } from '../base/random.ts';
import type { DecoderName } from '../config/decoders.ts';

/** What shapes the distribution that tokens are drawn from. */
export interface Sampling {
  /** 0 takes the most probable token. */
  readonly temperature: number;
  /** Most probable tokens to draw from, for top-k. */
  readonly topK: number;
  /** Share of the probability to draw from, for top-p. */
  readonly topP: number;
  readonly seed: number;
}

/** What a rule sees after a network call. */
export interface DecodeView extends Sampling {
  /** Masked positions that may be committed now, ascending. */
  readonly open: readonly number[];
  /** (T, V) probabilities without the mask's column; rows of other positions are not meant. */
  readonly probabilities: Float64Array;
  readonly V: number;
  /** Index of this step and how many there are for the positions at hand. */
  readonly step: number;
  readonly steps: number;
  /** How many of them were masked when their first step began. */
  readonly openAtStart: number;
}

export interface Commit {
  readonly position: number;
  readonly token: number;
  /** Probability that the network gave the token. */
  readonly confidence: number;
}

/** What a rule decides after a network call; the loop carries it out. */
export interface Decision {
  readonly commit: readonly Commit[];
  /** Positions of earlier commits that are masked again. */
  readonly remask: readonly number[];
  /** The candidates that were weighed, the preferred first, whether they were committed or not. */
  readonly notes: readonly Commit[];
}

/** A pure function: the same view gives the same decision. */
export type DecodeRule = (view: DecodeView) => Decision;

/** The rules of the named decoders; their parts as data are in `src/config/decoders.ts`. */
export const decoders: Record<DecoderName, DecodeRule> = {
  confidence: commitByConfidence,
  ancestral: commitAncestrally,
  sampling: commitNext((p) => p),
  greedy: (view) => commitAll([candidateAt({ ...view, temperature: 0 }, view.open[0])]),
  'top-k': commitNext((p, { topK }) => keepMostProbable(p, (rank) => rank < topK)),
  'top-p': commitNext((p, { topP }) => keepMostProbable(p, (_, before) => before < topP)),
};

/**
 * LLaDA 2502.09992, low-confidence remasking: the quota is masked // steps, one more in the first masked % steps;
 * confidence is the probability of the candidate, without the noise it may have been drawn with.
 */
function commitByConfidence(view: DecodeView): Decision {
  const { open, openAtStart, steps, step } = view;
  const quota = Math.floor(openAtStart / steps) + (step < openAtStart % steps ? 1 : 0);
  const candidates = open.map((position) => candidateAt(view, position));
  candidates.sort((a, b) => b.confidence - a.confidence || a.position - b.position);
  return { commit: candidates.slice(0, quota), remask: [], notes: candidates };
}

/**
 * MDLM 2406.07524, equation 7 with alpha = 1 - t: going from t to s < t, each masked position is revealed with
 * probability (alpha_s - alpha_t) / (1 - alpha_t) = (t - s) / t. Revealing and sampling use separate draws.
 */
function commitAncestrally(view: DecodeView): Decision {
  const { open, steps, step, seed } = view;
  const reveal = 1 / (steps - step);
  const revealed = open.filter((position) => uniformAt(seed, streams.decode, 2 * step, position) < reveal);
  return commitAll(revealed.map((position) => candidateAt(view, position)));
}

/** One token per call, the first that is open, drawn from what `keep` leaves of the tempered probabilities. */
function commitNext(keep: Keep): DecodeRule {
  return (view) => commitAll([candidateAt(view, view.open[0], keep)]);
}

/** Every candidate that was weighed is committed. */
function commitAll(candidates: readonly Commit[]): Decision {
  return { commit: candidates, remask: [], notes: candidates };
}

type Keep = (p: Float64Array, sampling: Sampling) => Float64Array;

/** Tokens in order of probability, ties to the lower; `keeps` sees the rank and the share of those before. */
function keepMostProbable(p: Float64Array, keeps: (rank: number, before: number) => boolean): Float64Array {
  const total = p.reduce((sum, value) => sum + value, 0);
  const order = Array.from(p, (_, token) => token).sort((a, b) => p[b] - p[a] || a - b);
  const kept = new Float64Array(p.length);
  let before = 0;
  order.forEach((token, rank) => {
    if (keeps(rank, before / total)) kept[token] = p[token];
    before += p[token];
  });
  return kept;
}

/**
 * The most probable token at temperature 0, else one drawn from p^(1 / temperature) by inverse CDF in float64:
 * Gumbel noise in float32 lowers the effective temperature (2409.02908).
 */
function candidateAt(view: DecodeView, position: number, keep: Keep = (p) => p): Commit {
  const { probabilities, V, temperature, seed, step } = view;
  const row = probabilities.subarray(position * V, (position + 1) * V);
  let token = 0;
  if (temperature === 0) {
    for (let v = 1; v < V; v++) if (row[v] > row[token]) token = v;
  } else {
    const scaled = keep(
      Float64Array.from(row, (p) => p ** (1 / temperature)),
      view,
    );
    const total = scaled.reduce((sum, p) => sum + p, 0);
    let left = uniformAt(seed, streams.decode, 2 * step + 1, position) * total;
    while (token < V - 1 && left >= scaled[token]) left -= scaled[token++];
    // Rounding may leave the search on a token of probability 0 at the end of the row.
    while (scaled[token] === 0 && token > 0) token--;
  }
  return { position, token, confidence: row[token] };
}
