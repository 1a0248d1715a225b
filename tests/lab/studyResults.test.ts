/** What saved runs say of the studies: which count, which seeds are whole, and that one seed decides nothing. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { parseStudyRecord } from '../../src/config/parseRecords.ts';
import type { RunRecord } from '../../src/config/records.ts';
import { studies, studyById } from '../../src/lab/studies.ts';
import { studyResults } from '../../src/lab/studyResults.ts';
import { finishedRuns } from './finishedRuns.ts';

const resultsOf = (runs: readonly RunRecord[]) => studyResults(studies, runs, 'abc');

describe('what saved runs say of a study', () => {
  const levels: Record<string, number> = { 'flop-dense': 3, 'parameter-dense': 2.8 };
  const runs = finishedRuns('dense-vs-moe', 3, (arm, seed) => (levels[arm] ?? 2.9) + seed / 100);
  const [whole] = resultsOf(runs);

  it('is the record that the command line would write, of the seeds that every arm has', () => {
    expect(whole).toMatchObject({ study: 'dense-vs-moe', size: 'software', finished: 12, leftOut: [] });
    expect(parseStudyRecord(JSON.parse(JSON.stringify(whole.record)), 'record')).toEqual(whole.record);
    expect(whole.record).toMatchObject({ seeds: 3, adapter: 'a processor', commit: 'abc' });
    expect(whole.record?.verdicts[0].outcome).toBe('reproduced');
    const [one] = resultsOf(runs.filter(({ name }) => !name.endsWith('flop-dense-seed-2')));
    expect(one).toMatchObject({ finished: 11, leftOut: [2] });
    expect(one.record?.seeds).toBe(2);
    expect(one.record?.runs.map(({ experiment }) => experiment.training.seed)).toEqual([1, 1, 1, 1, 3, 3, 3, 3]);
  });

  it('is nothing yet where an arm is missing, and nothing at all of other runs', () => {
    expect(resultsOf(runs.slice(0, 3))).toMatchObject([{ finished: 3, leftOut: [1], record: null }]);
    const others = runs.map((run) => ({ ...run, study: null }));
    const unknown = runs.map((run) => ({ ...run, study: { id: 'alchemy', size: 'software', arm: 'lead' } }));
    expect(resultsOf([...others, ...unknown])).toEqual([]);
  });

  it('counts no run that did not finish, or that has other settings than the study has today', () => {
    const changed = { ...runs[0], experiment: withSettings(runs[0].experiment, { 'training.steps': 7 }) };
    const foreign = { ...runs[0], study: { ...runs[0].study!, arm: 'gold' } };
    for (const bad of [{ ...runs[0], status: 'stopped' as const }, changed, foreign]) {
      const newer = { ...bad, id: 'bad', created: '2026-02-01' };
      expect(resultsOf([newer])).toEqual([]);
      expect(resultsOf([...runs, newer])).toEqual([whole]);
    }
  });

  it('takes the newest run of an arm and seed, in whatever order they come', () => {
    const newer = { ...runs[5], id: 'newer', created: '2026-02-01T00:00:00.000Z', adapter: 'another one' };
    fc.assert(
      fc.property(fc.shuffledSubarray([...runs, newer], { minLength: 13 }), (all) => {
        const [{ finished, record }] = resultsOf(all);
        expect(finished).toBe(12);
        expect(record?.runs.map(({ id }) => id)).toEqual(runs.map(({ id }, i) => (i === 5 ? 'newer' : id)));
        expect(record).toMatchObject({ created: newer.created, adapter: 'a processor; another one' });
      }),
      { numRuns: 20 },
    );
  });
});

describe.each(studies.map(({ id }) => ({ id })))('one seed of $id', ({ id }) => {
  it('decides nothing, and says what is not known', () => {
    const losses = fc.array(fc.double({ min: 1, max: 6, noNaN: true }), { minLength: 12, maxLength: 12 });
    const arms = studyById(id).arms.map((arm) => arm.id);
    fc.assert(
      fc.property(losses, (values) => {
        const [{ record }] = resultsOf(finishedRuns(id, 1, (arm) => values[arms.indexOf(arm)]));
        expect(new Set(record?.verdicts.map(({ outcome }) => outcome))).toEqual(new Set(['undecided']));
        // Nothing was measured beyond the runs here either.
        expect(JSON.stringify(record?.verdicts)).not.toMatch(/NaN|null|undefined/);
        expect(JSON.stringify(record?.tables)).not.toMatch(/NaN|null|undefined/);
        expect(parseStudyRecord(JSON.parse(JSON.stringify(record)), 'record')).toEqual(record);
      }),
      { numRuns: 20 },
    );
  });
});
