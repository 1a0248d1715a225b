/** A series never grows beyond its capacity, and never loses an extreme, an end or the order of its points. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { append, clearSeries, createSeries, cutSeries, smoothed, trace } from '../../src/store/series.ts';

function seriesOf(values: readonly number[], capacity: number) {
  const series = createSeries(capacity);
  for (const [step, value] of values.entries()) append(series, step, value);
  return series;
}

const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 }), {
  minLength: 1,
  maxLength: 600,
});

describe('series', () => {
  it('keeps every point while there is room', () => {
    const series = seriesOf([3, 1, 2], 8);
    expect(trace(series, 100)).toEqual([
      { x: 0, y: 3 },
      { x: 1, y: 1 },
      { x: 2, y: 2 },
    ]);
    expect(series.last).toBe(2);
  });

  it('keeps a single spike through every merge and decimation', () => {
    const series = createSeries(16);
    for (let step = 0; step < 100_000; step += 1) append(series, step, step === 77_777 ? 50 : 1);
    expect(series.length).toBeLessThanOrEqual(16);
    expect(trace(series, 10)).toContainEqual({ x: 77_777, y: 50 });
  });

  it('stays within its bounds, keeps both extremes with their places, and stays in order', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 20 }), fc.integer({ min: 2, max: 64 }), (ys, half, most) => {
        const series = seriesOf(ys, half * 2);
        const points = trace(series, most);
        expect(series.length).toBeLessThanOrEqual(half * 2);
        expect(points.length).toBeLessThanOrEqual(Math.max(2, most));
        const singles = ys.map(Math.fround);
        const drawn = points.map((point) => point.y);
        expect(Math.min(...drawn)).toBe(Math.min(...singles));
        expect(Math.max(...drawn)).toBe(Math.max(...singles));
        for (const { x, y } of points) expect(singles[x]).toBe(y);
        for (let i = 1; i < points.length; i += 1) expect(points[i].x).toBeGreaterThan(points[i - 1].x);
      }),
    );
  });

  it('counts every point once', () => {
    fc.assert(
      fc.property(values, (ys) => {
        const series = seriesOf(ys, 8);
        const counted = series.count.slice(0, series.length).reduce((sum, count) => sum + count, 0);
        expect(counted).toBe(ys.length);
        const sum = series.sum.slice(0, series.length).reduce((total, part) => total + part, 0);
        expect(sum).toBeCloseTo(
          ys.reduce((total, y) => total + y, 0),
          6,
        );
      }),
    );
  });

  it('smooths a constant to itself, and ends at the last step', () => {
    const series = createSeries(32);
    for (let step = 1; step <= 1000; step += 1) append(series, step, 2.5);
    const points = smoothed(series, 10, 0.98);
    expect(points.length).toBeLessThanOrEqual(10);
    for (const point of points) expect(point.y).toBeCloseTo(2.5, 12);
    expect(points[points.length - 1].x).toBe(1000);
  });

  it('smooths as the bias-corrected moving average does', () => {
    const series = seriesOf([4, 0, 2], 8);
    const ys = smoothed(series, 8, 0.5).map((point) => point.y);
    // Weights 1; 1:2; 1:2:4, the newest last.
    expect(ys[0]).toBeCloseTo(4, 12);
    expect(ys[1]).toBeCloseTo(4 / 3, 12);
    expect(ys[2]).toBeCloseTo((4 + 0 + 8) / 7, 12);
  });

  it('leaves out what is not a number, and starts anew when cleared', () => {
    const series = seriesOf([1, Number.NaN, 3], 8);
    expect(trace(series, 8).map((point) => point.x)).toEqual([0, 2]);
    clearSeries(series);
    expect(trace(series, 8)).toEqual([]);
    append(series, 5, 9);
    expect(trace(series, 8)).toEqual([{ x: 5, y: 9 }]);
  });

  it('refuses a capacity that cannot merge', () => {
    expect(() => createSeries(3)).toThrow('createSeries: expected an even capacity of at least 2, got 3');
  });

  it('holds nothing past a cut, and takes the points after it again', () => {
    fc.assert(
      fc.property(values, fc.nat(600), fc.integer({ min: 1, max: 20 }), (ys, at, half) => {
        const series = seriesOf(ys, half * 2);
        cutSeries(series, at);
        const kept = trace(series, 1000);
        for (const { x, y } of kept) {
          expect(x).toBeLessThanOrEqual(at);
          expect(y).toBe(Math.fround(ys[x]));
        }
        // At most one bucket before the cut goes with it.
        expect(series.total).toBeGreaterThan(Math.min(at + 1, ys.length) - series.bucketSize);
        for (let step = at + 1; step < ys.length; step += 1) append(series, step, ys[step]);
        const points = trace(series, 1000);
        for (let i = 1; i < points.length; i += 1) expect(points[i].x).toBeGreaterThan(points[i - 1].x);
      }),
    );
  });

  it('is empty after a cut before its first point', () => {
    const series = seriesOf([3, 1], 4);
    cutSeries(series, -1);
    expect([series.length, series.total, series.last]).toEqual([0, 0, Number.NaN]);
    append(series, 5, 2);
    expect(trace(series, 4)).toEqual([{ x: 5, y: 2 }]);
  });
});
