/** The run in progress as a record: its curves with their seconds, and the passes over the text that its axis needs. */
import { expect, test } from 'vitest';
import { hasAxis, pointsOf } from '../../../src/store/compare/axes.ts';
import { currentRecord } from '../../../src/store/compare/currentRun.ts';
import { append, createSeries } from '../../../src/store/series.ts';
import type { ModelReport } from '../../../src/worker/protocol.ts';
import { recordOf } from './records.ts';

const { experiment } = recordOf({ id: 'a', settings: { 'training.batchSize': 4, 'data.sequenceLength': 32 } });

function recordAt(steps: number, windowsPerEpoch: number | null) {
  const model: ModelReport = {
    experiment,
    vocabulary: ['a', '_'],
    maskId: 1,
    expertLayers: [],
    parameters: { total: 20, active: 10 },
    trainFlopsPerToken: 60,
    inferenceFlopsPerToken: 20,
    split: '',
    floorBpc: 1.5,
    windowsPerEpoch,
  };
  const [loss, speed] = [createSeries(), createSeries()];
  for (let step = 1; step <= steps; step += 1) {
    append(loss, step, 6 - step / 100);
    append(speed, step, 256);
  }
  const status = { phase: 'running', backend: 'cpu', step: steps, steps: 100, tokensPerSecond: 256 } as const;
  return currentRecord({
    model,
    status: { ...status, secondsLeft: null, activity: '', memoryBytes: 0 },
    loss,
    speed,
    validation: [{ step: 10, bpc: 5, standardError: 0.1 }],
    adapter: 'a processor',
    created: '2025-01-02T03:04:05.000Z',
  });
}

test('a step lies at its windows over those of one pass, and at its tokens over their speed', () => {
  const record = recordAt(20, 16);
  expect(hasAxis(record, 'epochs')).toBe(true);
  // 4 windows per step, 16 per pass: step 10 is 2.5 passes in.
  expect(pointsOf(record, record.validation, 'epochs')).toEqual([{ x: 2.5, y: 5 }]);
  expect(pointsOf(record, record.training, 'epochs').at(-1)?.x).toBe(5);
  // 128 tokens per step at 256 per second.
  expect(record.validation.seconds[0]).toBeCloseTo(5, 6);
});

test('weights without their text tell no passes', () => {
  expect(hasAxis(recordAt(20, null), 'epochs')).toBe(false);
});
