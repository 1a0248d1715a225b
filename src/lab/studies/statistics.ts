/** Means over seeds with their errors, and what they say of a claim. */
import { least } from '../../base/numbers.ts';
import type { RunRecord, Verdict } from '../../config/records.ts';
import type { Estimate, Quantity, Results } from './study.ts';

/** Standard errors by which a difference has to differ from zero to count. */
const errorsToCount = 2;

/** Held-out loss at the end of the run. */
export const finalBpc: Quantity = ({ validation }) => validation.bpc.at(-1) ?? Number.NaN;

/** The lowest held-out loss of the run: where one would have stopped. */
export const bestBpc: Quantity = ({ validation }) => least(validation.bpc);

/** A measure by name. */
export const measured =
  (name: string): Quantity =>
  ({ measures }) =>
    measures[name] ?? Number.NaN;

/** Mean and standard error of the finite values. */
export function estimateOf(values: readonly number[]): Estimate {
  const finite = values.filter(Number.isFinite);
  const count = finite.length;
  const mean = finite.reduce((sum, value) => sum + value, 0) / count;
  const squares = finite.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: count > 1 ? Math.sqrt(squares / (count - 1) / count) : Number.NaN, count };
}

/** The runs of a study as its verdicts read them; runs that failed or stopped early count for nothing. */
export function resultsOf(records: readonly RunRecord[]): Results {
  const finished = records.filter(({ status }) => status === 'finished');
  const runs = (arm: string) => finished.filter(({ study }) => study?.arm === arm);
  const seedOf = ({ experiment }: RunRecord) => experiment.training.seed;
  return {
    runs,
    mean: (arm, quantity) => estimateOf(runs(arm).map(quantity)),
    difference: (one, other, quantity) => {
      const others = new Map(runs(other).map((run) => [seedOf(run), quantity(run)]));
      return estimateOf(runs(one).map((run) => quantity(run) - (others.get(seedOf(run)) ?? Number.NaN)));
    },
  };
}

/** Whether a quantity is above zero beyond its error. */
export function isPositive({ mean, error }: Estimate): Verdict['outcome'] {
  if (mean > errorsToCount * error) return 'reproduced';
  if (mean < -errorsToCount * error) return 'not reproduced';
  return 'undecided';
}

/** Whether a quantity lies within `margin` of zero, its error included. */
export function isNearZero({ mean, error }: Estimate, margin: number): Verdict['outcome'] {
  if (Math.abs(mean) + errorsToCount * error <= margin) return 'reproduced';
  if (Math.abs(mean) - errorsToCount * error > margin) return 'not reproduced';
  return 'undecided';
}

/** A claim that holds only if all its parts do. */
export function allOf(outcomes: readonly Verdict['outcome'][]): Verdict['outcome'] {
  if (outcomes.includes('not reproduced')) return 'not reproduced';
  return outcomes.includes('undecided') ? 'undecided' : 'reproduced';
}

/** An order of arms from high to low loss: each step has to hold. */
export function orderOf(
  results: Results,
  arms: readonly (readonly [arm: string, label: string])[],
  quantity: Quantity,
): Pick<Verdict, 'outcome' | 'evidence'> {
  const steps = arms.slice(1).map(([arm], index) => results.difference(arms[index][0], arm, quantity));
  const means = arms.map(([arm, label]) => `${label} ${withError(results.mean(arm, quantity))}`);
  return {
    outcome: allOf(steps.map(isPositive)),
    evidence: `${means.join(', ')} bits per character; differences ${steps.map((step) => withError(step)).join(', ')} (${seedsOf(steps)}).`,
  };
}

/** "2.651 ± 0.004". */
export function withError({ mean, error }: Estimate, digits = 3): string {
  return `${fixed(mean, digits)} ± ${fixed(error, digits)}`;
}

/** A number in words; "?" for what is not known: the error of a single seed, a measure that was not taken. */
export function fixed(value: number, digits: number): string {
  return Number.isNaN(value) ? '?' : value.toFixed(digits);
}

/** A whole number for a table; "?" for what is not known. */
export function rounded(value: number): number | string {
  return Number.isNaN(value) ? '?' : Math.round(value);
}

/** "3 seeds": how many the estimates rest on. */
export function seedsOf(estimates: readonly Estimate[]): string {
  const fewest = least(estimates.map(({ count }) => count));
  return `${fewest} ${fewest === 1 ? 'seed' : 'seeds'}, paired, ± one standard error`;
}
