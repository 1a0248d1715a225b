/**
 * Which run has the device: one at a time, through replacement, lost devices, other tabs and whatever a person presses.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runRef } from '../../src/config/modelRef.ts';
import { lockOfRun } from '../../src/worker/locks.ts';
import { loadState, stateSummaries } from '../../src/worker/states.ts';
import { memoryLocks, memoryStorage, openTab, type Tab } from './world.ts';

const until = (holds: () => boolean) => expect.poll(holds, { interval: 2, timeout: 20_000 }).toBe(true);
const stepOf = ({ scheduler }: Tab) => scheduler.session()?.state().step ?? 0;
const atStep = (tab: Tab, step: number) => until(() => stepOf(tab) >= step);
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);
const long = { 'training.steps': 100_000 };
/** Bytes that a device holds when no run has it. */
const bytesOf = ({ broker }: Tab) => broker.runtime().memory().bytes;

describe('the scheduler', () => {
  it('runs a run to its end, leaves its weights in the library, and gives everything back', async () => {
    const tab = await openTab();
    const { run } = await tab.train();
    await tab.scheduler.session()!.ended;
    expect(tab.steps(run)).toEqual(oneTo(30));
    expect(tab.status()).toMatchObject({ run, phase: 'ended', ending: 'finished', step: 30 });
    expect([bytesOf(tab), tab.live.now.size, tab.ended]).toEqual([0, 0, [run]]);
    expect(await tab.library.list()).toMatchObject([{ id: run, name: 'A run', step: 30 }]);
    // Nothing is left to go on with, and nobody holds its lock.
    expect(await stateSummaries(tab.storage)).toEqual([]);
    expect([...(await tab.locks.held())]).toEqual([]);
    expect(tab.scheduler.isBusy()).toBe(false);
  });

  it('keeps the pace from the first step of every run on', async () => {
    const tab = await openTab();
    const stepsIn = async (milliseconds: number) => {
      await tab.train({ 'training.steps': 100_000 });
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      const { step } = tab.scheduler.session()!.state();
      await tab.scheduler.session()!.stop();
      return step;
    };
    // A rest comes before every step: of a second each, hardly one fits.
    tab.scheduler.setPace(1000);
    expect(await stepsIn(300)).toBe(0);
    expect(await stepsIn(300)).toBe(0);
    tab.scheduler.setPace(0);
    expect(await stepsIn(300)).toBeGreaterThan(3);
  });

  it('stops a run whose place another takes: it ends, with its weights and its state', async () => {
    const tab = await openTab();
    const first = await tab.train(long);
    await atStep(tab, 3);
    const second = await tab.train(long);
    expect(tab.ended).toEqual([first.run]);
    expect(tab.live).toMatchObject({ most: 1 });
    expect([...tab.live.now]).toEqual([second.run]);
    expect((await tab.library.list()).map(({ id }) => id)).toEqual([first.run]);
    expect((await stateSummaries(tab.storage)).map(({ id }) => id)).toContain(first.run);
    expect([...(await tab.locks.held())]).toEqual([lockOfRun(second.run)]);
    await tab.scheduler.session()!.stop();
    expect([bytesOf(tab), tab.ended]).toEqual([0, [first.run, second.run]]);
  });

  it('sets a run of the queue aside: it does not end, and its state is whole', async () => {
    const queued = new Set<string>();
    const tab = await openTab({ queued });
    const first = await tab.train(long);
    queued.add(first.run);
    await atStep(tab, 5);
    const second = await tab.train(long);
    expect(tab.ended).toEqual([]);
    const { snapshot, record } = await loadState(tab.storage, first.run);
    expect(tab.steps(first.run)).toEqual(oneTo(snapshot.step));
    expect(record.steps).toBe(snapshot.step);
    expect([...tab.live.now]).toEqual([second.run]);
    // The page hears of the new run alone.
    expect(tab.status()?.run).toBe(second.run);
    await tab.scheduler.session()!.stop();
  });

  it('leaves the last run as it was where another cannot be begun', async () => {
    const tab = await openTab();
    const first = await tab.train(long);
    await atStep(tab, 2);
    await expect(tab.train({}, { from: 'run:gone' })).rejects.toThrow('which is gone');
    const before = stepOf(tab);
    await atStep(tab, before + 3);
    expect(tab.status()).toMatchObject({ run: first.run, phase: 'running' });
    expect([...(await tab.locks.held())]).toEqual([lockOfRun(first.run)]);
    await tab.scheduler.session()!.stop();
  });

  it('starts a run from the weights of the one in progress, of one that ended, and says what does not fit', async () => {
    const tab = await openTab();
    const first = await tab.train(long);
    await atStep(tab, 3);
    const second = await tab.train({ 'training.steps': 1 }, { from: runRef(first.run) });
    await tab.scheduler.session()!.ended;
    const third = await tab.train({ 'training.steps': 1 }, { from: runRef(second.run), startPaused: true });
    const { weights } = await tab.library.read(second.run);
    expect((await tab.models.checkpointOf(runRef(third.run))).weights).toEqual(weights);
    await expect(tab.train({ 'model.width': 32 }, { from: runRef(second.run) })).rejects.toThrow(
      /^model\.width: expected 16 to start from run "A run", got 32$/,
    );
    await tab.scheduler.session()!.stop();
  });

  it('goes on in another visit, with its curve, from the state that was saved', async () => {
    const storage = memoryStorage();
    const first = await openTab({ storage });
    const { run } = await first.train(long);
    await atStep(first, 4);
    const safe = await first.scheduler.session()!.save();
    await first.scheduler.session()!.leave(false);
    const second = await openTab({ storage });
    const { text } = await second.scheduler.resume(run);
    expect(text).toContain('quick brown fox');
    await atStep(second, safe + 3);
    await second.scheduler.session()!.stop();
    expect(second.steps(run)).toEqual(oneTo(second.steps(run).length));
    expect(second.told.find(({ kind }) => kind === 'curves')).toMatchObject({ run, step: { length: safe } });
  });

  it('touches nothing of a run that another tab works on', async () => {
    const [storage, locks] = [memoryStorage(), memoryLocks()];
    const first = await openTab({ storage, locks });
    const { run } = await first.train(long, { startPaused: true });
    await until(() => first.scheduler.session()?.state().phase === 'paused');
    first.scheduler.session()?.singleStep();
    await atStep(first, 1);
    const second = await openTab({ storage, locks });
    await expect(second.scheduler.resume(run)).rejects.toThrow('expected no other tab of this page to work on it');
    expect(second.live.most).toBe(0);
    expect(second.status()).toBe(null);
    await first.scheduler.session()!.stop();
    // Let go of: now it can be had.
    await second.scheduler.resume(run);
    expect([...second.live.now]).toEqual([run]);
    await second.scheduler.session()!.stop();
  });
});

