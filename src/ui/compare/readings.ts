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
      const point = isWithin && points.findLast((candidate) => candidate.x <= x * (1 + 1e-9));
      if (!point) return [];
      const value = curve === 'training' ? (valueAt(points, x) ?? point.y) : point.y;
      const error = point.error > 0 ? ` ± ${point.error.toFixed(3)}` : '';
      return [{ key, label, shortLabel, colour, dash, value, text: `${value.toFixed(3)}${error}` }];
    })
    .sort((a, b) => a.value - b.value);
}

/** The places where any line of a chart has a point, in order; at most 200. */
export function placesOf(lines: readonly DrawnLine[], curve: ChartCurve): number[] {
  const all = [...new Set(lines.flatMap((line) => line[curve].map(({ x }) => x)))].sort((a, b) => a - b);
  const every = Math.ceil(all.length / 200);
  return all.filter((_, i) => i % every === 0 || i === all.length - 1);
}
