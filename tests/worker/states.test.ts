/** States to go on from: whole or from the one before, whatever becomes of the newest; and never anything of another run. */
import { describe, expect, it } from 'vitest';
import { checksumOf } from '../../src/base/checksum.ts';
import { StorageError } from '../../src/base/errors.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { encodeSnapshot, type Snapshot } from '../../src/train/checkpoint.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { dropState, loadState, saveState, saveText, stateSummaries, textOfRun } from '../../src/worker/states.ts';
import type { SiteStorage, StoredState } from '../../src/worker/stored.ts';
import { recordOf } from '../store/compare/records.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';
import { memoryStorage } from './world.ts';

const experiment = tinyExperiment();
const text = tinyText(experiment);
const { tokenizer } = text;
const fresh = await (await createTrainer(createTwinRuntime(), experiment, tokenizer.vocabularySize)).snapshot();
const snapshotAt = (step: number): Snapshot => ({
  ...fresh,
  step,
  parameter: fresh.parameter.map((value) => value + step),
});
const recordAt = (step: number) => ({ ...recordOf({ id: 'a' }), experiment, steps: step });
const save = (storage: SiteStorage, step: number) =>
  saveState(storage, {
    record: recordAt(step),
    snapshot: snapshotAt(step),
    tokenizer,
    fingerprint: text.fingerprint(),
  });
const filesOf = async (storage: SiteStorage) =>
  (await storage.records.get('kept', 'a'))!.snapshots.map(({ file }) => file);

describe('a state', () => {
  it('is read back as it was saved, with its text', async () => {
    const storage = memoryStorage();
    await save(storage, 3);
    await saveText(storage, 'a', 'my words');
    const { snapshot, record, notice, tokenizer: read } = await loadState(storage, 'a');
    expect(snapshot).toEqual({ ...snapshotAt(3), text: text.fingerprint() });
    expect([record.steps, notice, read.toJSON()]).toEqual([3, null, tokenizer.toJSON()]);
    expect(await textOfRun(storage, 'a')).toBe('my words');
    expect(await stateSummaries(storage)).toMatchObject([{ id: 'a', step: 3, steps: 30 }]);
    expect((await stateSummaries(storage))[0].bytes).toBeGreaterThan(16 * fresh.parameter.length);
  });

  it('has two files in turn, the newest first', async () => {
    const storage = memoryStorage();
    const files: string[][] = [];
    for (const step of [1, 2, 3]) {
      await save(storage, step);
      files.push(await filesOf(storage));
    }
    expect(files).toEqual([['a-a'], ['a-b', 'a-a'], ['a-a', 'a-b']]);
    await dropState(storage, 'a');
    expect([
      await storage.records.get('kept', 'a'),
      await storage.files.read('a-a'),
      await storage.files.read('a-b'),
    ]).toEqual([undefined, null, null]);
  });

  it('survives a save that is cut short at any of its writes', async () => {
    for (const broken of ['file', 'entry'] as const) {
      const storage = memoryStorage();
      await save(storage, 1);
      await save(storage, 2);
      const full = async () => {
        throw new StorageError('no room');
      };
      const failing: SiteStorage =
        broken === 'file'
          ? {
              ...storage,
              files: {
                ...storage.files,
                // Half of it is there already when the room runs out.
                write: async (name, bytes) => {
                  await storage.files.write(name, bytes.slice(0, bytes.length / 2));
                  await full();
                },
              },
            }
          : { ...storage, records: { ...storage.records, put: full } };
      await expect(save(failing, 3)).rejects.toThrow('no room');
      expect((await loadState(storage, 'a')).snapshot, broken).toEqual({ ...snapshotAt(2), text: text.fingerprint() });
    }
  });

  const spoil: Record<string, (bytes: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer> | null> = {
    'cut off': (bytes) => bytes.slice(0, bytes.length - 5),
    empty: () => new Uint8Array(0),
    missing: () => null,
    'one bit of a weight flipped': (bytes) => {
      bytes[bytes.length - 3] ^= 4;
      return bytes;
    },
    'one bit of the header flipped': (bytes) => {
      bytes[12] ^= 1;
      return bytes;
    },
    'too long': (bytes) => new Uint8Array([...bytes, 0]),
  };
  it.each(Object.entries(spoil))(
    'whose newest file is %s goes on from the one before, with one sentence',
    async (_, change) => {
      const storage = memoryStorage();
      await save(storage, 1);
      await save(storage, 2);
      const [newest] = await filesOf(storage);
      const changed = change((await storage.files.read(newest))!);
      if (changed) await storage.files.write(newest, changed);
      else await storage.files.remove(newest);
      const { snapshot, notice } = await loadState(storage, 'a');
      expect(snapshot).toEqual({ ...snapshotAt(1), text: text.fingerprint() });
      expect(notice).toMatch(/^a-b: expected .*, got .*\. The run goes on from step 1\.$/);
    },
  );

  it('with a weight that is not finite is passed over too', async () => {
    const storage = memoryStorage();
    await save(storage, 1);
    const poisoned = snapshotAt(2);
    const average = fresh.average.slice();
    average[7] = Number.NaN;
    await saveState(storage, { record: recordAt(2), snapshot: { ...poisoned, average }, tokenizer, fingerprint: '' });
    const { snapshot, notice } = await loadState(storage, 'a');
    expect(snapshot.step).toBe(1);
    expect(notice).toBe('a-b: expected finite averaged weights, got NaN. The run goes on from step 1.');
  });

  it('of which nothing is sound is one sentence, and stays where it is', async () => {
    const storage = memoryStorage();
    await save(storage, 1);
    await storage.files.write('a-a', new Uint8Array(3));
    await expect(loadState(storage, 'a')).rejects.toThrow(/^a-a: expected the bytes that were written/);
    expect(await storage.records.get('kept', 'a')).toBeDefined();
    await expect(loadState(storage, 'x')).rejects.toThrow(
      'run: expected one whose state is kept, got x, which is gone',
    );
  });

  it('of an earlier version, one file without a checksum, is read and saved over whole', async () => {
    const storage = memoryStorage();
    await storage.files.write('a-a', encodeSnapshot(snapshotAt(5), text.fingerprint()));
    const old = {
      record: recordAt(5),
      tokenizer: tokenizer.toJSON(),
      snapshotFile: 'a-a',
      isFinished: false,
      savedAt: 1,
    };
    await storage.records.put('kept', 'a', old as unknown as StoredState);
    expect((await loadState(storage, 'a')).snapshot.step).toBe(5);
    await save(storage, 6);
    expect(await filesOf(storage)).toEqual(['a-b', 'a-a']);
  });
});

describe('a checksum', () => {
  it('differs for every flipped bit, for another length, and not for another alignment', () => {
    const bytes = Uint8Array.from({ length: 61 }, (_, i) => (i * 37) % 256);
    const sum = checksumOf(bytes);
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      bytes[bit >> 3] ^= 1 << (bit & 7);
      expect(checksumOf(bytes), `bit ${bit}`).not.toBe(sum);
      bytes[bit >> 3] ^= 1 << (bit & 7);
    }
    expect(checksumOf(new Uint8Array([...bytes, 0]))).not.toBe(sum);
    const shifted = new Uint8Array(62);
    shifted.set(bytes, 1);
    expect(checksumOf(shifted.subarray(1))).toBe(sum);
  });
});
