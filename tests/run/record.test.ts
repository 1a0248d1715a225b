/** What a run leaves behind: bounded curves that can be cut back and continued, and time without pauses. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '../../src/config/experiment.ts';
import { createCurve } from '../../src/run/curve.ts';
import { createRunCollector, type RunFacts } from '../../src/run/record.ts';
import type { TrainingEvent } from '../../src/train/trainingLoop.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const curveOf = (steps: number, maxPoints: number) => {
  const curve = createCurve(maxPoints);
  for (let step = 1; step <= steps; step += 1) curve.add(step, step / 10, Math.sin(step));
  return curve;
};
const lengths = fc.integer({ min: 1, max: 700 });
const bounds = fc.integer({ min: 2, max: 40 });

describe('curve', () => {
  it('keeps its bound, the last step, and the mean over all steps', () => {
    fc.assert(
      fc.property(lengths, bounds, (steps, most) => {
        const { step, seconds, bpc } = curveOf(steps, most).curve();
        expect(step.length).toBeLessThanOrEqual(most);
        expect([step.at(-1), seconds.at(-1)]).toEqual([steps, steps / 10]);
        const counts = step.map((at, i) => at - (step[i - 1] ?? 0));
        const sum = bpc.reduce((total, mean, i) => total + mean * counts[i], 0);
        let expected = 0;
        for (let at = 1; at <= steps; at += 1) expected += Math.sin(at);
        expect(sum).toBeCloseTo(expected, 8);
      }),
    );
  });

  it('goes on from its points as if it had never stopped', () => {
    fc.assert(
      fc.property(lengths, lengths, bounds, (first, more, most) => {
        const resumed = createCurve(most, curveOf(first, most).curve());
        for (let step = first + 1; step <= first + more; step += 1) resumed.add(step, step / 10, Math.sin(step));
        const whole = curveOf(first + more, most).curve();
        expect(resumed.curve().step).toEqual(whole.step);
        resumed.curve().bpc.forEach((mean, i) => {
          expect(mean).toBeCloseTo(whole.bpc[i], 8);
        });
      }),
    );
  });

  it('holds nothing past a cut, and takes the steps after it again', () => {
    fc.assert(
      fc.property(lengths, lengths, bounds, (steps, at, most) => {
        const curve = curveOf(steps, most);
        curve.cut(at);
        for (const step of curve.curve().step) expect(step).toBeLessThanOrEqual(at);
        for (let step = Math.min(at, steps) + 1; step <= steps; step += 1) curve.add(step, step / 10, 0);
        const { step } = curve.curve();
        expect(step.length).toBeLessThanOrEqual(most);
        for (let i = 1; i < step.length; i += 1) expect(step[i]).toBeGreaterThan(step[i - 1]);
      }),
    );
  });

  it('leaves a gap for a loss that is not a number', () => {
    const curve = createCurve(8);
    curve.add(1, 1, 2);
    curve.add(2, 2, Number.NaN);
    expect(curve.curve()).toEqual({ step: [1], seconds: [1], bpc: [2] });
  });
});

const experiment = defaultExperiment();
const { tokenizer } = tinyText(tinyExperiment());
const facts: RunFacts = {
  identity: { id: 'a', name: 'A run', created: '2026-01-01T00:00:00.000Z', study: null },
  experiment,
  text: { tokenizer, trainTokensPerCharacter: 1, windowsPerEpoch: 7, floorBpc: null },
};
const step = (at: number, loss = at): TrainingEvent => ({
  kind: 'step',
  step: at,
  loss,
  gradNorm: 1,
  load: new Float32Array(2),
  maxVio: Float32Array.of(0.5, 1.5),
  dropRate: Float32Array.of(0.1, 0.3),
});
const validation = (at: number): TrainingEvent => ({
  kind: 'validation',
  step: at,
  bpc: 3,
  standardError: 0.1,
  tokens: 64,
});

describe('run collector', () => {
  it('counts training time only: no pauses, no validations', () => {
    const run = createRunCollector(facts);
    run.startClock(1000);
    run.take(step(1), 2000);
    run.take(step(2), 4000);
    run.take(validation(2), 9000);
    run.take(step(3), 10_000);
    run.stopClock();
    run.startClock(50_000);
    // It runs already.
    run.startClock(50_500);
    run.take(step(4), 51_000);
    const record = run.record('finished');
    expect(record.training.seconds).toEqual([1, 3, 4, 5]);
    expect(record.validation).toEqual({ step: [2], seconds: [3], bpc: [3], standardError: [0.1] });
    const { batchSize } = experiment.training;
    expect(record.measures.tokensPerSecond).toBeCloseTo((4 * batchSize * experiment.data.sequenceLength) / 5);
    expect(record.measures.windowsPerEpoch).toBe(7);
    expect(record.measures.maxVio).toBeCloseTo(1);
    expect(record.measures.dropRate).toBeCloseTo(0.2);
    expect(record.training.bpc[0]).toBeCloseTo(1 / Math.LN2);
  });

  it('goes back to a snapshot, and on from an earlier record', () => {
    const run = createRunCollector(facts);
    run.startClock(0);
    for (const at of [1, 2, 3, 4]) run.take(step(at), at * 1000);
    run.take(validation(4), 5000);
    run.goOn(2, 'gpu', 'an adapter');
    expect(run.record('stopped')).toMatchObject({ backend: 'gpu', adapter: 'an adapter' });
    expect(run.record('stopped')).toMatchObject({ steps: 2, training: { step: [1, 2] }, validation: { step: [] } });
    const next = createRunCollector(facts, run.record('stopped'));
    next.startClock(100_000);
    next.take(step(3), 101_000);
    expect(next.record('finished').training).toMatchObject({ step: [1, 2, 3], seconds: [1, 2, 3] });
    expect(next.record('stopped')).toMatchObject({ backend: 'gpu', adapter: 'an adapter' });
  });
});
