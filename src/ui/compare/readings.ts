/** What the lines of a chart read at a place on the x axis, in words and numbers. Pure functions. */
import { valueAt } from '../../store/compare/curves.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import type { DrawnLine } from './useLines.ts';

export interface Reading {
  readonly key: string;
  readonly label: string;
  readonly shortLabel: string;
  readonly colour: string;
  readonly dash: string | undefined;
  readonly value: number;
  /** The value with its error, where one is known. */
  readonly text: string;
}

/** The reading of every line that reaches `x`, the lowest first: training interpolated, the last validation before. */
export function readingsAt(lines: readonly DrawnLine[], curve: ChartCurve, x: number): Reading[] {
  return lines
    .flatMap(({ key, label, shortLabel, colour, dash, ...line }) => {
      const points = line[curve];
      const isWithin = points.length > 0 && x <= points[points.length - 1].x * (1 + 1e-9);
      const point = isWithin && lastUpTo(points, x * (1 + 1e-9));
      if (!point) return [];
      const value = curve === 'training' ? (valueAt(points, x) ?? point.y) : point.y;
      if (!Number.isFinite(value)) return [];
      const error = point.error > 0 ? ` ± ${point.error.toFixed(3)}` : '';
      return [{ key, label, shortLabel, colour, dash, value, text: `${value.toFixed(3)}${error}` }];
    })
    .sort((a, b) => a.value - b.value);
}

/** The last point at or before `x`; undefined where there is none. Points are in order. */
function lastUpTo<T extends { readonly x: number }>(points: readonly T[], x: number): T | undefined {
  let [low, high] = [0, points.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].x <= x) low = middle + 1;
    else high = middle;
  }
  return points[low - 1];
}

/** The places where any line of a chart has a point, in order; at most 200. */
export function placesOf(lines: readonly DrawnLine[], curve: ChartCurve): number[] {
  const found = new Set<number>();
  for (const line of lines) for (const { x } of line[curve]) found.add(x);
  const all = [...found].sort((a, b) => a - b);
  const every = Math.ceil(all.length / 200);
  return all.filter((_, i) => i % every === 0 || i === all.length - 1);
}
