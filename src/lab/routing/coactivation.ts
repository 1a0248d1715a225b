/** Which experts hold the same tokens (SCIENCE 6: co-activation P(j | i), over all pairs). */
import { holders, type Routes } from './routes.ts';

/** Tokens that experts i and j both hold, (E, E); on the diagonal the load. Into `counts` if given. */
export function addPairs(
  routes: Pick<Routes, 'chosen' | 'experts'>,
  counts = new Uint32Array(routes.experts ** 2),
): Uint32Array {
  for (const held of holders(routes)) {
    for (const i of held) for (const j of held) counts[i * routes.experts + j] += 1;
  }
  return counts;
}

/** P(j | i): the share of expert i's tokens that expert j holds too, (E, E); 0 for an expert without tokens. */
export function coactivation(pairs: ArrayLike<number>, E: number): Float64Array {
  return Float64Array.from({ length: E * E }, (_, at) => {
    const i = Math.floor(at / E);
    const load = pairs[i * E + i];
    return load > 0 ? pairs[at] / load : 0;
  });
}
