/** What is kept of runs: records in a list, and one sentence where the browser has no room. */
import { describe, expect, it } from 'vitest';
import { StorageError } from '../../src/base/errors.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import type { TrainingEvent } from '../../src/train/trainingLoop.ts';
import { createKeeper, dropKept } from '../../src/worker/keeper.ts';
import { createLibrary } from '../../src/worker/library.ts';
import { memoryFiles, memoryRecords } from '../../src/worker/memoryStorage.ts';
import type { SiteStorage } from '../../src/worker/storage.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const experiment = tinyExperiment();
const text = tinyText(experiment);
const memory = (): SiteStorage => ({ records: memoryRecords(), files: memoryFiles(), warning: null });

function keeperOn(storage: SiteStorage, id = 'a', created = '2026-01-01T00:00:00.000Z') {
  const told: Telemetry[] = [];
  const emit = (telemetry: Telemetry) => told.push(telemetry);
  const identity = { id, name: `Run ${id}`, created, study: null };
  const keeper = createKeeper({ identity, experiment, text, earlier: null, adapterOf: () => 'here', storage, emit });
  return { keeper, told };
}
const stepped = (step: number): TrainingEvent => {
  const none = new Float32Array();
  return { kind: 'step', step, loss: 2, gradNorm: 1, load: none, maxVio: none, dropRate: none };
};
const snapshotOf = async () => {
  const trainer = await createTrainer(createTwinRuntime(), experiment, text.tokenizer.vocabularySize);
  return trainer.snapshot();
};

describe('keeper', () => {
  it('writes two files in turn, so that a cut write leaves the one before', async () => {
    const storage = memory();
    const { keeper } = keeperOn(storage);
    const snapshot = await snapshotOf();
    const files: (string | undefined)[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      await keeper.save(snapshot, false);
      files.push((await storage.records.get('kept', 'a'))?.snapshotFile);
    }
    expect(files[0]).not.toBe(files[1]);
    expect(files[2]).toBe(files[0]);
    expect(await storage.files.read(files[1]!)).not.toBeNull();
    await dropKept(storage, 'a');
    expect(await storage.records.get('kept', 'a')).toBeUndefined();
    for (const file of files) expect(await storage.files.read(file!)).toBeNull();
  });

  it.each([
    {
      what: 'a full disk',
      storage: (): SiteStorage => ({
        ...memory(),
        files: {
          ...memoryFiles(),
          write: async () => {
            throw new StorageError('a-a: expected room for 9 bytes, got QuotaExceededError');
          },
        },
      }),
    },
    { what: 'a private window', storage: (): SiteStorage => ({ ...memory(), warning: 'storage: none here' }) },
  ])('says so once with $what, and goes on', async ({ storage }) => {
    const { keeper, told } = keeperOn(storage());
    const snapshot = await snapshotOf();
    await keeper.save(snapshot, false);
    await keeper.save(snapshot, false);
    expect(told).toMatchObject([{ kind: 'problem', problem: { kind: 'storage' } }]);
    keeper.take(stepped(1));
    await keeper.end('stopped');
    expect(told[1]).toMatchObject({ kind: 'savedRun', record: { steps: 1, adapter: 'here' } });
  });

  it('files no run that did no step', async () => {
    const storage = memory();
    const { keeper, told } = keeperOn(storage);
    await keeper.end('stopped');
    expect([told, await storage.records.all('runs')]).toEqual([[], []]);
  });
});

describe('library', () => {
  it('lists the newest first, renames and removes', async () => {
    const storage = memory();
    for (const [id, created] of [
      ['a', '2026-01-01T00:00:00.000Z'],
      ['b', '2026-01-02T00:00:00.000Z'],
    ]) {
      const { keeper } = keeperOn(storage, id, created);
      keeper.take(stepped(1));
      await keeper.end('stopped');
    }
    const library = createLibrary(storage);
    const problems: unknown[] = [];
    const names = async () => (await library.list((error) => problems.push(error))).map(({ name }) => name);
    expect(await names()).toEqual(['Run b', 'Run a']);
    await library.rename('a', ' Best ');
    expect(await names()).toEqual(['Run b', 'Best']);
    await expect(library.rename('a', ' ')).rejects.toThrow('name of a saved run: expected some words, got none');
    await expect(library.rename('x', 'y')).rejects.toThrow('which is gone');
    await library.remove(['b']);
    expect(await names()).toEqual(['Best']);
    expect(problems).toEqual([]);
  });

  it('takes records from elsewhere, and tells of one that it cannot read', async () => {
    const storage = memory();
    const { keeper, told } = keeperOn(storage);
    keeper.take(stepped(1));
    await keeper.end('finished');
    const saved = told[0];
    if (saved.kind !== 'savedRun') throw new Error(saved.kind);
    const library = createLibrary(memory());
    await library.add([saved.record, { ...saved.record, id: 'b' }]);
    expect((await library.list(() => {})).map(({ id }) => id).sort()).toEqual(['a', 'b']);
    const broken = { ...saved.record, experiment: { model: { layers: 'many' } } };
    await expect(library.add([broken as never])).rejects.toThrow('model.layers');

    await storage.records.put('runs', 'c', { ...broken, id: 'c' } as never);
    const problems: Error[] = [];
    const listed = await createLibrary(storage).list((error) => problems.push(error as Error));
    expect(listed.map(({ id }) => id)).toEqual(['a']);
    expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('model.layers')]);
  });
});
