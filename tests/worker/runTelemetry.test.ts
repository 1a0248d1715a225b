/** What the page hears of a run: every step once, a few messages per second, and a load that names its model. */
import { expect, it } from 'vitest';
import type { RunStatus } from '../../src/config/records.ts';
import type { RunNews } from '../../src/run/ports.ts';
import { createRunTelemetry } from '../../src/worker/runTelemetry.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';

const status: RunStatus = {
  run: 'a',
  name: 'A run',
  created: '',
  phase: 'running',
  ending: null,
  problem: null,
  backend: 'cpu',
  step: 0,
  steps: 10,
  tokensPerSecond: 5,
  secondsLeft: null,
  activity: '',
  memoryBytes: 1,
};
const stepNews = (step: number, tokensPerSecond = 5): RunNews => ({
  kind: 'event',
  event: {
    kind: 'step',
    step,
    loss: Math.LN2 * step,
    gradNorm: step / 10,
    load: Float32Array.of(step, 1, 2, 3),
    maxVio: Float32Array.of(0.5, 0.25),
    dropRate: new Float32Array(0),
  },
  tokensPerSecond,
  meanTokensPerSecond: 4,
  status: () => ({ ...status, step }),
});

function listening() {
  const told: Telemetry[] = [];
  let time = 0;
  const take = createRunTelemetry(
    'a',
    { trainTokensPerCharacter: 2 },
    (message) => told.push(message),
    () => time,
  );
  return { told, take, wait: (milliseconds: number) => (time += milliseconds) };
}
const metricsOf = (told: readonly Telemetry[]) => told.flatMap((one) => (one.kind === 'metrics' ? [one] : []));

it('tells steps together, in bits per character, with norm and speed, and the status of the last', () => {
  const { told, take, wait } = listening();
  take(stepNews(1));
  take(stepNews(2, Number.NaN));
  take(stepNews(3));
  expect(metricsOf(told).map(({ step }) => [...step])).toEqual([[1]]);
  wait(200);
  take(stepNews(4));
  const [, second] = metricsOf(told);
  expect([second.run, [...second.step]]).toEqual(['a', [2, 3, 4]]);
  expect([...second.loss]).toEqual([4, 6, 8]);
  expect([...second.gradNorm]).toEqual([...Float32Array.of(0.2, 0.3, 0.4)]);
  expect([...second.tokensPerSecond]).toEqual([Number.NaN, 5, 5]);
  expect(told.findLast(({ kind }) => kind === 'status')).toMatchObject({ status: { run: 'a', step: 4 } });
  expect(told.filter(({ kind }) => kind === 'load').at(-1)).toMatchObject({
    model: 'run:a',
    step: 4,
    layers: 2,
    experts: 2,
  });
});

it('tells what it holds back with the next status, and nothing twice', () => {
  const { told, take } = listening();
  take(stepNews(1));
  take(stepNews(2));
  take({ kind: 'status', status: { ...status, phase: 'paused', step: 2 } });
  expect(metricsOf(told).flatMap(({ step }) => [...step])).toEqual([1, 2]);
  take({ kind: 'status', status });
  expect(metricsOf(told)).toHaveLength(2);
});

it('takes back what it had not told of steps that come again', () => {
  const { told, take } = listening();
  take(stepNews(1));
  take(stepNews(2));
  take(stepNews(3));
  take({ kind: 'rewound', step: 2 });
  take({ kind: 'status', status });
  expect(told).toContainEqual({ kind: 'rewound', run: 'a', step: 2 });
  expect(metricsOf(told).flatMap(({ step }) => [...step])).toEqual([1, 2]);
});

it('tells validations at once', () => {
  const { told, take } = listening();
  const event = { kind: 'validation', step: 5, bpc: 2, standardError: 0.1, tokens: 64 } as const;
  take({ kind: 'event', event, tokensPerSecond: 5, meanTokensPerSecond: 4, status: () => status });
  expect(told[0]).toMatchObject({ kind: 'validation', run: 'a', step: 5, bpc: 2 });
});
