/** What a study says of its runs: means, paired differences, verdicts; and that its record stays small. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStudyRecord } from '../../src/config/parseRecords.ts';
import type { RunRecord } from '../../src/config/records.ts';
import {
  allOf,
  estimateOf,
  finalBpc,
  isNearZero,
  isPositive,
  orderOf,
  resultsOf,
  withError,
} from '../../src/lab/studies/statistics.ts';
import { studies, studyById } from '../../src/lab/studies.ts';
import { conclusionsOf, studyRecord } from '../../src/lab/studyRecord.ts';
import { finishedRuns } from './finishedRuns.ts';

const study = studyById('dense-vs-moe');
const points = Array.from({ length: 500 }, (_, i) => 4 * (i + 1));

/** Runs of the study whose final loss `lossOf` says, with long curves in full precision. */
function runsWith(lossOf: (arm: string, seed: number) => number, seeds = 3): RunRecord[] {
  return finishedRuns(study.id, seeds, lossOf).map((run) => ({
    ...run,
    name: run.id,
    steps: 2000,
    training: { step: points, seconds: points.map((step) => step / 30), bpc: points.map((step) => 2 + 1 / step) },
    validation: { ...run.validation, step: [1000, 2000], seconds: [30, 60] },
    measures: { tokensPerSecond: 12_345.678901 },
  }));
}

describe('estimates', () => {
  it('are mean and standard error, over the values that are there', () => {
    expect(estimateOf([1, 2, 3, Number.NaN])).toEqual({ mean: 2, error: expect.closeTo(1 / Math.sqrt(3)), count: 3 });
    expect(estimateOf([2])).toEqual({ mean: 2, error: Number.NaN, count: 1 });
    expect(withError(estimateOf([1, 2, 3]))).toBe('2.000 ± 0.577');
    expect(withError(estimateOf([1]))).toBe('1.000 ± ?');
  });

  it('of differences are paired by seed: what seeds share cancels', () => {
    const runs = runsWith((arm, seed) => 3 + seed + (arm === 'expert-choice' ? 0 : 0.1));
    const results = resultsOf(runs);
    const { mean, error, count } = results.difference('flop-dense', 'expert-choice', finalBpc);
    expect([mean, count]).toEqual([expect.closeTo(0.1), 3]);
    expect(error).toBeCloseTo(0);
    expect(results.mean('flop-dense', finalBpc).error).toBeGreaterThan(0.5);
    // A run that failed, and the seed that it would have been paired in, count for nothing.
    const [first, ...others] = runs;
    const fewer = resultsOf([{ ...first, status: 'failed' }, ...others]);
    expect(fewer.difference('flop-dense', 'expert-choice', finalBpc).count).toBe(2);
  });

  it('decide only beyond their error', () => {
    const numbers = fc.double({ min: -10, max: 10, noNaN: true });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 5, noNaN: true }), (mean, error) => {
        const outcome = isPositive({ mean, error, count: 3 });
        if (mean > 2 * error) expect(outcome).toBe('reproduced');
        else if (mean < -2 * error) expect(outcome).toBe('not reproduced');
        else expect(outcome).toBe('undecided');
        const near = isNearZero({ mean, error, count: 3 }, 1);
        if (Math.abs(mean) + 2 * error <= 1) expect(near).toBe('reproduced');
        if (near === 'not reproduced') expect(Math.abs(mean) - 2 * error).toBeGreaterThan(1);
      }),
    );
    const alone = estimateOf([1]);
    expect([isPositive(alone), isNearZero(alone, 2)]).toEqual(['undecided', 'undecided']);
    expect(allOf(['reproduced', 'undecided', 'not reproduced'])).toBe('not reproduced');
    expect(allOf(['reproduced', 'undecided'])).toBe('undecided');
    expect(allOf(['reproduced', 'reproduced'])).toBe('reproduced');
  });

  it('make an order only where every step holds', () => {
    const arms = [
      ['flop-dense', 'dense'],
      ['expert-choice', 'experts'],
      ['parameter-dense', 'large'],
    ] as const;
    const levels: Record<string, number> = { 'flop-dense': 3, 'expert-choice': 2.9, 'parameter-dense': 2.8 };
    const ordered = orderOf(resultsOf(runsWith((arm, seed) => (levels[arm] ?? 2) + seed / 100)), arms, finalBpc);
    expect(ordered.outcome).toBe('reproduced');
    expect(ordered.evidence).toBe(
      'dense 3.020 ± 0.006, experts 2.920 ± 0.006, large 2.820 ± 0.006 bits per character; differences 0.100 ± 0.000, 0.100 ± 0.000 (3 seeds, paired, ± one standard error).',
    );
    const swapped: Record<string, number> = { ...levels, 'parameter-dense': 2.95 };
    expect(orderOf(resultsOf(runsWith((arm) => swapped[arm] ?? 2)), arms, finalBpc).outcome).toBe('not reproduced');
  });
});

describe('the record of a study', () => {
  const origin = { created: '2026-01-02', adapter: 'a processor', commit: 'abc', command: 'sdlm study', seeds: 3 };
  const record = studyRecord(
    study,
    'software',
    runsWith((_, seed) => 3 + seed / 7),
    origin,
  );

  it('is small, and read again as it was', () => {
    const json = JSON.stringify(record);
    expect(json.length).toBeLessThan(150_000);
    expect(parseStudyRecord(JSON.parse(json), 'study')).toEqual(record);
  });

  it('keeps the mean of a thinned curve and its last step', () => {
    for (const { training } of record.runs) {
      expect(training.step.length).toBeLessThanOrEqual(48);
      expect(training.step.at(-1)).toBe(2000);
      const weighed = training.bpc.reduce(
        (sum, bpc, i) => sum + bpc * (training.step[i] - (training.step[i - 1] ?? 0)),
        0,
      );
      const exact = points.reduce((sum, step) => sum + 4 * (2 + 1 / step), 0);
      expect(weighed / 2000).toBeCloseTo(exact / 2000, 4);
    }
  });

  it('draws its conclusions from the runs alone', () => {
    const { tables, verdicts } = JSON.parse(JSON.stringify(conclusionsOf(study, record.runs)));
    expect({ tables, verdicts }).toEqual({ tables: record.tables, verdicts: record.verdicts });
    expect(record.tables[0].rows).toHaveLength(study.arms.length);
  });
});

describe('runs that diverged', () => {
  it.each(studies.map(({ id }) => id))('are left out of what %s says, whichever they are', (id) => {
    const one = studyById(id);
    const runs = finishedRuns(id, 2);
    const arms = one.arms.map((arm) => arm.id);
    const origin = { created: '', adapter: '', commit: '', command: '', seeds: 2 };
    for (const lost of [
      ...arms.map((arm) => [arm]),
      ...arms.map((arm) => arms.filter((other) => other !== arm)),
      arms,
    ]) {
      const found = runs.map(
        (run): RunRecord => (lost.includes(run.study!.arm) ? { ...run, status: 'diverged' } : run),
      );
      const record = studyRecord(one, 'software', found, origin);
      // As a file: a number that is not finite would come back as null.
      expect(parseStudyRecord(JSON.parse(JSON.stringify(record)), 'results.json')).toEqual(record);
      const said = JSON.stringify([record.tables, record.verdicts]);
      expect(said, lost.join()).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
