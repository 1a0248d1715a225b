/**
 * A study in the page from end to end, on the twins: its runs go through the queue, each seed is measured with their
 * weights before the next run starts, and the saved runs say what the study says.
 */
import { describe, expect, it, vi } from 'vitest';
import { runRef } from '../../src/config/modelRef.ts';
import type { RunRecord, StudyResult } from '../../src/config/records.ts';
import { estimateOf, measured, withError } from '../../src/lab/studies/statistics.ts';
import type { Study } from '../../src/lab/studies/study.ts';
import { studyResults } from '../../src/lab/studyResults.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { queuedRuns, runsOfStudy } from '../../src/worker/enqueuing.ts';
import { createMeasurer, measurementsOf } from '../../src/worker/measuring.ts';
import type { QueuedRun } from '../../src/worker/protocol.ts';
import { createQueue, type Queue } from '../../src/worker/queue.ts';
import type { SiteStorage } from '../../src/worker/stored.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { tinyText } from '../support/tinyRun.ts';
import { memoryStorage, openTab } from './world.ts';

const settings = {
  'model.layers': 1,
  'model.width': 16,
  'model.heads': 2,
  'model.feedForward': 'dense',
  'data.corpus': 'custom',
  'data.sequenceLength': 16,
  'training.batchSize': 2,
  'training.steps': 6,
  'training.evaluateEvery': 3,
};

/** Two widths; what it measures is the size of their weights. */
const study: Study = {
  id: 'widths',
  title: 'Widths',
  question: 'Are there more of them?',
  sizes: { software: { settings, seeds: 2 }, laptop: { settings, seeds: 2 } },
  arms: [
    { id: 'narrow', label: 'Narrow', settings: { 'model.hiddenWidth': 16 } },
    { id: 'wide', label: 'Wide', settings: { 'model.hiddenWidth': 32 } },
  ],
  budgets: [],
  measure: async (_, subjects, onProgress) => {
    await onProgress('adding up');
    const sizeOf = (weights: Float32Array) => weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
    return new Map([...subjects].map(([arm, { weights }]) => [arm, { size: sizeOf(weights) }]));
  },
  tables: (results) => [
    { title: 'Size', columns: ['size'], rows: [[withError(results.mean('wide', measured('size')))]] },
  ],
  verdicts: () => [],
};
const studyOf = () => study;
/** Also on a machine that is busy. */
const soon = (holds: () => void) => vi.waitFor(holds, { timeout: 20_000 });

/** A tab that trains on the twins. `measureOn` may fail. */
async function tab(storage: SiteStorage, measureOn = async () => createTwinRuntime()) {
  const told: Telemetry[] = [];
  const emit = (telemetry: Telemetry) => told.push(telemetry);
  const order: string[] = [];
  const { scheduler, models } = await openTab({ storage, onEnd: (id) => void queue.ended(id), emit });
  const measure = createMeasurer({
    storage: () => storage,
    emit,
    studyOf,
    textOf: async ({ experiment }) => tinyText(experiment),
    checkpointOf: (id) => models.checkpointOf(runRef(id)),
    alone: async (use) => use(await measureOn()),
  });
  const queue: Queue = createQueue({
    storage: () => storage,
    emit,
    isBusy: () => scheduler.isBusy(),
    start: async (run) => {
      order.push(run.name);
      await scheduler.startQueued(run);
    },
    measure: async (measurement, onProgress) => {
      order.push(`measure seed ${measurement.seed}`);
      await measure(measurement, onProgress);
    },
    failedRecord: () => {
      throw new Error('expected no run that cannot be started');
    },
    lock: async () => ({ release: () => {} }),
  });
  const results = async (): Promise<StudyResult[]> =>
    studyResults([study], (await storage.records.all('runs')) as RunRecord[], 'abc');
  const isIdle = () => soon(() => expect(queue.state()).toMatchObject({ runs: [], measuring: null }));
  return {
    queue,
    told,
    order,
    results,
    isIdle,
    checkpointOf: (id: string) => models.checkpointOf(runRef(id)),
    scheduler,
  };
}

