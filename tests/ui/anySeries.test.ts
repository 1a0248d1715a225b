/**
 * Curves of any numbers, as they come out of files and out of runs that go wrong: everything between a record and the
 * pixels of its chart takes them, keeps what can be drawn, and counts the rest.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measuredWords } from '../../src/base/format.ts';
import { xAxisNames } from '../../src/store/compare/axes.ts';
import { condensed, mostPoints } from '../../src/store/compare/condensed.ts';
import { envelope, meanCurve, valueAt } from '../../src/store/compare/curves.ts';
import { chartCsv, chartJson, tableCsv } from '../../src/store/compare/files.ts';
import { groupRuns, lineOf } from '../../src/store/compare/groups.ts';
import { leftOutOf, leftOutWords } from '../../src/store/compare/leftOut.ts';
import { sortRuns } from '../../src/store/compare/table.ts';
import { append, createSeries, leftOutOfSeries, type Point, smoothed, trace } from '../../src/store/series.ts';
import { lineStyle } from '../../src/ui/colours.ts';
import { domainOf } from '../../src/ui/compare/domain.ts';
import { placesOf, readingsAt } from '../../src/ui/compare/readings.ts';
import { extentOf } from '../../src/ui/parts/extent.ts';
import { logTicksOf, soundBounds, ticksOf } from '../../src/ui/parts/ticks.ts';
import { heightOf } from '../../src/ui/training/LossChart.tsx';
import { runOf } from '../store/compare/records.ts';

/** Losses, and what takes their place when something goes wrong. */
const number = fc.oneof(
  { weight: 3, arbitrary: fc.double({ min: 0.1, max: 9, noNaN: true }) },
  fc.double(),
  fc.constantFrom(0, -0, -1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300, -1e300, 5e-324),
);
const step = fc.oneof({ weight: 3, arbitrary: fc.nat(1000) }, number);
const validation = fc.array(fc.tuple(step, number, number, number), { maxLength: 12 });
const training = fc.array(fc.tuple(step, number, number), { maxLength: 12 });
const runs = fc.array(fc.record({ validation, training, arm: fc.nat(2) }), { maxLength: 5 });
const isFinitePoint = ({ x, y }: Point) => Number.isFinite(x) && Number.isFinite(y);

describe('a comparison of runs of any numbers', () => {
  test('has axes that can be drawn, marks on them, and words for what is left out', () => {
    fc.assert(
      fc.property(
        runs,
        fc.boolean(),
        fc.boolean(),
        fc.boolean(),
        fc.array(number),
        (all, byArm, logX, logY, floors) => {
          const compared = all.map(({ arm, ...curves }, i) =>
            runOf({ id: String(i), ...curves, settings: { 'training.learningRate': 0.001 * (arm + 1) } }),
          );
          for (const axis of xAxisNames) {
            const lines = groupRuns(compared, byArm).map((group, slot) => ({
              ...lineOf(group, axis, slot % 2 === 0 ? 0.02 : 0),
              ...lineStyle(slot),
              isHidden: false,
            }));
            for (const curve of ['training', 'validation'] as const) {
              const { xLow, xHigh, yLow, yHigh } = domainOf(lines, curve, floors, logX, logY);
              for (const [low, high, isLog] of [[xLow, xHigh, logX] as const, [yLow, yHigh, logY] as const]) {
                const [bottom, top] = soundBounds(low, high, isLog);
                expect(Number.isFinite(bottom) && Number.isFinite(top) && top > bottom).toBe(true);
                expect((isLog ? logTicksOf : ticksOf)(bottom, top, 5).length).toBeGreaterThan(0);
              }
              for (const line of lines) {
                expect(line[curve].every(isFinitePoint)).toBe(true);
                const xs = line[curve].map(({ x }) => x);
                expect(xs).toEqual([...xs].sort((a, b) => a - b));
              }
              const counts = leftOutOf(lines, curve, axis, { logX, logY });
              const points = compared.reduce((sum, { record }) => sum + record[curve].step.length, 0);
              expect(counts.notNumbers + counts.notAbove0).toBeLessThanOrEqual(points);
              expect(leftOutWords(counts, 'x')).not.toMatch(/NaN|undefined/);
              for (const place of placesOf(lines, curve)) {
                for (const { text } of readingsAt(lines, curve, place)) expect(text).not.toContain('NaN');
              }
              chartJson(lines, curve, axis);
              expect(chartCsv(lines, curve, axis)).not.toContain('NaN');
            }
          }
          expect(sortRuns(compared, { by: 'best', descending: false })).toHaveLength(compared.length);
          expect(tableCsv(compared)).not.toContain('NaN');
        },
      ),
      { numRuns: 100 },
    );
  });

  test('counts what it leaves out', () => {
    const odd = runOf({
      id: 'odd',
      validation: [
        [0, 0, 5, 0.1],
        [10, 1, Number.NaN, 0.1],
        [20, 2, -1, 0.1],
        [30, 3, 4, Number.NaN],
      ],
    });
    const linesBy = (axis: 'step' | 'epochs') => groupRuns([odd], true).map((group) => lineOf(group, axis, 0));
    const lines = linesBy('step');
    const words = (logX: boolean, logY: boolean) =>
      leftOutWords(leftOutOf(lines, 'validation', 'step', { logX, logY }));
    expect(words(false, false)).toBe(
      '1 point is not drawn: not a finite number. 1 error bar is not drawn: the standard error is not known.',
    );
    expect(words(true, true)).toMatch(/^2 points are not drawn: not above 0 on a log axis\. 1 point is/);
    const epochs = leftOutOf(linesBy('epochs'), 'validation', 'epochs', { logX: false, logY: false });
    expect(leftOutWords(epochs, 'passes over the training text')).toMatch(
      /^1 run is not drawn: the record does not tell passes over the training text\./,
    );
    expect(leftOutWords({ notNumbers: 0, notAbove0: 12 })).toBe('12 points are not drawn: not above 0 on a log axis.');
    expect(leftOutWords({ notNumbers: 0, notAbove0: 0 })).toBe('');
  });

  test('bounds come from what is drawn alone: nothing below 0 stretches a logarithmic axis, no infinite error any', () => {
    const validation = [
      [1, 1, 4, Number.POSITIVE_INFINITY],
      [2, 2, -50, 0],
      [3, 3, Number.POSITIVE_INFINITY, 0.1],
      [4, 4, 5, 0.1],
    ] as const;
    const lines = groupRuns([runOf({ id: 'a', validation })], true).map((group) => lineOf(group, 'step', 0));
    expect(domainOf(lines, 'validation', [], true, true)).toMatchObject({ xLow: 1, yLow: 4, yHigh: 5.25 });
    expect(domainOf(lines, 'validation', [], false, false).yLow).toBeLessThanOrEqual(-50);
  });
});

