/**
 * Recorded routes of one layer, as the measures of routing read them (SCIENCE 6): which experts hold which tokens. What
 * is held counts, never what has a gate above 0: a gate may be 0 in float32.
 */
import type { LayerDecision } from '../../model/forwardPass.ts';

/** Of N tokens and E experts; `chosen`, `dropped` and `gates` are (N, E). */
export type Routes = Omit<LayerDecision, 'layer' | 'scores'>;

/** The tokens `start` to `end` - 1 of routes, as views. */
export function rowsOf<R extends Routes>(routes: R, start: number, end: number): R {
  const { experts: E } = routes;
  const part = <A extends Float32Array | Uint8Array>(values: A): A => values.subarray(start * E, end * E) as A;
  const views = { chosen: part(routes.chosen), dropped: part(routes.dropped), gates: part(routes.gates) };
  return 'scores' in routes
    ? { ...routes, ...views, scores: part(routes.scores as Float32Array) }
    : { ...routes, ...views };
}

/** The experts that hold each token, ascending. */
export function holders({ chosen, experts: E }: Pick<Routes, 'chosen' | 'experts'>): number[][] {
  return Array.from({ length: chosen.length / E }, (_, n) => {
    const held: number[] = [];
    for (let e = 0; e < E; e++) if (chosen[n * E + e]) held.push(e);
    return held;
  });
}

/** The expert of the largest gate among those that hold each token, ties to the lower expert; -1 where none does. */
export function topExperts({ chosen, gates, experts: E }: Routes): Int32Array {
  return Int32Array.from({ length: chosen.length / E }, (_, n) => {
    let top = -1;
    for (let e = 0; e < E; e++) {
      if (chosen[n * E + e] && (top < 0 || gates[n * E + e] > gates[n * E + top])) top = e;
    }
    return top;
  });
}