describe('a device', () => {
  it('that is moved takes the run along, without a step told twice', async () => {
    const tab = await openTab({ kind: 'gpu' });
    const { run } = await tab.train();
    await atStep(tab, 5);
    expect(await tab.broker.move('cpu')).toBe('cpu');
    await tab.scheduler.session()!.ended;
    expect(tab.steps(run)).toEqual(oneTo(30));
    expect(tab.status()).toMatchObject({ backend: 'cpu', ending: 'finished' });
    expect(tab.told.filter(({ kind }) => kind === 'device').map((one) => one.kind === 'device' && one.backend)).toEqual(
      ['gpu', 'cpu'],
    );
  });

  it('that cannot be moved to leaves all as it was', async () => {
    const tab = await openTab({ kind: 'cpu' });
    await tab.train(long);
    await atStep(tab, 3);
    tab.devices.refused.add('gpu');
    await expect(tab.broker.move('gpu')).rejects.toThrow('got none');
    const before = stepOf(tab);
    await atStep(tab, before + 3);
    await tab.scheduler.session()!.stop();
  });

  it.each([{ again: false }, { again: true }])(
    'that is lost (twice: $again) costs time, not weights',
    async ({ again }) => {
      const whole = await openTab();
      await whole.train();
      await whole.scheduler.session()!.ended;
      const { hash } = await whole.scheduler.session()!.stateHash();

      const tab = await openTab({ kind: 'gpu' });
      const { run } = await tab.train();
      await atStep(tab, 4);
      tab.devices.last().lose();
      if (again) {
        await until(() => tab.devices.all.length === 2);
        tab.devices.last().lose();
      }
      await tab.scheduler.session()!.ended;
      expect(tab.status()).toMatchObject({ ending: 'finished', backend: 'gpu' });
      expect(tab.steps(run)).toEqual(oneTo(30));
      expect((await tab.scheduler.session()!.stateHash()).hash).toBe(hash);
      expect(tab.problems().every(({ message }) => message.includes('device lost'))).toBe(true);
      expect(tab.live.most).toBe(1);
    },
  );

  it('that is lost while a run is being prepared, and no other to be had: the processor takes over', async () => {
    const tab = await openTab({ kind: 'gpu' });
    const device = tab.devices.last();
    tab.devices.refused.add('gpu');
    const training = tab.train();
    device.lose();
    const { run } = await training;
    await tab.scheduler.session()!.ended;
    expect(tab.steps(run)).toEqual(oneTo(30));
    expect(tab.status()).toMatchObject({ ending: 'finished', backend: 'cpu' });
  });
});

