/** Records from anywhere: what was written is read again, and every fault is one sentence. */
import { describe, expect, it } from 'vitest';
import { parseRunRecord, parseStudyRecord } from '../../src/config/parseRecords.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import type { RunRecord, StudyRecord } from '../../src/config/records.ts';

const curve = { step: [1, 2], seconds: [0.5, 1], bpc: [4, 3] };
const run: RunRecord = {
  format: 1,
  id: 'a',
  name: 'A run',
  created: '2026-01-01T00:00:00.000Z',
  study: { id: 'dense-vs-moe', size: 'software', arm: 'dense' },
  status: 'finished',
  problem: null,
  experiment: presetExperiment('expert-choice'),
  backend: 'cpu',
  adapter: 'a processor',
  costs: { total: 10, active: 5, trainFlopsPerToken: 30, inferenceFlopsPerToken: 10 },
  floorBpc: null,
  steps: 2,
  training: curve,
  validation: { ...curve, standardError: [0.1, 0.1] },
  measures: { tokensPerSecond: 1000 },
};
const study: StudyRecord = {
  format: 1,
  study: 'dense-vs-moe',
  size: 'software',
  title: 'A title',
  question: 'A question?',
  created: run.created,
  adapter: 'a processor',
  commit: 'abc',
  command: 'sdlm study dense-vs-moe',
  seeds: 1,
  arms: [{ id: 'dense', label: 'Dense' }],
  runs: [run],
  tables: [{ title: 'Speed', columns: ['arm', 'tokens/s'], rows: [['dense', 1000]] }],
  verdicts: [{ claim: 'A claim.', outcome: 'undecided', evidence: '1 ± 2' }],
};
const through = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

it('reads what was written', () => {
  expect(parseRunRecord(through(run), 'record')).toEqual(run);
  expect(parseRunRecord(through({ ...run, study: null, floorBpc: 2 }), 'record')).toEqual({
    ...run,
    study: null,
    floorBpc: 2,
  });
  expect(parseStudyRecord(through(study), 'study')).toEqual(study);
});

describe('refuses in one sentence', () => {
  it.each([
    [{ format: 2 }, 'record: expected "format": 1 of a record, got 2'],
    [{ id: 7 }, 'record: id: expected text, got 7'],
    [{ backend: 'tpu' }, 'record: backend: expected one of gpu, cpu, got "tpu"'],
    [{ training: { ...curve, seconds: [] } }, 'record: training.seconds: expected 2 numbers, got 0'],
    [{ validation: curve }, 'record: validation.standardError: expected a list, got nothing'],
    [{ measures: { maxVio: 'much' } }, 'record: measures.maxVio: expected a number, got "much"'],
    [{ costs: null }, 'record: costs: expected an object, got null'],
    [{ experiment: { model: { layers: 0 } } }, 'model.layers: expected a whole number from 1 to 16, got 0'],
  ])('a run with %o', (change, sentence) => {
    expect(() => parseRunRecord({ ...run, ...change }, 'record')).toThrow(sentence);
  });

  it.each([
    [{ runs: [{ ...run, status: 'lost' }] }, 'study: runs[0]: status: expected one of finished, stopped, failed'],
    [{ arms: ['dense'] }, 'study: arms[0]: expected an object, got "dense"'],
    [{ tables: [{ ...study.tables[0], rows: [['dense']] }] }, 'study: tables[0].rows: expected 2 texts or numbers'],
    [{ verdicts: [{ claim: 'A', outcome: 'maybe', evidence: '' }] }, 'study: verdicts[0].outcome: expected one of'],
  ])('a study with %o', (change, sentence) => {
    expect(() => parseStudyRecord({ ...study, ...change }, 'study')).toThrow(sentence);
  });
});
