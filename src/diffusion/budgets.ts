/** Budgets: how many candidates are committed. A new budget is one rule here and one option of `decode.budget`. */
import { streams, uniformAt } from '../base/random.ts';
import type { Budget } from '../config/decodeSettings.ts';
import { revealProbability } from './schedules.ts';
import type { Allowance, Commit, DecodeView } from './view.ts';

/** Chooses among at least one candidate, the preferred first. All but `each` commit at least one per span of steps. */
type BudgetRule = (view: DecodeView, ranked: readonly Commit[]) => Allowance;

export const budgets: Record<Budget, BudgetRule> = {
  /** LLaDA 2502.09992: masked // steps, one more in the first masked % steps. */
  quota: ({ openAtStart, steps, step }, ranked) => {
    const quota = Math.floor(openAtStart / steps) + (step < openAtStart % steps ? 1 : 0);
    return { chosen: ranked.slice(0, quota), value: quota };
  },
  /** MDLM 2406.07524, equation 7: each open position by itself. Revealing and sampling use separate draws. */
  each: (view, ranked) => {
    const { settings, step } = view;
    const reveal = revealProbability(view);
    const isRevealed = ({ position }: Commit) => uniformAt(settings.seed, streams.decode, 2 * step, position) < reveal;
    return { chosen: ranked.filter(isRevealed), value: reveal };
  },
  /** First-hitting sampler 2409.02908: the first of n masks to be revealed after time t is at t u^(1/n). */
  one: (view, ranked) => ({ chosen: ranked.slice(0, 1), value: hittingTime(view) }),
  /** Fast-dLLM 2505.22618: all with score >= tau, at least the best. */
  threshold: ({ settings: { tau } }, ranked) => {
    const sure = ranked.filter(({ score }) => score >= tau);
    return { chosen: sure.length > 0 ? sure : ranked.slice(0, 1), value: tau };
  },
  /** Fast-dLLM 2505.22618: the largest n with (n + 1)(1 - c_n) < f for the n-th confidence, at least 1. */
  factor: ({ settings: { factor } }, ranked) => {
    let count = 1;
    ranked.forEach(({ score }, index) => {
      if ((index + 2) * (1 - score) < factor) count = index + 1;
    });
    return { chosen: ranked.slice(0, count), value: factor };
  },
  /** EB-Sampler 2505.24857: the longest prefix, lowest entropy first, with sum of entropies - their maximum <= gamma. */
  'entropy-bound': ({ settings: { gamma }, beliefs }, ranked) => {
    let sum = 0;
    let largest = 0;
    let count = 0;
    for (const { position } of ranked) {
      const { entropy } = beliefs.statistics(position);
      sum += entropy;
      largest = Math.max(largest, entropy);
      // The first alone has nothing in common with others; a rounding error must not stop it.
      if (count > 0 && sum - largest > gamma) break;
      count++;
    }
    return { chosen: ranked.slice(0, count), value: gamma };
  },
};

/** The time of the reverse process after this step, from 1 down to 0: t <- t u^(1/n) with n masks, one filled per step. */
function hittingTime({ settings, step, openAtStart }: DecodeView): number {
  let t = 1;
  for (let i = 0; i <= step && i < openAtStart; i++)
    t *= uniformAt(settings.seed, streams.decodeTime, i, openAtStart) ** (1 / (openAtStart - i));
  return t;
}
