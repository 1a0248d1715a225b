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
  return x === b.x ? b.y : between(a, b, x);
}

/** Mean and standard error of the mean, sd / sqrt(n) with n - 1 in the variance; the error is 0 for a single value. */
export function meanOf(values: readonly number[]): { mean: number; error: number } {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 2) return { mean, error: 0 };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n) };
}

/** Places at which a mean is taken at most: curves of unequal places would have as many as all of them together. */
const mostPlaces = 1024;

/**
 * The mean of several curves with the standard error over them, on the stretch that all of them cover, at the places
 * where any of them was measured (evenly chosen ones, where those are very many). One curve comes back as it is; curves
 * without a common stretch give none.
 */
export function meanCurve(curves: readonly (readonly Point[])[]): Measured[] {
  const filled = curves.filter((curve) => curve.length > 0);
  if (filled.length === 0) return [];
  if (filled.length === 1) return filled[0].map(({ x, y }) => ({ x, y, error: 0 }));
  const start = filled.reduce((most, curve) => Math.max(most, curve[0].x), Number.NEGATIVE_INFINITY);
  const end = filled.reduce((least, curve) => Math.min(least, curve[curve.length - 1].x), Number.POSITIVE_INFINITY);
  const all = new Set<number>();
  for (const curve of filled) for (const { x } of curve) if (x >= start && x <= end) all.add(x);
  const places = thinned(
    [...all].sort((a, b) => a - b),
    mostPlaces,
  );
  const values = filled.map((curve) => valuesAt(curve, places));
  return places.map((x, i) => {
    const { mean, error } = meanOf(values.map((of) => of[i]));
    return { x, y: mean, error };
  });
}

/** The values of a curve at places in increasing order, all of them on the curve. */
function valuesAt(points: readonly Point[], places: readonly number[]): Float64Array {
  const values = new Float64Array(places.length);
  let high = 0;
  for (const [i, x] of places.entries()) {
    // The last point at or before the place, as `valueAt` finds it.
    while (high < points.length - 1 && points[high + 1].x <= x) high += 1;
    values[i] = between(points[high], points[Math.min(high + 1, points.length - 1)], x);
  }
  return values;
}

/** On the line through two neighbours; at the later one, its own value. */
function between(a: Point, b: Point, x: number): number {
  if (x === a.x) return a.y;
  if (x === b.x || a.x === b.x) return b.y;
  return a.y + (b.y - a.y) * ((x - a.x) / (b.x - a.x));
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

/** At most `most` of the items, evenly chosen; the first and the last always, where there is room for both. */
export function thinned<T>(items: readonly T[], most: number): T[] {
  if (items.length <= most) return [...items];
  if (most < 2) return items.slice(0, Math.max(0, most));
  return Array.from({ length: most }, (_, i) => items[Math.round((i * (items.length - 1)) / (most - 1))]);
}

/**
 * At most `most` of the points, in order: the first, the last, and of each stretch between them the lowest and the
 * highest, so that a spike survives.
 */
export function envelope<T extends Point>(points: readonly T[], most: number): T[] {
  if (points.length <= most) return [...points];
  const stretches = Math.floor((most - 2) / 2);
  if (stretches < 1) return thinned(points, most);
  const kept = [points[0]];
  const placeOf = (stretch: number) => 1 + Math.floor((stretch * (points.length - 2)) / stretches);
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    let [low, high] = [placeOf(stretch), placeOf(stretch)];
    for (let i = low + 1; i < placeOf(stretch + 1); i += 1) {
      if (points[i].y < points[low].y) low = i;
      if (points[i].y > points[high].y) high = i;
    }
    kept.push(points[Math.min(low, high)]);
    if (low !== high) kept.push(points[Math.max(low, high)]);
  }
  kept.push(points[points.length - 1]);
  return kept;
}
