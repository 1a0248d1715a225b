/** What the page knows of the machine's speed: measured whole steps, left off for a run, and corrected by it. */
import { expect, it, vi } from 'vitest';
import { defaultPresetId, presetExperiment } from '../../src/config/presets.ts';
import type { Machine } from '../../src/run/machine.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createSpeeds } from '../../src/worker/speeds.ts';
import { tinyExperiment } from '../support/tinyRun.ts';

vi.stubGlobal('navigator', { userAgent: 'a test', hardwareConcurrency: 2 });

const here: Machine = { adapter: null, whyNoGpu: 'None here', open: async () => createTwinRuntime() };
const medium = presetExperiment('expert-choice-medium');
const small = presetExperiment(defaultPresetId);

/** Twins of which only the recording is real: a step takes the time that is said. */
const twinsOf = (milliseconds: number): Runtime => {
  const twins = createTwinRuntime();
  return {
    ...twins,
    compile: async (recording, options) => {
      const plan = await twins.compile(recording, options);
      const report = (options?.report ?? []).map(({ length }) => new Float32Array(length));
      return {
        ...plan,
        run: async () => {
          await new Promise((resolve) => setTimeout(resolve, milliseconds));
          return report;
        },
      };
    },
  };
};

it('says that nothing is known, then what was measured, with the preset that suits it', async () => {
  let changes = 0;
  const speeds = createSpeeds({ ...here, open: async () => twinsOf(5) }, () => {
    changes += 1;
  });
  expect(speeds.report()).toMatchObject({
    stepsPerSecond: { cpu: { kind: 'unmeasured', why: 'not yet' } },
    presetId: defaultPresetId,
    chosen: 'cpu',
  });
  expect(speeds.estimate('cpu', small, 80)).toEqual({ kind: 'unmeasured' });
  await speeds.measure();
  expect(changes).toBeGreaterThan(0);
  const { stepsPerSecond } = speeds.report();
  expect(stepsPerSecond.cpu).toMatchObject({ kind: 'measured' });
  const estimate = speeds.estimate('cpu', small, 80);
  const perStep = estimate.kind === 'estimated' ? estimate.seconds / small.training.steps : Number.NaN;
  expect(perStep).toBeGreaterThan(0.001);
  expect(perStep).toBeLessThan(0.1);
  // Nothing is said of a backend that is not there.
  expect(speeds.estimate('gpu', small, 80)).toEqual({ kind: 'unmeasured' });
});

it('leaves off for a run, and says so by name', async () => {
  const speeds = createSpeeds({ ...here, open: async () => twinsOf(50) }, () => {});
  const measuring = speeds.measure();
  speeds.leaveOff();
  await measuring;
  expect(speeds.report().stepsPerSecond.cpu).toEqual({ kind: 'unmeasured', why: 'stopped' });
  expect(speeds.isDone()).toBe(false);
  // Another time it may take its time.
  await speeds.measure();
  expect(speeds.report().stepsPerSecond.cpu).toMatchObject({ kind: 'measured' });
  expect(speeds.isDone()).toBe(true);
});

it('believes a run more than what was measured before', async () => {
  const speeds = createSpeeds(here, () => {});
  const experiment = tinyExperiment({ 'training.steps': 100 });
  speeds.timed('cpu', experiment, 30, 0.5);
  expect(speeds.estimate('cpu', experiment, 30)).toEqual({ kind: 'estimated', seconds: 50 });
  speeds.timed('cpu', experiment, 30, 0.25);
  expect(speeds.estimate('cpu', experiment, 30)).toEqual({ kind: 'estimated', seconds: 25 });
  // A time that is none changes nothing.
  for (const none of [0, Number.NaN, Number.POSITIVE_INFINITY, -1]) speeds.timed('cpu', experiment, 30, none);
  expect(speeds.estimate('cpu', experiment, 30)).toEqual({ kind: 'estimated', seconds: 25 });
});

it('starts with the larger preset where its run is over within minutes', () => {
  const speeds = createSpeeds(here, () => {});
  const within = 300 / medium.training.steps;
  speeds.timed('cpu', medium, 80, within);
  expect(speeds.report().presetId).toBe('expert-choice-medium');
  speeds.timed('cpu', medium, 80, 10 * within);
  expect(speeds.report().presetId).toBe(defaultPresetId);
});
