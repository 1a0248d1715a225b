/** The run in progress as a record: its curves with their seconds, and the passes over the text that its axis needs. */
import { expect, test } from 'vitest';
import type { RunStatus } from '../../../src/config/records.ts';
import { hasAxis, pointsOf } from '../../../src/store/compare/axes.ts';
import { currentRecord } from '../../../src/store/compare/currentRun.ts';
import { append, createSeries } from '../../../src/store/series.ts';
import type { ModelReport } from '../../../src/worker/protocol.ts';
import { statusOf } from '../facts.ts';
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
  const status: RunStatus = { ...statusOf('now'), step: steps, steps: 100, tokensPerSecond: 256 };
  return currentRecord({
    model,
    status,
    loss,
    speed,
    validation: [{ step: 10, bpc: 5, standardError: 0.1 }],
    adapter: 'a processor',
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

test('it is the run that the engine names, as if it were stopped now', () => {
  const record = recordAt(20, 16);
  const { run: id, name, created, backend } = statusOf('now');
  expect(record).toMatchObject({ id, name, created, backend, status: 'stopped', steps: 20, experiment });
  expect(record.training).toMatchObject({ step: Array.from({ length: 20 }, (_, i) => i + 1) });
  expect(record.training.bpc[19]).toBeCloseTo(5.8, 6);
  expect(record.validation).toMatchObject({ step: [10], bpc: [5], standardError: [0.1] });
});