async function opened(...args: Parameters<typeof tab>) {
  const it = await tab(...args);
  await it.queue.open();
  await soon(() => expect(it.queue.state().isElsewhere).toBe(false));
  return it;
}
async function enqueued(seeds: number) {
  const plenty = { bytes: null, buffer: 2 ** 30 };
  const textOf = async ({ experiment }: Pick<QueuedRun, 'experiment'>) => tinyText(experiment);
  const runs = await queuedRuns(runsOfStudy(study, 'software', seeds), textOf, plenty);
  return [runs, measurementsOf(runs, studyOf)] as const;
}

describe('a study in the page', () => {
  it('runs, is measured seed by seed with averaged weights, and has results', async () => {
    const page = await opened(memoryStorage());
    const [runs, measurements] = await enqueued(2);
    expect(measurements.map(({ seed, runs: ids }) => [seed, ids])).toEqual([
      [1, { narrow: runs[0].id, wide: runs[1].id }],
      [2, { narrow: runs[2].id, wide: runs[3].id }],
    ]);
    await page.queue.add(runs, measurements);
    await page.isIdle();
    const names = runs.map(({ name }) => name);
    expect(page.order).toEqual([...names.slice(0, 2), 'measure seed 1', ...names.slice(2), 'measure seed 2']);
    const [{ finished, leftOut, record }] = await page.results();
    expect([finished, leftOut, record?.seeds]).toEqual([4, [], 2]);
    const sizes = await Promise.all(
      [runs[1], runs[3]].map(async ({ id }) => {
        const { weights } = await page.checkpointOf(id);
        const size = weights.reduce((sum, weight) => sum + Math.abs(weight), 0);
        // As many digits as the record of a study keeps.
        return Number(size.toPrecision(6));
      }),
    );
    expect(record?.tables[1].rows).toEqual([[withError(estimateOf(sizes))]]);
    // Nothing that a run had measured itself is lost, and the page hears of the measured record.
    expect(record?.runs[1].measures.tokensPerSecond).toBeGreaterThan(0);
    const last = page.told.findLast((one) => one.kind === 'savedRun');
    expect(last).toMatchObject({ record: { id: runs[3].id, measures: { size: expect.closeTo(sizes[1], 3) } } });
    expect(page.told.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });

  it('is measured after a reload that came in the middle of measuring', async () => {
    const storage = memoryStorage();
    const never = await tab(storage, () => new Promise(() => {}));
    await never.queue.open();
    await never.queue.add(...(await enqueued(1)));
    await soon(() => expect(never.queue.state().measuring).toMatchObject({ activity: 'reading the weights' }));
    const sizeOf = async (page: typeof never) => (await page.results())[0].record?.tables[1].rows[0][0];
    expect(await sizeOf(never)).toBe('? ± ?');
    const again = await opened(storage);
    await again.isIdle();
    expect(again.order).toEqual(['measure seed 1']);
    expect(await sizeOf(again)).toMatch(/^\d+\.\d{3} ± \?$/);
  });

  it('keeps its runs where measuring fails, which is one sentence', async () => {
    const page = await opened(memoryStorage(), async () => {
      throw new Error('no device');
    });
    await page.queue.add(...(await enqueued(1)));
    await page.isIdle();
    expect(page.told.flatMap((one) => (one.kind === 'problem' ? [one.problem.message] : []))).toEqual([
      'measuring widths, seed 1: no device',
    ]);
    expect((await page.results())[0].finished).toBe(2);
  });

  it('measures nothing of a seed of which a run was stopped', async () => {
    const storage = memoryStorage();
    const page = await opened(storage);
    const [runs, measurements] = await enqueued(1);
    // Long enough to be stopped.
    const long = { ...runs[0].experiment, training: { ...runs[0].experiment.training, steps: 100_000 } };
    await page.queue.add([{ ...runs[0], experiment: long }, runs[1]], measurements);
    await soon(() => expect(page.scheduler.session()?.state().step).toBeGreaterThan(0));
    await page.scheduler.session()?.stop();
    await page.isIdle();
    const saved = await storage.records.all('runs');
    expect(saved.map(({ status, measures }) => [status, 'size' in measures]).sort()).toEqual([
      ['finished', false],
      ['stopped', false],
    ]);
    expect(page.told.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });
});