describe('a page that is left', () => {
  it('lets go of its run, saved, and goes on with it when it is back', async () => {
    const tab = await openTab();
    const { run } = await tab.train();
    await atStep(tab, 4);
    await tab.scheduler.putDown();
    expect([...(await tab.locks.held())]).toEqual([]);
    const { snapshot } = await loadState(tab.storage, run);
    expect(tab.steps(run)).toEqual(oneTo(snapshot.step));
    expect(bytesOf(tab)).toBe(0);
    expect(await tab.scheduler.takeUp()).toBe(false);
    await tab.scheduler.session()!.ended;
    expect(tab.steps(run)).toEqual(oneTo(30));
    expect([...(await tab.locks.held())]).toEqual([]);
  });

  it.each([{ ends: true }, { ends: false }])(
    'leaves its run to the tab that went on with it (to its end: $ends)',
    async ({ ends }) => {
      const [storage, locks] = [memoryStorage(), memoryLocks()];
      const left = await openTab({ storage, locks });
      const { run } = await left.train(ends ? {} : long);
      await atStep(left, 4);
      await left.scheduler.putDown();
      const next = await openTab({ storage, locks });
      await next.scheduler.resume(run);
      if (ends) await next.scheduler.session()!.ended;
      else await atStep(next, left.steps(run).length + 2);
      expect(await left.scheduler.takeUp()).toBe(true);
      expect([left.scheduler.session(), left.status(), left.live.now.size]).toEqual([null, null, 0]);
      await next.scheduler.session()!.stop();
      expect(next.steps(run)).toEqual(oneTo(next.steps(run).length));
      // It can begin another one.
      await left.train({ 'training.steps': 2 });
      await left.scheduler.session()!.ended;
    },
  );

  it('that never had a run, or whose run has ended, lets go of nothing', async () => {
    const tab = await openTab();
    await tab.scheduler.putDown();
    expect(await tab.scheduler.takeUp()).toBe(false);
    await tab.train({ 'training.steps': 2 });
    await tab.scheduler.session()!.ended;
    await tab.scheduler.putDown();
    expect(await tab.scheduler.takeUp()).toBe(false);
    expect(tab.status()).toMatchObject({ ending: 'finished' });
  });

  it('keeps a run that was gone on with here before it was back', async () => {
    const tab = await openTab();
    const { run } = await tab.train(long);
    await atStep(tab, 3);
    await tab.scheduler.putDown();
    await tab.scheduler.resume(run);
    expect(await tab.scheduler.takeUp()).toBe(false);
    expect(tab.scheduler.session()?.identity.id).toBe(run);
    await tab.train({ 'training.steps': 2 });
    await tab.scheduler.session()!.ended;
    expect(tab.live.most, 'runs on the device at once').toBe(1);
    expect([...(await tab.locks.held())]).toEqual([]);
  });

  it('leaves a run of the queue to the queue', async () => {
    const queued = new Set<string>();
    const tab = await openTab({ queued });
    const { run } = await tab.train(long);
    queued.add(run);
    await atStep(tab, 3);
    await tab.scheduler.putDown();
    expect(await tab.scheduler.takeUp()).toBe(false);
    expect([tab.scheduler.session(), tab.scheduler.isBusy()]).toEqual([null, false]);
    await tab.scheduler.resume(run);
    await tab.scheduler.session()!.stop();
  });
});

