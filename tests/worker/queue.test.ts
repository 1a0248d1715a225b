/** The run queue: one run after another, in the order that was asked for, through failures, pauses and reloads. */
import { describe, expect, it, vi } from 'vitest';
import { defaultExperiment } from '../../src/config/experiment.ts';
import type { RunRecord } from '../../src/config/records.ts';
import type { RunLock } from '../../src/worker/locks.ts';
import type { QueuedRun } from '../../src/worker/protocol.ts';
import { createQueue } from '../../src/worker/queue.ts';
import type { Measurement, SiteStorage } from '../../src/worker/stored.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { memoryStorage } from './world.ts';

const queued = (id: string, from: string | null = null): QueuedRun => ({
  id,
  name: `Run ${id}`,
  created: '2026-01-01T00:00:00.000Z',
  experiment: defaultExperiment(),
  study: null,
  costs: { total: 1, active: 1, trainFlopsPerToken: 6, inferenceFlopsPerToken: 2 },
  floorBpc: null,
  from,
});

/** A tab with an engine that runs whatever it is given until the test ends it. */
function tab(storage = memoryStorage(), lock: () => Promise<RunLock> = async () => ({ release: () => {} })) {
  const started: string[] = [];
  const told: Telemetry[] = [];
  const broken = new Set<string>();
  const measured: string[] = [];
  let endMeasuring: (how?: Error) => void = () => {};
  let running: string | null = null;
  const queue = createQueue({
    storage: () => storage,
    emit: (telemetry) => told.push(telemetry),
    isBusy: () => running !== null,
    start: async ({ id }) => {
      started.push(id);
      if (broken.has(id)) throw new Error(`${id} is broken`);
      running = id;
    },
    // A measurement goes on until the test ends it, or it is left.
    measure: async ({ study, seed }, onProgress) => {
      measured.push(`${study} ${seed}`);
      let how: Error | null | undefined = null;
      endMeasuring = (error) => {
        how = error;
      };
      while (how === null) await onProgress('counting');
      if (how) throw how;
    },
    failedRecord: ({ id, name }, problem) => ({ id, name, status: 'failed', problem }) as RunRecord,
    lock,
  });
  return {
    queue,
    started,
    told,
    broken,
    measured,
    endMeasuring: (how?: Error) => endMeasuring(how),
    storage,
    ids: () => queue.state().runs.map(({ id }) => id),
    /** The run in progress ends. */
    end: async () => {
      const id = running!;
      running = null;
      await queue.ended(id);
    },
    occupy: () => {
      running = 'by hand';
    },
  };
}
const opened = async (...args: Parameters<typeof tab>) => {
  const it = tab(...args);
  await it.queue.open();
  await vi.waitFor(() => expect(it.queue.state().isElsewhere).toBe(false));
  return it;
};

