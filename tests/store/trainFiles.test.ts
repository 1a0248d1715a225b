/** Train's curves as CSV: every step and every validation is a row, and a long run keeps its extremes. */
import { expect, test } from 'vitest';
import { append, createSeries } from '../../src/store/series.ts';
import { gradientCsv, lossCsv, speedCsv } from '../../src/store/trainFiles.ts';

const rowsOf = (csv: string) => csv.trimEnd().split('\r\n');

test('steps, their smoothed curve and validations with their errors', () => {
  const series = createSeries(8);
  for (const [step, loss] of [6, 4, 5].entries()) append(series, step + 1, loss);
  const validation = [{ step: 2, bpc: 4.5, standardError: 0.25 }];
  expect(rowsOf(lossCsv(series, 0, validation))).toEqual([
    'curve,step,bits per character,standard error',
    'training,1,6,',
    'training,2,4,',
    'training,3,5,',
    'validation,2,4.5,0.25',
  ]);
  // Bias-corrected average with half of the past: (6/2 + 4) / (1/2 + 1).
  const smoothed = rowsOf(lossCsv(series, 0.5, [])).filter((row) => row.startsWith('"training, smoothed"'));
  expect(smoothed.map((row) => Number(row.split(',')[3]))).toEqual([6, 14 / 3, expect.closeTo(34 / 7, 10)]);
});

test('numbers leave with all the digits they have', () => {
  const series = createSeries(8);
  const values = [1 / 3, 0.00012345, 12345.678].map(Math.fround);
  for (const [step, value] of values.entries()) append(series, step + 1, value);
  const columnOf = (csv: string, column: number) =>
    rowsOf(csv)
      .slice(1)
      .map((row) => Number(row.split(',')[column]));
  expect(columnOf(gradientCsv(series), 1)).toEqual(values);
  expect(columnOf(speedCsv(series), 1)).toEqual(values);
  const validation = [{ step: 2, bpc: 2.123456789012345, standardError: 0.0123456789 }];
  const loss = lossCsv(series, 0, validation);
  expect(columnOf(loss, 2)).toEqual([...values, validation[0].bpc]);
  expect(columnOf(loss, 3).at(-1)).toBe(validation[0].standardError);
});

test('a run longer than the series keeps its spike, and its mean speed', () => {
  const [loss, speed] = [createSeries(4), createSeries(4)];
  for (let step = 1; step <= 16; step += 1) {
    append(loss, step, step === 6 ? 9 : 3);
    append(speed, step, step <= 8 ? 100 : 200);
  }
  expect(rowsOf(lossCsv(loss, 0, []))).toContain('training,6,9,');
  const speeds = rowsOf(speedCsv(speed))
    .slice(1)
    .map((row) => Number(row.split(',')[1]));
  expect(speeds.length).toBeLessThanOrEqual(4);
  expect(Math.min(...speeds)).toBe(100);
  expect(Math.max(...speeds)).toBe(200);
  expect(rowsOf(gradientCsv(loss))).toEqual(expect.arrayContaining(['step,gradient norm', '6,9']));
});
