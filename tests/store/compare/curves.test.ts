/** Arithmetic on curves: interpolation, means with errors, smoothing that thinning does not change, x axes. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasAxis, pointsOf, xAxisNames } from '../../../src/store/compare/axes.ts';
import { meanCurve, meanOf, smooth, thinned, valueAt } from '../../../src/store/compare/curves.ts';
import type { Point } from '../../../src/store/series.ts';
import { recordOf } from './records.ts';

const curve = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.double({ min: 0.001, max: 9, noNaN: true })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((parts) => {
    let x = 0;
    return parts.map(([gap, y]): Point => {
      x += gap;
      return { x, y };
    });
  });

describe('interpolation', () => {
  it('hits every point, stays between neighbours, and ends with the curve', () => {
    fc.assert(
      fc.property(curve, fc.double({ min: 0, max: 1, noNaN: true }), (points, share) => {
        for (const { x, y } of points) expect(valueAt(points, x)).toBeCloseTo(y, 12);
        expect(valueAt(points, points[0].x - 1)).toBeNull();
        expect(valueAt(points, points[points.length - 1].x + 1)).toBeNull();
        for (let i = 1; i < points.length; i += 1) {
          const [a, b] = [points[i - 1], points[i]];
          const value = valueAt(points, a.x + share * (b.x - a.x));
          expect(value).toBeGreaterThanOrEqual(Math.min(a.y, b.y) - 1e-9);
          expect(value).toBeLessThanOrEqual(Math.max(a.y, b.y) + 1e-9);
        }
      }),
    );
  });
});

describe('the mean over runs', () => {
  it('has the standard error sd / sqrt(n), with n - 1 in the variance', () => {
    // Values 1, 2, 6: mean 3, variance (4 + 1 + 9) / 2 = 7, error sqrt(7 / 3).
    expect(meanOf([1, 2, 6])).toEqual({ mean: 3, error: Math.sqrt(7 / 3) });
    expect(meanOf([4])).toEqual({ mean: 4, error: 0 });
  });

  it('lies on the stretch that all curves cover, at every place of any of them', () => {
    const a = [
      { x: 0, y: 0 },
      { x: 10, y: 10 },
    ];
    const b = [
      { x: 5, y: 7 },
      { x: 20, y: 7 },
    ];
    const mean = meanCurve([a, b]);
    expect(mean.map(({ x, y }) => [x, y])).toEqual([
      [5, 6],
      [10, 8.5],
    ]);
    // Two values at distance d: sd = d / sqrt 2, error = d / 2.
    expect(mean.map(({ error }) => error)).toEqual([expect.closeTo(1, 12), expect.closeTo(1.5, 12)]);
  });

  it('gives one curve back as it is, and nothing where curves have no stretch in common', () => {
    fc.assert(
      fc.property(curve, (points) => {
        expect(meanCurve([points])).toEqual(points.map((point) => ({ ...point, error: 0 })));
      }),
    );
    expect(meanCurve([[{ x: 1, y: 1 }], [{ x: 2, y: 1 }]])).toEqual([]);
    expect(meanCurve([])).toEqual([]);
  });

  it('of equal curves is that curve without an error', () => {
    fc.assert(
      fc.property(curve, (points) => {
        for (const [i, { y, error }] of meanCurve([points, points, points]).entries()) {
          expect(y).toBeCloseTo(points[i].y, 9);
          expect(error).toBeCloseTo(0, 9);
        }
      }),
    );
  });
});

describe('smoothing', () => {
  it('weighs a point by exp(-distance / reach)', () => {
    const points = [
      { x: 0, y: 8 },
      { x: 2, y: 0 },
    ];
    const share = Math.exp(-1);
    expect(smooth(points, 2)[1].y).toBeCloseTo((8 * share) / (1 + share), 12);
    expect(smooth(points, 0)).toEqual(points);
    expect(smooth([], 5)).toEqual([]);
  });

  it('leaves a constant alone, however the points are spaced', () => {
    fc.assert(
      fc.property(curve, (points) => {
        const flat = points.map(({ x }) => ({ x, y: 2.5 }));
        for (const { y } of smooth(flat, 7)) expect(y).toBeCloseTo(2.5, 9);
      }),
    );
  });
});

it('thins to at most a number of points, both ends kept, in order', () => {
  fc.assert(
    fc.property(curve, fc.integer({ min: 2, max: 30 }), (points, most) => {
      const kept = thinned(points, most);
      expect(kept.length).toBe(Math.min(points.length, most));
      expect(kept[0]).toBe(points[0]);
      expect(kept[kept.length - 1]).toBe(points[points.length - 1]);
      for (let i = 1; i < kept.length; i += 1) expect(kept[i].x).toBeGreaterThan(kept[i - 1].x);
    }),
  );
});

describe('x axes', () => {
  const record = recordOf({
    id: 'a',
    settings: { 'training.batchSize': 4, 'data.sequenceLength': 32 },
    training: [
      [1, 0.5, 5],
      [10, 4.5, 3],
    ],
    measures: { windowsPerEpoch: 8 },
  });

  it.each([
    ['step', [1, 10]],
    ['tokens', [128, 1280]],
    // 600 FLOPs per token.
    ['flops', [76_800, 768_000]],
    ['seconds', [0.5, 4.5]],
    // 4 of 8 windows per step.
    ['epochs', [0.5, 5]],
  ] as const)('%s', (axis, expected) => {
    expect(pointsOf(record, record.training, axis).map(({ x }) => x)).toEqual(expected);
  });

  it('are told apart from those that a record does not tell', () => {
    const untold = recordOf({ id: 'b' });
    expect([record, untold].map((one) => hasAxis(one, 'epochs'))).toEqual([true, false]);
    expect(pointsOf(untold, untold.training, 'epochs')).toEqual([]);
  });

  it('leave out losses that are not numbers', () => {
    const diverged = { ...record.training, bpc: [Number.NaN, 3] };
    for (const axis of xAxisNames) expect(pointsOf(record, diverged, axis)).toHaveLength(1);
  });
});
