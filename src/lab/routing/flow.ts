/** The way of tokens through the layers, and along the text (SCIENCE 6: cross-layer flow; repeat rate, Mixtral 2401.04088, table 5). */
import { holders, type Routes, topExperts } from './routes.ts';

type Chosen = Pick<Routes, 'chosen' | 'experts'>;

/** Tokens held by expert i of one layer and by expert j of the next one with experts, (E, E); into `counts` if given. */
export function addFlow(from: Chosen, to: Chosen, counts = new Uint32Array(from.experts * to.experts)): Uint32Array {
  const next = holders(to);
  holders(from).forEach((held, n) => {
    for (const i of held) for (const j of next[n]) counts[i * to.experts + j] += 1;
  });
  return counts;
}

export interface Repeats {
  /** Pairs of consecutive tokens of a sequence that both have an expert. */
  readonly pairs: number;
  /** Of those, the ones whose expert of the largest gate is the same. */
  readonly repeats: number;
  /** (E) tokens by their expert of the largest gate: chance would repeat with the sum of the squared shares. */
  readonly tops: Uint32Array;
}

/** Repeats in sequences of T tokens. */
export function repeatsOf(routes: Routes, T: number): Repeats {
  const top = topExperts(routes);
  const tops = new Uint32Array(routes.experts);
  let [pairs, repeats] = [0, 0];
  top.forEach((expert, n) => {
    if (expert < 0) return;
    tops[expert] += 1;
    if (n % T === 0 || top[n - 1] < 0) return;
    pairs += 1;
    if (top[n - 1] === expert) repeats += 1;
  });
  return { pairs, repeats, tops };
}
