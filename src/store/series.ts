/**
 * A curve of any length in bounded memory, outside React. Values are kept in buckets of equal numbers of points;
 * when all buckets are used, neighbours merge and the bucket size doubles. A bucket keeps its extremes and where
 * they were, so that a spike survives every merge. Not here: drawing.
 */

export interface Series {
  readonly capacity: number;
  /** Buckets in use. */
  length: number;
  /** Points per full bucket; a power of two. */
  bucketSize: number;
  /** Points appended since the last clear. */
  total: number;
  /** Last value appended, or after a cut the mean of the last bucket; NaN while empty. */
  last: number;
  readonly firstX: Float64Array;
  readonly lastX: Float64Array;
  readonly lowX: Float64Array;
  readonly highX: Float64Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
  readonly sum: Float64Array;
  readonly count: Uint32Array;
  /** Points after a bucket's first that were no finite numbers, and so are in none. */
  readonly gaps: Uint32Array;
  /** Such points before the first bucket. */
  firstGaps: number;
  /** Points of a bucket at or below 0, which a logarithmic axis has no place for. */
  readonly notAbove0: Uint32Array;
}

/** An empty series of at most `capacity` buckets. Throws `RangeError` unless that is an even number of at least 2. */
export function createSeries(capacity = 4096): Series {
  if (!Number.isInteger(capacity) || capacity < 2 || capacity % 2 !== 0) {
    throw new RangeError(`createSeries: expected an even capacity of at least 2, got ${capacity}`);
  }
  return {
    capacity,
    length: 0,
    bucketSize: 1,
    total: 0,
    last: Number.NaN,
    firstX: new Float64Array(capacity),
    lastX: new Float64Array(capacity),
    lowX: new Float64Array(capacity),
    highX: new Float64Array(capacity),
    low: new Float32Array(capacity),
    high: new Float32Array(capacity),
    sum: new Float64Array(capacity),
    count: new Uint32Array(capacity),
    gaps: new Uint32Array(capacity),
    firstGaps: 0,
    notAbove0: new Uint32Array(capacity),
  };
}

/** Forgets everything. */
export function clearSeries(series: Series): void {
  series.length = 0;
  series.bucketSize = 1;
  series.total = 0;
  series.firstGaps = 0;
  series.last = Number.NaN;
}

/** Forgets the points after `x`, and a bucket that reaches past it: no curve goes back in x. */
export function cutSeries(series: Series, x: number): void {
  while (series.length > 0 && series.lastX[series.length - 1] > x) {
    series.length -= 1;
    series.total -= series.count[series.length];
  }
  const i = series.length - 1;
  series.last = i < 0 ? Number.NaN : series.sum[i] / series.count[i];
}

/**
 * Adds one point; `x` must not decrease. One that is not finite, or too large for single precision, leaves a gap: it is
 * counted, and not drawn.
 */
export function append(series: Series, x: number, y: number): void {
  series.last = y;
  let i = series.length - 1;
  if (!Number.isFinite(Math.fround(y)) || !Number.isFinite(x)) {
    if (i < 0) series.firstGaps += 1;
    else series.gaps[i] += 1;
    return;
  }
  series.total += 1;
  if (i < 0 || series.count[i] >= series.bucketSize) {
    if (series.length === series.capacity) mergeNeighbours(series);
    i = series.length;
    series.length += 1;
    series.firstX[i] = x;
    series.low[i] = Number.POSITIVE_INFINITY;
    series.high[i] = Number.NEGATIVE_INFINITY;
    series.sum[i] = 0;
    series.count[i] = 0;
    series.gaps[i] = 0;
    series.notAbove0[i] = 0;
  }
  if (!(Math.fround(y) > 0)) series.notAbove0[i] += 1;
  if (y < series.low[i]) {
    series.low[i] = y;
    series.lowX[i] = x;
  }
  if (y > series.high[i]) {
    series.high[i] = y;
    series.highX[i] = x;
  }
  series.lastX[i] = x;
  series.sum[i] += y;
  series.count[i] += 1;
}

function mergeNeighbours(s: Series): void {
  for (let to = 0, from = 0; from < s.length; to += 1, from += 2) {
    const next = from + 1;
    const lowFrom = s.low[next] < s.low[from] ? next : from;
    const highFrom = s.high[next] > s.high[from] ? next : from;
    s.firstX[to] = s.firstX[from];
    s.lastX[to] = s.lastX[next];
    s.lowX[to] = s.lowX[lowFrom];
    s.low[to] = s.low[lowFrom];
    s.highX[to] = s.highX[highFrom];
    s.high[to] = s.high[highFrom];
    s.sum[to] = s.sum[from] + s.sum[next];
    s.count[to] = s.count[from] + s.count[next];
    s.gaps[to] = s.gaps[from] + s.gaps[next];
    s.notAbove0[to] = s.notAbove0[from] + s.notAbove0[next];
  }
  s.length /= 2;
  s.bucketSize *= 2;
}

/** How many points a chart of the series leaves out: gaps, and what is not above 0 (of use on a logarithmic axis). */
export function leftOutOfSeries(series: Series): { notNumbers: number; notAbove0: number } {
  let [notNumbers, notAbove0] = [series.firstGaps, 0];
  for (let i = 0; i < series.length; i += 1) {
    notNumbers += series.gaps[i];
    notAbove0 += series.notAbove0[i];
  }
  return { notNumbers, notAbove0 };
}

export interface Point {
  x: number;
  y: number;
}

/** The raw trace in at most `maxPoints` points, in order of x; the lowest and the highest value always survive. */
export function trace(series: Series, maxPoints: number): Point[] {
  const points: Point[] = [];
  const group = groupSize(series, Math.floor(maxPoints / 2));
  for (let start = 0; start < series.length; start += group) {
    const end = Math.min(start + group, series.length);
    let low = start;
    let high = start;
    for (let i = start + 1; i < end; i += 1) {
      if (series.low[i] < series.low[low]) low = i;
      if (series.high[i] > series.high[high]) high = i;
    }
    const bottom = { x: series.lowX[low], y: series.low[low] };
    const top = { x: series.highX[high], y: series.high[high] };
    if (bottom.x === top.x) points.push(bottom);
    else if (bottom.x < top.x) points.push(bottom, top);
    else points.push(top, bottom);
  }
  return points;
}

/**
 * The curve smoothed by an exponential moving average over points (bias-corrected), in at most `maxPoints` points.
 * @param decay share of the past kept per point, 0 (none) to below 1
 */
export function smoothed(series: Series, maxPoints: number, decay: number): Point[] {
  const points: Point[] = [];
  const group = groupSize(series, maxPoints);
  let average = 0;
  let weight = 0;
  for (let i = 0; i < series.length; i += 1) {
    const keep = decay ** series.count[i];
    average = keep * average + (1 - keep) * (series.sum[i] / series.count[i]);
    weight = keep * weight + (1 - keep);
    if ((i + 1) % group === 0 || i === series.length - 1) points.push({ x: series.lastX[i], y: average / weight });
  }
  return points;
}

function groupSize(series: Series, maxGroups: number): number {
  return Math.max(1, Math.ceil(series.length / Math.max(1, maxGroups)));
}
