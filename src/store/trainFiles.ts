/** The curves of the run on show in Train as CSV, at the resolution at which they are kept. Pure functions. */
import { csvOf } from '../base/csv.ts';
import type { ValidationPoint } from './live.ts';
import { type Series, smoothed, trace } from './series.ts';

/**
 * Loss in bits per character, one row per point: each step of training (of merged steps the lowest and the highest),
 * the same smoothed, and validation with its standard error.
 * @param decay share of the past that the smoothed curve keeps per step; 0 leaves it out
 */
export function lossCsv(series: Series, decay: number, validation: readonly ValidationPoint[]): string {
  const main = decay > 0 ? smoothed(series, series.capacity, decay) : [];
  return csvOf(
    ['curve', 'step', 'bits per character', 'standard error'],
    [
      ...trace(series, 2 * series.capacity).map(({ x, y }) => ['training', x, y, null] as const),
      ...main.map(({ x, y }) => ['training, smoothed', x, y, null] as const),
      ...validation.map(({ step, bpc, standardError }) => ['validation', step, bpc, standardError] as const),
    ],
  );
}

/** Tokens per second, one row per step, or per mean of neighbouring steps in a long run. */
export function speedCsv(series: Series): string {
  return csvOf(
    ['step', 'tokens per second'],
    smoothed(series, series.capacity, 0).map(({ x, y }) => [x, y]),
  );
}

/** Global norm of the gradient before it is clipped: each step, of merged steps the lowest and the highest. */
export function gradientCsv(series: Series): string {
  return csvOf(
    ['step', 'gradient norm'],
    trace(series, 2 * series.capacity).map(({ x, y }) => [x, y]),
  );
}