/** What a person and the machine may do, at random. */
type Act = (tab: Tab) => Promise<unknown> | unknown;
const acts: readonly Act[] = [
  (tab) => tab.train({ 'training.steps': 40 }),
  (tab) => tab.train({ 'training.steps': 40 }, { startPaused: true }),
  (tab) => tab.scheduler.session()?.pause(),
  (tab) => tab.scheduler.session()?.resume(),
  (tab) => tab.scheduler.session()?.singleStep(),
  (tab) => tab.scheduler.session()?.save(),
  (tab) => tab.scheduler.session()?.stop(),
  (tab) => tab.broker.move('cpu'),
  (tab) => tab.broker.move('gpu'),
  (tab) => tab.devices.last().kind === 'gpu' && tab.devices.last().lose(),
  async (tab) => {
    const [state] = await stateSummaries(tab.storage);
    if (state) await tab.scheduler.resume(state.id);
  },
  async (tab) => {
    await tab.scheduler.putDown();
    await tab.scheduler.takeUp();
  },
  () => new Promise((resolve) => setTimeout(resolve, 3)),
];

describe('whatever happens', () => {
  it('at most one run is on the device, every run ends, no saved step is lost, and nothing is left behind', async () => {
    const sequences = fc.array(fc.nat(acts.length - 1), { minLength: 1, maxLength: 14 });
    await fc.assert(
      fc.asyncProperty(sequences, async (sequence) => {
        const tab = await openTab({ kind: 'gpu' });
        const saved = new Map<string, number>();
        const pending: Promise<unknown>[] = [];
        for (const act of sequence) {
          pending.push(Promise.resolve(acts[act](tab)).catch(() => {}));
          // Some commands come while others are under way.
          if (act % 2 === 0) await new Promise((resolve) => setTimeout(resolve, 2));
          for (const { id, step } of await stateSummaries(tab.storage)) {
            expect(step, 'a saved step is not lost').toBeGreaterThanOrEqual(saved.get(id) ?? 0);
            saved.set(id, step);
          }
        }
        await Promise.all(pending);
        await tab.broker.exclusive(async () => {});
        await tab.scheduler.session()?.stop();
        await tab.broker.exclusive(async () => {});
        expect(tab.live.most).toBeLessThanOrEqual(1);
        expect([...tab.live.now]).toEqual([]);
        expect([...(await tab.locks.held())]).toEqual([]);
        expect(bytesOf(tab)).toBe(0);
        const session = tab.scheduler.session();
        if (session) expect(session.state().phase).toBe('ended');
        // What was saved of a run is there still, or it finished and left its model.
        const left = new Map((await stateSummaries(tab.storage)).map(({ id, step }) => [id, step]));
        for (const [id, step] of saved) {
          const model = (await tab.library.list()).find((one) => one.id === id);
          expect(Math.max(left.get(id) ?? 0, model?.step ?? 0)).toBeGreaterThanOrEqual(step);
        }
      }),
      { numRuns: 25 },
    );
  }, 120_000);
});
