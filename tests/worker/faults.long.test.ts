/**
 * Every fault of the browser's storage, its locks and the device, one after the other: the uses in a small run are counted, and the
 * first, the second, ... the last of them fails, alone or with all that follow, cleanly or with half of a file written;
 * in the first visit or after a reload. After each, what was said to be safe is there, and goes on bit-equal to an
 * uninterrupted run.
 */
import { expect, it } from 'vitest';
import { StorageError } from '../../src/base/errors.ts';
import { maxInFlight } from '../../src/runtime/runtime.ts';
import type { Locks } from '../../src/worker/locks.ts';
import { loadState, stateSummaries } from '../../src/worker/states.ts';
import type { SiteStorage } from '../../src/worker/stored.ts';
import { memoryLocks, memoryStorage, openTab, type Tab, type TestDevice } from './world.ts';

const settings = { 'training.steps': 9, 'training.evaluateEvery': 4 };

interface Fault {
  /** The access that fails, counted from 1. */
  readonly at: number;
  readonly how: 'once' | 'from then on' | 'once, half written';
}

/** A storage whose accesses are counted, and one of which fails. */
function faulty(storage: SiteStorage, fault: Fault | null): { storage: SiteStorage; count: () => number } {
  let count = 0;
  const failsNow = () => {
    count += 1;
    return fault !== null && (fault.how === 'from then on' ? count >= fault.at : count === fault.at);
  };
  const guarded =
    <A extends unknown[], R>(access: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      if (failsNow()) throw new StorageError('the storage fails');
      return access(...args);
    };
  const { records, files } = storage;
  const write = async (name: string, bytes: Uint8Array<ArrayBuffer>) => {
    if (!failsNow()) return files.write(name, bytes);
    if (fault?.how === 'once, half written') await files.write(name, bytes.slice(0, bytes.length >> 1));
    throw new StorageError('the storage fails');
  };
  return {
    count: () => count,
    storage: {
      warning: null,
      records: {
        get: guarded(records.get) as typeof records.get,
        all: guarded(records.all) as typeof records.all,
        put: guarded(records.put) as typeof records.put,
        remove: guarded(records.remove),
      },
      files: { read: guarded(files.read), write, remove: guarded(files.remove) },
    },
  };
}

const atStep = ({ scheduler }: Tab, step: number) =>
  expect
    .poll(() => scheduler.session()?.state().step ?? 0, { interval: 1, timeout: 20_000 })
    .toBeGreaterThanOrEqual(step);
const stateOf = async (storage: SiteStorage, run: string): Promise<number | null> =>
  (await stateSummaries(storage)).some(({ id }) => id === run) ? (await loadState(storage, run)).snapshot.step : null;
const hashOf = async (tab: Tab) => (await tab.scheduler.session()!.stateHash()).hash;
const opened = (storage: SiteStorage, locks = memoryLocks()) => openTab({ storage, locks, saveAfter: () => 0 });

/** Locks whose uses are counted, and one of which fails. */
function faultyLocks(at: number | null): { locks: Locks; count: () => number } {
  let count = 0;
  const guarded =
    <A extends unknown[], R>(use: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      count += 1;
      if (count === at) throw new StorageError('the lock fails');
      return use(...args);
    };
  const { take, wait, untilFree, held } = memoryLocks();
  const locks = { take: guarded(take), wait: guarded(wait), untilFree: guarded(untilFree), held: guarded(held) };
  return { locks, count: () => count };
}

/** A visit that ends without a word, in the middle of its run; answers the step that the run was told to be safe at. */
async function firstVisit(storage: SiteStorage, locks?: Locks): Promise<{ run: string; safe: number }> {
  const tab = await opened(storage, locks);
  const { run } = await tab.train(settings);
  await atStep(tab, 4);
  const safe = await tab.scheduler.session()!.save();
  await tab.scheduler.session()!.leave(false);
  return { run, safe };
}

/** The next visit: goes on to the end, whatever happens to its storage. */
async function nextVisit(storage: SiteStorage, run: string, locks?: Locks): Promise<Tab> {
  const tab = await opened(storage, locks);
  await tab.scheduler.resume(run);
  await tab.scheduler.session()!.ended;
  return tab;
}

async function uninterrupted(): Promise<string> {
  const tab = await openTab({ saveAfter: () => 0 });
  await tab.train(settings);
  await tab.scheduler.session()!.ended;
  return hashOf(tab);
}

const ways = ['once', 'from then on', 'once, half written'] as const;

