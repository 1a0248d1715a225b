/** The speed that the page hears of: of whole steps in their time, not of steps that come home together. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { defaultExperiment } from '../../src/config/experiment.ts';
import { maxInFlight } from '../../src/runtime/runtime.ts';
import type { RunText } from '../../src/train/text.ts';
import type { TrainingEvent } from '../../src/train/trainingLoop.ts';
import { createRunTelemetry } from '../../src/worker/runTelemetry.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const none = new Float32Array(0);
const stepEvent = (step: number): TrainingEvent => ({
  kind: 'step',
  step,
  loss: 1,
  gradNorm: 1,
  load: none,
  maxVio: none,
  dropRate: none,
});

it('is that of the steps, however many come home at once at the start and after a validation', () => {
  const experiment = defaultExperiment();
  const told: Telemetry[] = [];
  const text = { trainTokensPerCharacter: 1 } as RunText;
  const telemetry = createRunTelemetry(experiment, text, (message) => told.push(message));
  const truth = (experiment.training.batchSize * experiment.data.sequenceLength) / 0.02;
  let step = 0;
  const stretch = () => {
    // All that were submitted at the start, a moment apart; from then on one every 20 ms.
    for (let i = 0; i < 40; i += 1) {
      vi.advanceTimersByTime(i < maxInFlight ? 1 : 20);
      step += 1;
      telemetry.take(stepEvent(step));
    }
  };
  stretch();
  telemetry.take({ kind: 'validation', step, bpc: 2, standardError: 0.1, tokens: 1 } as TrainingEvent);
  stretch();
  telemetry.flush();
  const metrics = told.find((message) => message.kind === 'metrics');
  const speeds = Array.from(metrics!.tokensPerSecond);
  expect(speeds).toHaveLength(80);
  const known = speeds.filter((speed) => !Number.isNaN(speed));
  expect(speeds.findIndex((speed) => !Number.isNaN(speed))).toBe(maxInFlight + 1);
  expect(known).toHaveLength(80 - maxInFlight - 1);
  for (const speed of known) expect(speed).toBeCloseTo(truth, 0);
  expect(telemetry.tokensPerSecond()).toBeCloseTo(truth, 6);
});