describe('queue', () => {
  it('runs one after another and is empty at the end', async () => {
    const { queue, started, ids, end } = await opened();
    await queue.add([queued('a'), queued('b')]);
    expect([started, queue.state().runningId, ids()]).toEqual([['a'], 'a', ['a', 'b']]);
    await end();
    expect([started, queue.state().runningId, ids()]).toEqual([['a', 'b'], 'b', ['b']]);
    await end();
    expect(queue.state()).toMatchObject({ runs: [], runningId: null });
  });

  it('puts what is added behind what waits already', async () => {
    const { queue, started, ids, end } = await opened();
    await queue.add([queued('a'), queued('b')]);
    await queue.add([queued('c')]);
    await queue.add([queued('d'), queued('e')]);
    expect(ids()).toEqual(['a', 'b', 'c', 'd', 'e']);
    for (let left = 5; left > 0; left -= 1) await end();
    expect(started).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('waits for a run that was started by hand', async () => {
    const { queue, started, occupy, end } = await opened();
    occupy();
    await queue.add([queued('a')]);
    expect(started).toEqual([]);
    await end();
    expect(started).toEqual(['a']);
  });

  it('files a run that cannot be started with its sentence, and goes on', async () => {
    const { queue, started, told, broken, ids, storage } = await opened();
    broken.add('a').add('b');
    await queue.add([queued('a'), queued('b'), queued('c')]);
    await vi.waitFor(() => expect(started).toEqual(['a', 'b', 'c']));
    expect(ids()).toEqual(['c']);
    const filed = await storage.records.all('runs');
    expect(filed.map(({ id, status, problem }) => [id, status, problem])).toEqual([
      ['a', 'failed', 'a is broken'],
      ['b', 'failed', 'b is broken'],
    ]);
    expect(told.filter(({ kind }) => kind === 'problem')).toHaveLength(2);
    expect(told.filter(({ kind }) => kind === 'savedRun')).toHaveLength(2);
  });

  it('reorders and removes what waits, and nothing else', async () => {
    const { queue, ids } = await opened();
    await queue.add(['a', 'b', 'c', 'd'].map((id) => queued(id)));
    await queue.move('d', 0);
    expect(ids(), 'nothing comes before the run in progress').toEqual(['a', 'd', 'b', 'c']);
    await queue.move('d', 2);
    await queue.remove('b');
    expect(ids()).toEqual(['a', 'd', 'c']);
    await expect(queue.move('a', 1)).rejects.toThrow('"Run a" in progress');
    await expect(queue.remove('a')).rejects.toThrow('in progress');
    await expect(queue.remove('x')).rejects.toThrow('which is gone');
  });

  it('starts nothing while it is paused; the run in progress goes on', async () => {
    const { queue, started, end } = await opened();
    await queue.add([queued('a'), queued('b')]);
    await queue.setPaused(true);
    expect(queue.state().runningId).toBe('a');
    await end();
    expect(started).toEqual(['a']);
    await queue.setPaused(false);
    expect(started).toEqual(['a', 'b']);
  });

  it('keeps a run that is set aside at its head', async () => {
    const { queue, started, ids, end } = await opened();
    await queue.add([queued('a'), queued('b', 'o')]);
    await queue.setAside();
    expect(queue.state()).toMatchObject({ runningId: null, isPaused: true });
    expect(await Promise.all(['a', 'o', 'x'].map(queue.needs))).toEqual([true, true, false]);
    await queue.setPaused(false);
    expect(started, 'the engine is not free yet').toEqual(['a']);
    // Its run ended all the same: it has left.
    await end();
    expect([started, ids()]).toEqual([['a', 'b'], ['b']]);
  });

  it('goes on after a reload with the run that was in progress', async () => {
    const first = await opened();
    await first.queue.add([queued('a'), queued('b'), queued('c')]);
    await first.end();
    await first.queue.move('c', 1);
    const second = await opened(first.storage);
    expect(second.started).toEqual(['b']);
    expect(second.ids()).toEqual(['b', 'c']);
    await second.queue.setPaused(true);
    const third = await opened(first.storage);
    expect(third.started).toEqual([]);
    expect(third.queue.state()).toMatchObject({ isPaused: true });
  });

  it('is only looked at while another tab works on it, and taken over when that is gone', async () => {
    const first = await opened();
    await first.queue.add([queued('a'), queued('b')]);
    let closeFirst = () => {};
    const second = tab(
      first.storage,
      () =>
        new Promise((resolve) => {
          closeFirst = () => resolve({ release: () => {} });
        }),
    );
    await second.queue.open();
    expect(second.queue.state()).toMatchObject({ isElsewhere: true, runs: [{ id: 'a' }, { id: 'b' }] });
    await expect(second.queue.add([queued('c')])).rejects.toThrow('no other tab');
    // What the other tab has added since is needed here too.
    await first.queue.add([queued('d')]);
    expect(await second.queue.needs('d')).toBe(true);
    await first.queue.remove('d');
    await first.end();
    closeFirst();
    await vi.waitFor(() => expect(second.started).toEqual(['b']));
    expect(second.ids()).toEqual(['b']);
  });

  it('tells of a run of an earlier version that it cannot read, and leaves it out', async () => {
    const storage = memoryStorage();
    const foreign = { ...queued('a'), experiment: { model: { layers: 'many' } } } as unknown as QueuedRun;
    await storage.records.put('queue', 'queue', { runs: [foreign, queued('b')], isPaused: false });
    const { ids, told, started } = await opened(storage);
    expect([ids(), started]).toEqual([['b'], ['b']]);
    expect(told).toContainEqual(expect.objectContaining({ kind: 'problem' }));
  });
});

describe('measurements of the queue', () => {
  /** Also on a machine that is busy. */
  const soon = (holds: () => void) => vi.waitFor(holds, { timeout: 20_000 });
  const one: Measurement = { study: 'one', seed: 1, runs: { x: 'a', y: 'b' } };
  const two: Measurement = { study: 'one', seed: 2, runs: { x: 'c' } };
  /** The runs of a seed have ended, those of the other wait. */
  const due = async (storage?: SiteStorage) => {
    const it = await opened(storage);
    await it.queue.add([queued('a'), queued('b'), queued('c')], [one, two]);
    await it.end();
    await it.end();
    return it;
  };
  const settled = (queue: ReturnType<typeof tab>['queue']) => soon(() => expect(queue.state().measuring).toBe(null));

  it('are taken when their runs have ended, before the next one starts; until then what is kept of these is needed', async () => {
    const { queue, started, measured, told, end, endMeasuring } = await opened();
    await queue.add([queued('a'), queued('b'), queued('c')], [one, two]);
    await end();
    expect([started, measured, await queue.needs('a')]).toEqual([['a', 'b'], [], true]);
    await end();
    expect([started, measured, await queue.needs('a')]).toEqual([['a', 'b'], ['one 1'], true]);
    const telling = {
      kind: 'queue',
      queue: expect.objectContaining({ measuring: { study: 'one', seed: 1, activity: 'counting' } }),
    };
    await soon(() => expect(told).toContainEqual(telling));
    // What changes meanwhile starts nothing, this measurement least of all.
    await queue.add([queued('d')]);
    expect([started, measured]).toEqual([['a', 'b'], ['one 1']]);
    await queue.remove('d');
    endMeasuring();
    await soon(() => expect(started).toEqual(['a', 'b', 'c']));
    expect([await queue.needs('a'), await queue.needs('c'), queue.state().measuring]).toEqual([false, true, null]);
    await end();
    expect(measured).toEqual(['one 1', 'one 2']);
    endMeasuring();
    await settled(queue);
    expect(await queue.needs('c')).toBe(false);
    expect(told.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });

  it('that fail are one sentence, and the queue goes on', async () => {
    const { started, told, endMeasuring, storage } = await due();
    endMeasuring(new Error('no room'));
    await soon(() => expect(started).toEqual(['a', 'b', 'c']));
    expect(told.flatMap((one) => (one.kind === 'problem' ? [one.problem.message] : []))).toEqual([
      'measuring one, seed 1: no room',
    ]);
    expect((await storage.records.get('queue', 'queue'))?.measurements).toEqual([two]);
  });

  it('that a reload cuts short begin anew', async () => {
    const first = await due();
    const second = await opened(first.storage);
    expect([second.measured, second.started, await second.queue.needs('b')]).toEqual([['one 1'], [], true]);
    second.endMeasuring();
    await soon(() => expect(second.started).toEqual(['c']));
    first.endMeasuring();
    await settled(first.queue);
  });

  it('are left for a person who takes the engine, and taken when the queue goes on', async () => {
    const { queue, measured, started, told, endMeasuring } = await due();
    await queue.setAside();
    expect(queue.state()).toMatchObject({ measuring: null, isPaused: true });
    expect([started, await queue.needs('a')]).toEqual([['a', 'b'], true]);
    await queue.setPaused(false);
    expect(measured).toEqual(['one 1', 'one 1']);
    endMeasuring();
    await soon(() => expect(started).toEqual(['a', 'b', 'c']));
    expect(told.filter(({ kind }) => kind === 'problem')).toEqual([]);
  });

  it('are given up with a run that is removed', async () => {
    const { queue, measured, started, end } = await opened();
    await queue.add([queued('a'), queued('b'), queued('c')], [one]);
    await queue.remove('b');
    expect(await queue.needs('b')).toBe(false);
    await end();
    expect([measured, started]).toEqual([[], ['a', 'c']]);
  });
});