it('no fault of storage loses what was said to be safe, in the first visit or after a reload', async () => {
  const whole = await uninterrupted();
  const counting = faulty(memoryStorage(), null);
  const { run: counted } = await firstVisit(counting.storage);
  const inFirst = counting.count();
  await nextVisit(counting.storage, counted);
  const inNext = counting.count() - inFirst;
  let runs = 0;

  for (const how of ways) {
    for (let at = 1; at <= inFirst; at += 1) {
      const disk = memoryStorage();
      const visit = await firstVisit(faulty(disk, { at, how }).storage).catch(() => null);
      runs += 1;
      // A run that could not even be started has told so, and learned nothing.
      if (!visit) continue;
      const state = await stateOf(disk, visit.run);
      expect(state ?? 0, `first visit, access ${at} fails ${how}`).toBeGreaterThanOrEqual(visit.safe);
      if (state === null) continue;
      expect(await hashOf(await nextVisit(disk, visit.run)), `first visit, access ${at} fails ${how}`).toBe(whole);
    }
    for (let at = 1; at <= inNext; at += 1) {
      const disk = memoryStorage();
      const { run, safe } = await firstVisit(disk);
      const tab = await nextVisit(faulty(disk, { at, how }).storage, run).catch(() => null);
      runs += 1;
      if (tab) expect(await hashOf(tab), `after a reload, access ${at} fails ${how}`).toBe(whole);
      // It ended and left its model, or there is a state to go on from.
      const model = await disk.records.get('models', run);
      const state = await stateOf(disk, run);
      expect(
        Math.max(model?.step ?? 0, state ?? 0),
        `after a reload, access ${at} fails ${how}`,
      ).toBeGreaterThanOrEqual(safe);
      if (state !== null) expect(await hashOf(await nextVisit(disk, run))).toBe(whole);
    }
  }
  process.stdout.write(`storage faults: ${runs} injected (${inFirst} + ${inNext} accesses, 3 ways), 0 runs lost\n`);
}, 300_000);

it('no fault of a lock loses what was said to be safe, in the first visit or after a reload', async () => {
  const whole = await uninterrupted();
  const [first, next] = [faultyLocks(null), faultyLocks(null)];
  const counting = memoryStorage();
  await nextVisit(counting, (await firstVisit(counting, first.locks)).run, next.locks);
  expect(first.count()).toBeGreaterThan(0);
  expect(next.count()).toBeGreaterThan(0);
  const sentence = /the lock fails/;

  for (let at = 1; at <= first.count(); at += 1) {
    const disk = memoryStorage();
    await expect(firstVisit(disk, faultyLocks(at).locks), `first visit, use ${at}`).rejects.toThrow(sentence);
    // The same page can start it all the same: nothing of the run that failed is in its way.
    const { run, safe } = await firstVisit(disk);
    expect(await stateOf(disk, run)).toBeGreaterThanOrEqual(safe);
    expect(await hashOf(await nextVisit(disk, run))).toBe(whole);
  }
  for (let at = 1; at <= next.count(); at += 1) {
    const disk = memoryStorage();
    const { run, safe } = await firstVisit(disk);
    await expect(nextVisit(disk, run, faultyLocks(at).locks), `after a reload, use ${at}`).rejects.toThrow(sentence);
    expect(await stateOf(disk, run), `after a reload, use ${at}`).toBeGreaterThanOrEqual(safe);
    expect(await hashOf(await nextVisit(disk, run))).toBe(whole);
  }
  process.stdout.write(`lock faults: ${first.count() + next.count()} injected, 0 runs lost\n`);
}, 60_000);

/** Counts the uses of a tab's devices; with `at`, the use of that number fails, or loses the device. */
function faultyDevice(at: number | null, how: 'fails' | 'is lost') {
  let count = 0;
  const onUse = (device: TestDevice) => {
    count += 1;
    if (count !== at) return;
    if (how === 'fails') throw new Error('the device fails');
    device.lose();
  };
  return { onUse, count: () => count };
}

it('no fault of the device loses more than what came after the last save; a lost one costs nothing', async () => {
  const whole = await uninterrupted();
  const trainOn = async (disk: SiteStorage, { onUse }: ReturnType<typeof faultyDevice>) => {
    const tab = await openTab({ storage: disk, kind: 'gpu', saveAfter: () => 0, onUse });
    const { run } = await tab.train(settings);
    await tab.scheduler.session()!.ended;
    return { tab, run };
  };
  const counting = faultyDevice(null, 'fails');
  await trainOn(memoryStorage(), counting);
  const uses = counting.count();
  // A step each, validations, and a read for every save.
  expect(uses).toBeGreaterThan(20);
  for (let at = 1; at <= uses; at += 1) {
    const about = `use ${at} of the device`;
    const lost = await trainOn(memoryStorage(), faultyDevice(at, 'is lost'));
    expect(lost.tab.status()?.ending, `${about} loses it`).toBe('finished');
    expect(await hashOf(lost.tab), `${about} loses it`).toBe(whole);

    const disk = memoryStorage();
    const { tab, run } = await trainOn(disk, faultyDevice(at, 'fails'));
    expect(tab.status()?.ending, `${about} fails`).toBe('failed');
    expect(tab.problems().map(({ message }) => message)).toContain('the device fails');
    const told = Math.max(0, ...tab.steps(run));
    const state = await stateOf(disk, run);
    // Saved whenever the steps in flight have come home.
    expect(state ?? 0, `${about} fails`).toBeGreaterThanOrEqual(told - maxInFlight);
    if (state !== null) expect(await hashOf(await nextVisit(disk, run)), `${about} fails`).toBe(whole);
  }
  process.stdout.write(`device faults: ${2 * uses} injected (${uses} uses, 2 ways), 0 runs lost\n`);
}, 120_000);
