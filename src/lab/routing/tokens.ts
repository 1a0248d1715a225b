/**
 * Which tokens of the vocabulary go to which experts (SCIENCE 6: vocabulary specialisation; OLMoE 2409.02060, section 5.3).
 * The ids are those of the tokens that are read, that should be predicted, or that are.
 */
import type { Routes } from './routes.ts';

/** Id of a position that does not count. */
export const noToken = 0xffffffff;

/** Adds to `counts` (E, V) the tokens that each expert holds, by id; `ids` (N). */
export function addTokenCounts(
  counts: Uint32Array,
  { chosen, experts: E }: Pick<Routes, 'chosen' | 'experts'>,
  ids: ArrayLike<number>,
): void {
  const V = counts.length / E;
  for (let n = 0; n < ids.length; n++) {
    if (ids[n] === noToken) continue;
    for (let e = 0; e < E; e++) counts[e * V + ids[n]] += chosen[n * E + e];
  }
}

/** Routes of each token of the vocabulary, and those to the expert that holds most of it. */
export function routesByToken(counts: ArrayLike<number>, E: number): { routes: number; top: number }[] {
  const V = counts.length / E;
  return Array.from({ length: V }, (_, v) => {
    let [routes, top] = [0, 0];
    for (let e = 0; e < E; e++) {
      routes += counts[e * V + v];
      top = Math.max(top, counts[e * V + v]);
    }
    return { routes, top };
  });
}

/** Share of a token's routes that go to its top expert, over all tokens weighted by their routes; 0 without routes. */
export function vocabularySpecialisation(counts: ArrayLike<number>, E: number): number {
  const byToken = routesByToken(counts, E);
  const all = byToken.reduce((sum, { routes }) => sum + routes, 0);
  return all > 0 ? byToken.reduce((sum, { top }) => sum + top, 0) / all : 0;
}

/**
 * How many times more often than in the text a class of tokens is among what an expert holds:
 * (held of the class / held) / (tokens of the class / tokens); 0 where the expert holds none, NaN for a class that is nowhere.
 */
export function lift(heldOfClass: number, held: number, ofClass: number, tokens: number): number {
  if (ofClass === 0) return Number.NaN;
  return held > 0 ? heldOfClass / held / (ofClass / tokens) : 0;
}
