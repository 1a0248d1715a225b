/** The axes of compared charts: every line, its errors and near floors are inside; a far floor does not press the lines. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { groupRuns, lineOf } from '../../src/store/compare/groups.ts';
import { domainOf } from '../../src/ui/compare/domain.ts';
import { digitsOf, logTicksOf, ticksOf } from '../../src/ui/parts/ticks.ts';
import { runOf } from '../store/compare/records.ts';

const loss = fc.double({ min: 0.5, max: 9, noNaN: true });
const error = fc.double({ min: 0, max: 0.4, noNaN: true });

const linesOf = (points: readonly (readonly [number, number])[]) => {
  const validation = points.map(([bpc, wide], i) => [10 * (i + 1), i + 1, bpc, wide] as const);
  return groupRuns([runOf({ id: 'a', validation })], true).map((group) => lineOf(group, 'step', 0));
};

test('lines, errors and near floors are inside, and lines keep about a third of the height', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(loss, error), { minLength: 2, maxLength: 9 }), loss, (points, floor) => {
      const lows = points.map(([bpc, wide]) => bpc - wide);
      const highs = points.map(([bpc, wide]) => bpc + wide);
      const [low, high] = [Math.min(...lows), Math.max(...highs)];
      fc.pre(high - low > 0.1);
      const { yLow, yHigh } = domainOf(linesOf(points), 'validation', [floor], false);
      // A bound that is missed by rounding alone counts as round: no pixel shows a hundred-millionth of the height.
      const hair = 1e-8 * (high - low);
      expect(yLow).toBeLessThanOrEqual(low + hair);
      expect(yHigh).toBeGreaterThanOrEqual(high - hair);
      const isNear = floor >= low - 2 * (high - low) && floor <= high + 2 * (high - low);
      if (isNear) {
        expect(yLow).toBeLessThanOrEqual(floor + hair);
        expect(yHigh).toBeGreaterThanOrEqual(floor - hair);
      }
      // Round bounds add at most a step on either side.
      expect((high - low) / (yHigh - yLow)).toBeGreaterThan(1 / 6);
    }),
    {
      examples: [
        [
          [
            [0.6, 0],
            [0.5, 9.3e-15],
          ],
          0.5,
        ],
      ],
    },
  );
});

test('the axis goes on to a floor below the lines, and stays without one that is far', () => {
  const lines = linesOf([
    [5, 0],
    [4, 0],
  ]);
  expect(domainOf(lines, 'validation', [], false)).toMatchObject({ yLow: 4, yHigh: 5 });
  expect(domainOf(lines, 'validation', [2.5], false)).toMatchObject({ yLow: 2.5, yHigh: 5 });
  expect(domainOf(lines, 'validation', [0.5], false)).toMatchObject({ yLow: 4, yHigh: 5 });
});

test('marks of an axis are written in full: no two look alike, and none is rounded', () => {
  expect([digitsOf(ticksOf(3.95, 4.05, 5)), digitsOf(ticksOf(0, 6000, 3)), digitsOf(ticksOf(3.9, 4, 4))]).toEqual([
    2, 0, 3,
  ]);
  const bound = fc.double({ min: 0.1, max: 10, noNaN: true });
  fc.assert(
    fc.property(bound, fc.double({ min: 0.01, max: 10, noNaN: true }), fc.boolean(), (low, reach, isLog) => {
      const ticks = (isLog ? logTicksOf : ticksOf)(low, low + reach, 5);
      const written = ticks.map((tick) => tick.toFixed(digitsOf(ticks)));
      expect(written.map(Number)).toEqual(ticks.map((tick) => expect.closeTo(tick, 7)));
      expect(new Set(written).size).toBe(ticks.length);
    }),
  );
});
