/** Orders: which candidates come first. A new order is one rule here and one option of `decode.order` in the schema. */
import { pcg4d, streams, uniformAt } from '../base/random.ts';
import type { Order } from '../config/decodeSettings.ts';
import { candidateAt } from './candidates.ts';
import type { Commit, DecodeView, Edit } from './view.ts';

/** A score, from 0 to 1, of which the largest comes first. */
type OrderRule = (view: DecodeView, candidate: Edit) => number;

export const orders: Record<Order, OrderRule> = {
  /** Probability of the candidate, without the noise that it may have been drawn with (LLaDA 2502.09992). */
  confidence: (_, { confidence }) => confidence,
  /** Lead of the best token over the second (2502.06768). */
  margin: ({ beliefs }, { position }) => beliefs.statistics(position).margin,
  /** exp(-H), so that the lowest entropy comes first and the log score is -H, as Dream's (2508.15487). */
  entropy: ({ beliefs }, { position }) => Math.exp(-beliefs.statistics(position).entropy),
  random: ({ settings, step }, { position }) => uniformAt(settings.seed, streams.decodeOrder, step, position),
  position: (_, { position }) => 1 / (1 + position),
};

/** The candidate of every open position with its score, the preferred first; of equals the earlier position. */
export function rank(view: DecodeView): Commit[] {
  const rule = orders[view.settings.order];
  const scored = view.open.map((position) => {
    const candidate = candidateAt(view, position);
    const score = rule(view, candidate);
    return { key: keyOf(view, position, score), commit: { ...candidate, score } };
  });
  scored.sort((a, b) => b.key - a.key || a.commit.position - b.commit.position);
  return scored.map(({ commit }) => commit);
}

/** What is sorted by: the score, or with noise log(score) / noise + Gumbel, a draw without replacement (Dream's alg_temp). */
function keyOf({ settings: { orderNoise, seed }, step }: DecodeView, position: number, score: number): number {
  if (orderNoise === 0) return score;
  const uniform = (pcg4d(seed, streams.decodeOrder, step, position)[0] + 0.5) / 2 ** 32;
  // A score of 0 comes last, but is no infinity: two of them are told apart by their noise.
  return Math.log(Math.max(score, 1e-300)) / orderNoise - Math.log(-Math.log(uniform));
}
