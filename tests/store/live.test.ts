/** What the engine tells of steps comes into the series of the charts, each value into its own. */
import { beforeEach, expect, it } from 'vitest';
import { clearCurves, gradientSeries, live, lossSeries, speedSeries, takeLive } from '../../src/store/live.ts';
import { trace } from '../../src/store/series.ts';

const steps = {
  kind: 'metrics',
  step: Float64Array.of(1, 2, 3),
  loss: Float32Array.of(6, 5, 4),
  gradNorm: Float32Array.of(0.5, 8, 0.25),
  tokensPerSecond: Float32Array.of(Number.NaN, 100, 200),
} as const;

const pointsOf = (series: typeof lossSeries) => trace(series, 100).map(({ x, y }) => [x, y]);

beforeEach(clearCurves);

it('takes loss, gradient norm and speed of each step', () => {
  takeLive(steps);
  expect(pointsOf(lossSeries)).toEqual([
    [1, 6],
    [2, 5],
    [3, 4],
  ]);
  expect(pointsOf(gradientSeries)).toEqual([
    [1, 0.5],
    [2, 8],
    [3, 0.25],
  ]);
  expect(pointsOf(speedSeries)).toEqual([
    [2, 100],
    [3, 200],
  ]);
});

it('goes back to a snapshot with all of them', () => {
  takeLive(steps);
  takeLive({ kind: 'rewound', step: 2 });
  for (const series of [lossSeries, gradientSeries, speedSeries]) {
    expect(pointsOf(series).at(-1)?.[0]).toBe(2);
  }
});

it('forgets the gradients of the run before when the curves of another take their place', () => {
  takeLive(steps);
  const { kind: _, gradNorm: __, ...drawn } = steps;
  takeLive({ kind: 'curves', ...drawn, validation: [{ step: 2, bpc: 3, standardError: 0.1 }] });
  expect(pointsOf(gradientSeries)).toEqual([]);
  expect(pointsOf(lossSeries)).toHaveLength(3);
  expect(live.validation).toHaveLength(1);
});
