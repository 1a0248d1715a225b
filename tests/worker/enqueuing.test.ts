/** What is asked of the queue is checked before any of it is taken. */
import { describe, expect, it } from 'vitest';
import { studies, studyById } from '../../src/lab/studies.ts';
import { queuedRuns, type RequestedRun, requestedRuns, runsOfStudy } from '../../src/worker/enqueuing.ts';
import { studyReport } from '../../src/worker/reports.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const wish = (name: string, settings: Record<string, number> = {}, from: string | null = null): RequestedRun => ({
  name,
  experiment: tinyExperiment(settings),
  study: null,
  from,
});
const textOf = async ({ experiment }: { experiment: RequestedRun['experiment'] }) => tinyText(experiment);
const plenty = { bytes: 2 ** 30, buffer: 2 ** 30 };

describe('enqueuing', () => {
  it('gives each run an id of its own, its costs, and the id of the run that it starts from', async () => {
    const requested = [wish('a'), wish('b', { 'training.seed': 2 }, 'a')];
    const [a, b] = await queuedRuns(requested, textOf, plenty);
    expect(a.id).not.toBe(b.id);
    expect([a.from, b.from]).toEqual([null, a.id]);
    expect(a.costs.total).toBeGreaterThan(a.costs.active);
    await expect(queuedRuns([requested[1]], textOf, plenty)).rejects.toThrow('expected "a" before "b", got none');
  });

  it('refuses what does not fit into memory, with the run and the figures', async () => {
    const requested = [wish('small'), wish('large', { 'training.batchSize': 64 })];
    const limits = { bytes: 1_000_000, buffer: 1_000_000 };
    await expect(queuedRuns(requested, textOf, limits)).rejects.toThrow(
      /queue: expected .* 1,000,000 .* large with [\d,]+/,
    );
    await expect(queuedRuns(requested, textOf, plenty)).resolves.toHaveLength(2);
  });

  it('refuses a text that cannot be used', async () => {
    const missing = async () => {
      throw new Error('text: expected your own text, got none');
    };
    await expect(queuedRuns([wish('a')], missing, plenty)).rejects.toThrow('got none');
  });

  it('takes a run of a person only with fresh weights', () => {
    const experiment = tinyExperiment();
    expect(requestedRuns([{ experiment, name: 'mine', text: 'a text' }])).toEqual([
      { name: 'mine', experiment, text: 'a text', study: null, from: null },
    ]);
    expect(() => requestedRuns([{ experiment }, { experiment, from: 'run:a' }])).toThrow(
      'start from: expected fresh weights for a run of the queue, got run:a',
    );
  });

  it.each(studies.map((study) => studyReport(study)))('takes $id in each size that it is offered in', (offered) => {
    expect(offered.sizes.map(({ id }) => id)).toEqual(['software', 'laptop']);
    for (const { id: size, seeds } of offered.sizes) {
      const arms = runsOfStudy(studyById(offered.id), size, seeds).map(({ study }) => study?.arm);
      expect(arms).toHaveLength(seeds * offered.arms.length);
      expect(new Set(arms)).toEqual(new Set(offered.arms.map(({ id }) => id)));
    }
  });

  it.each(studies.map(({ id }) => id))('takes every arm and seed of %s', (id) => {
    const study = studyById(id);
    const requested = runsOfStudy(study, 'software', 2);
    expect(requested).toHaveLength(2 * study.arms.length);
    expect(new Set(requested.map(({ name }) => name)).size).toBe(requested.length);
    for (const { study: of, from } of requested) {
      expect(of).toMatchObject({ id, size: 'software' });
      if (from !== null) expect(requested.map(({ name }) => name)).toContain(from);
    }
  });

  it('refuses a size or seeds that there are not', () => {
    expect(() => runsOfStudy(studies[0], 'huge', 1)).toThrow('size: expected one of');
    expect(() => runsOfStudy(studies[0], 'software', 0)).toThrow('seeds: expected a whole number from 1');
  });
});