describe('10^5 points', () => {
  const many = Array.from({ length: 100_000 }, (_, i) => (i === 77_777 ? 50 : i % 1000 === 0 ? Number.NaN : 3));
  const points = many.map((y, x) => ({ x, y })).filter(isFinitePoint);

  test('of a record are condensed once, and the spike survives', () => {
    const run = runOf({ id: 'long', training: many.map((bpc, i) => [i, i / 10, bpc] as const) });
    const { extremes, means, even } = condensed(run.record.training);
    for (const curve of [extremes, means, even]) {
      expect(curve.step.length).toBeLessThanOrEqual(mostPoints);
      expect(curve.bpc.every(Number.isFinite)).toBe(true);
    }
    expect(extremes.bpc).toContain(50);
    expect(condensed(run.record.training).extremes).toBe(extremes);
    const [line] = groupRuns([run], true).map((group) => lineOf(group, 'step', 0.02));
    expect(domainOf([line], 'training', [], false).yHigh).toBeGreaterThanOrEqual(50);
    expect(leftOutOf([line], 'training', 'step', { logX: true, logY: false })).toMatchObject({ notNumbers: 100 });
  });

  test('have an extent, a height and an envelope', () => {
    expect(extentOf(many)).toEqual([3, 50]);
    expect(heightOf(many, null)).toEqual([3, 50]);
    expect(heightOf([3], null)).toEqual([3, 3.5]);
    expect(heightOf([Number.NaN], 2)).toEqual([0, 8]);
    const drawn = envelope(points, 60);
    expect(drawn.length).toBeLessThanOrEqual(60);
    expect(drawn).toContainEqual({ x: 77_777, y: 50 });
  });

  test('of curves with no place in common have a mean at a bounded number of places', () => {
    const curves = Array.from({ length: 20 }, (_, run) =>
      Array.from({ length: 5000 }, (_, i) => ({ x: i + run / 20, y: i })),
    );
    const mean = meanCurve(curves);
    expect(mean.length).toBeLessThanOrEqual(1024);
    for (const { x, y } of mean) {
      const values = curves.map((curve) => valueAt(curve, x) ?? Number.NaN);
      expect(y).toBeCloseTo(values.reduce((sum, value) => sum + value, 0) / 20, 6);
    }
  });
});

test('an envelope is a part of the points, in order, no longer than asked, with both ends and both extremes', () => {
  const curve = fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { maxLength: 300 });
  fc.assert(
    fc.property(curve, fc.nat(80), (ys, most) => {
      const all = ys.map((y, x) => ({ x, y }));
      const kept = envelope(all, most);
      expect(kept.length).toBeLessThanOrEqual(Math.max(most, 0));
      for (let i = 1; i < kept.length; i += 1) expect(kept[i].x).toBeGreaterThan(kept[i - 1].x);
      if (most < 4 || ys.length === 0) return;
      expect([kept[0], kept[kept.length - 1]]).toEqual([all[0], all[all.length - 1]]);
      expect(extentOf(kept.map(({ y }) => y))).toEqual(extentOf(ys));
    }),
  );
});

test('a live series counts its gaps and what is not above 0, however often it has merged', () => {
  fc.assert(
    fc.property(fc.array(number, { maxLength: 400 }), fc.integer({ min: 1, max: 16 }), (ys, half) => {
      const series = createSeries(2 * half);
      for (const [i, y] of ys.entries()) append(series, i, y);
      const single = ys.map(Math.fround);
      expect(leftOutOfSeries(series)).toEqual({
        notNumbers: single.filter((y) => !Number.isFinite(y)).length,
        notAbove0: single.filter((y) => Number.isFinite(y) && y <= 0).length,
      });
      expect(trace(series, 50).every(isFinitePoint)).toBe(true);
      for (const decay of [0, 0.9, 0.98]) expect(smoothed(series, 50, decay).every(isFinitePoint)).toBe(true);
    }),
  );
});

test('a loss without a standard error has none in words', () => {
  expect(measuredWords(3, 0.05)).toBe('3.000 ± 0.050');
  expect(measuredWords(3, Number.NaN)).toBe('3.000');
  expect(measuredWords(Number.NaN, 0.05)).toBe('–');
});
