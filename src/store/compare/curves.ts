/**
 * Arithmetic on curves with unequal abscissae: interpolation, mean with standard error over runs, smoothing,
 * thinning. Pure functions; which runs belong together is in `groups.ts`.
 */
import { greatest, least } from '../../base/numbers.ts';
import type { Point } from '../series.ts';

/** A point with the half-width of its error bar; 0 where none is known. */
export interface Measured extends Point {
  readonly error: number;
}

/** The value of a curve at `x` by linear interpolation; null outside of the curve. Points are in order of x. */
export function valueAt(points: readonly Point[], x: number): number | null {
  if (points.length === 0 || x < points[0].x || x > points[points.length - 1].x) return null;
  let low = 0;
  let high = points.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle].x <= x) low = middle;
    else high = middle;
  }
  const [a, b] = [points[low], points[high]];
  if (x === b.x || a.x === b.x) return b.y;
  return a.y + ((b.y - a.y) * (x - a.x)) / (b.x - a.x);
}

/** Mean and standard error of the mean, sd / sqrt(n) with n - 1 in the variance; the error is 0 for a single value. */
export function meanOf(values: readonly number[]): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, error: 0 };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/**
 * The mean of several curves with the standard error over them, on the stretch that all of them cover, at the places
 * where any of them was measured. One curve comes back as it is; curves without a common stretch give none.
 */
export function meanCurve(curves: readonly (readonly Point[])[]): Measured[] {
  const filled = curves.filter((curve) => curve.length > 0);
  if (filled.length === 0) return [];
  const start = greatest(filled.map((curve) => curve[0].x));
  const end = least(filled.map((curve) => curve[curve.length - 1].x));
  const places = new Set(filled.flatMap((curve) => curve.map(({ x }) => x)).filter((x) => x >= start && x <= end));
  return [...places]
    .sort((a, b) => a - b)
    .map((x) => {
      const { mean, error } = meanOf(filled.map((curve) => valueAt(curve, x) ?? Number.NaN));
      return { x, y: mean, error };
    });
}

/**
 * Exponential moving average over x (bias-corrected): a point `reach` back weighs 1/e. Unlike an average over points it
 * does not depend on how a curve was thinned. A reach of 0 changes nothing.
 */
export function smooth(points: readonly Point[], reach: number): Point[] {
  if (reach <= 0) return [...points];
  let sum = 0;
  let weight = 0;
  let before = points[0]?.x ?? 0;
  return points.map(({ x, y }) => {
    const keep = Math.exp(-(x - before) / reach);
    before = x;
    sum = keep * sum + y;
    weight = keep * weight + 1;
    return { x, y: sum / weight };
  });
}

/** At most `most` of the items, evenly chosen; the first and the last always. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}
