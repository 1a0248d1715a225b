/**
 * Load of the experts of a layer, and how even it is (SCIENCE 6). MaxVio is in `src/model/probes/load.ts`, as training
 * reports it.
 */
import type { Routes } from './routes.ts';

type Chosen = Pick<Routes, 'chosen' | 'experts'>;

/** Tokens that each expert holds, (E); into `counts` if given. */
export function addLoad({ chosen, experts: E }: Chosen, counts = new Uint32Array(E)): Uint32Array {
  for (let at = 0; at < chosen.length; at++) counts[at % E] += chosen[at];
  return counts;
}

/** Summed gates of each expert, (E). */
export function gateMass({ gates, experts: E }: Pick<Routes, 'gates' | 'experts'>): Float64Array {
  const mass = new Float64Array(E);
  for (let at = 0; at < gates.length; at++) mass[at % E] += gates[at];
  return mass;
}

/** Tokens that are held by 0 to E experts, (E + 1); into `counts` if given. Under expert choice: adaptive computation. */
export function addExpertsPerToken({ chosen, experts: E }: Chosen, counts = new Uint32Array(E + 1)): Uint32Array {
  for (let start = 0; start < chosen.length; start += E) {
    let held = 0;
    for (let e = 0; e < E; e++) held += chosen[start + e];
    counts[held] += 1;
  }
  return counts;
}

/** Routes that asked for an expert, and those of them that no expert held as it was full. */
export function dropsOf({ chosen, dropped }: Pick<Routes, 'chosen' | 'dropped'>): { asked: number; dropped: number } {
  const sum = (values: Uint8Array) => values.reduce((total, one) => total + one, 0);
  const lost = sum(dropped);
  return { asked: sum(chosen) + lost, dropped: lost };
}

/** Standard deviation of the load over its mean (over all experts: divided by E); 0 without routes. */
export function coefficientOfVariation(load: ArrayLike<number>): number {
  const values = Array.from(load);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  if (mean === 0) return 0;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) / mean;
}

/** Entropy of the shares of the load over that of an even load, log E: 1 even, 0 one expert has all; 1 for one expert. */
export function normalisedEntropy(load: ArrayLike<number>): number {
  const values = Array.from(load);
  const total = values.reduce((sum, value) => sum + value, 0);
  if (values.length === 1) return 1;
  if (total === 0) return 0;
  const entropy = values.reduce((sum, value) => (value > 0 ? sum - (value / total) * Math.log(value / total) : sum), 0);
  return entropy / Math.log(values.length);
}
