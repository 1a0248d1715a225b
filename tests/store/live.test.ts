/** What the engine tells of steps comes into the series of the charts, each value into its own, of the run on show alone. */
import { beforeEach, describe, expect, it } from 'vitest';
import { gradientSeries, live, lossSeries, showRun, speedSeries } from '../../src/store/live.ts';
import { useRun } from '../../src/store/run.ts';
import { trace } from '../../src/store/series.ts';
import { curvesOf, metricsOf, statusOf } from './facts.ts';
import { connected } from './testPort.ts';

const steps = {
  kind: 'metrics',
  run: 'a',
  step: Float64Array.of(1, 2, 3),
  loss: Float32Array.of(6, 5, 4),
  gradNorm: Float32Array.of(0.5, 8, 0.25),
  tokensPerSecond: Float32Array.of(Number.NaN, 100, 200),
} as const;

const allSeries = [lossSeries, speedSeries, gradientSeries];
const pointsOf = (series: typeof lossSeries) => trace(series, 100).map(({ x, y }) => [x, y]);
const stepsOf = (series: typeof lossSeries) => trace(series, 100).map(({ x }) => x);
const validation = (run: string, step: number) =>
  ({ kind: 'validation', run, step, bpc: 3, standardError: 0.1 }) as const;
const initialRun = useRun.getState();

/** The page with the run "a" on show and nothing drawn. */
function withRun() {
  const { send } = connected();
  send({ kind: 'status', status: statusOf('a') });
  return send;
}

beforeEach(() => {
  useRun.setState(initialRun, true);
  showRun('none');
});

it('takes loss, gradient norm and speed of each step', () => {
  withRun()(steps);
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

it('says the last speed that was known', () => {
  const send = withRun();
  send(steps);
  send({ ...metricsOf('a', [4]), tokensPerSecond: Float32Array.of(Number.NaN) });
  expect([lossSeries.last, speedSeries.last]).toEqual([4, 200]);
});

it('goes back to a snapshot with all of them, and takes the steps that come again', () => {
  const send = withRun();
  send(metricsOf('a', [1, 2, 3, 4, 5]));
  for (const step of [2, 3, 4]) send(validation('a', step));
  send({ kind: 'rewound', run: 'a', step: 3 });
  for (const series of allSeries) expect(stepsOf(series)).toEqual([1, 2, 3]);
  expect(lossSeries.last).toBe(3);
  expect(live.validation.map(({ step }) => step)).toEqual([2, 3]);
  send(metricsOf('a', [4, 5]));
  for (const series of allSeries) expect(stepsOf(series)).toEqual([1, 2, 3, 4, 5]);
});

it('draws anew what was drawn of a run that goes on; gradients are not kept', () => {
  const send = withRun();
  send(steps);
  send(curvesOf('a', [1, 2, 3, 4]));
  expect(pointsOf(gradientSeries)).toEqual([]);
  expect(stepsOf(lossSeries)).toEqual([1, 2, 3, 4]);
  expect(live.validation).toHaveLength(1);
});

describe('of another run', () => {
  const drawn = () => [...allSeries.map(pointsOf), [...live.validation]];

  it.each([
    metricsOf('b', [4]),
    validation('b', 4),
    { kind: 'rewound', run: 'b', step: 1 },
    curvesOf('b', [1]),
  ] as const)('$kind changes nothing', (message) => {
    const send = withRun();
    send(steps);
    send(validation('a', 2));
    const before = drawn();
    send(message);
    expect(drawn()).toEqual(before);
    expect(live.run).toBe('a');
  });

  it('takes the place of all curves once the engine speaks of it', () => {
    const send = withRun();
    send(steps);
    send(validation('a', 2));
    send({ kind: 'status', status: statusOf('b', 'preparing') });
    expect(stepsOf(lossSeries)).toEqual([1, 2, 3]);
    send(metricsOf('b', [7]));
    expect(live).toMatchObject({ run: 'b', validation: [] });
    for (const series of allSeries) expect(stepsOf(series)).toEqual([7]);
    // What the one before it still had to tell comes too late.
    send(metricsOf('a', [4]));
    for (const series of allSeries) expect(stepsOf(series)).toEqual([7]);
  });

  it('takes the place of the curves with those of an earlier visit', () => {
    const send = withRun();
    send(steps);
    send({ kind: 'status', status: statusOf('b', 'preparing') });
    send(curvesOf('b', [10, 20]));
    expect(stepsOf(lossSeries)).toEqual([10, 20]);
    expect(pointsOf(gradientSeries)).toEqual([]);
    expect(live).toMatchObject({ run: 'b', validation: [{ step: 10 }] });
  });

  it('that could not be begun leaves the curves as they were', () => {
    const send = withRun();
    send(steps);
    send({ kind: 'status', status: statusOf('b', 'preparing') });
    send({ kind: 'status', status: statusOf('a') });
    send(metricsOf('a', [4]));
    expect(stepsOf(lossSeries)).toEqual([1, 2, 3, 4]);
  });
});

it('knows whose load and whose preview it shows, and the last complete text', () => {
  const send = withRun();
  const frame = (call: number) => ({
    call,
    calls: 2,
    tokens: Uint32Array.of(1),
    confidence: Float32Array.of(1),
    committedAt: Int32Array.of(1),
  });
  const arrays = { load: Float32Array.of(1, 3), maxVio: Float32Array.of(0.5), dropRate: Float32Array.of() };
  send({ kind: 'load', model: 'run:a', step: 3, layers: 1, experts: 2, ...arrays });
  send({ kind: 'preview', model: 'run:a', trainedSteps: 3, frame: frame(2) });
  send({ kind: 'preview', model: 'bundled', trainedSteps: 0, frame: frame(1) });
  expect(live.load).toEqual({ model: 'run:a', step: 3, layers: 1, experts: 2, ...arrays });
  expect(live.preview).toMatchObject({ model: 'bundled', frame: { call: 1 } });
  expect(live.finishedPreview).toMatchObject({ model: 'run:a', frame: { call: 2 } });
});
