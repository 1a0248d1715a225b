/** How far routes have come to those of another state of the same model (SCIENCE 6; OLMoE 2409.02060, equation 4). */
import type { Routes } from './routes.ts';

/**
 * Share of the routes of `last` that `routes` has too: under token choice the mean of |topk_t intersect topk_T| / k.
 * 1 where `last` has no routes.
 */
export function routingSaturation(
  { chosen }: Pick<Routes, 'chosen'>,
  { chosen: last }: Pick<Routes, 'chosen'>,
): number {
  let [both, all] = [0, 0];
  for (let at = 0; at < last.length; at++) {
    all += last[at];
    both += last[at] & chosen[at];
  }
  return all > 0 ? both / all : 1;
}
