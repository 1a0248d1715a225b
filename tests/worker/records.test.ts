/** The saved runs: newest first, named by people, from elsewhere too, and told of where they cannot be read. */
import { expect, it } from 'vitest';
import type { RunRecord } from '../../src/config/records.ts';
import { addRecords, listRecords, removeRecords, renameRecord } from '../../src/worker/records.ts';
import { recordOf } from '../store/compare/records.ts';
import { memoryStorage } from './world.ts';

const named = (id: string, created: string): RunRecord => ({ ...recordOf({ id }), name: `Run ${id}`, created });
const a = named('a', '2026-01-01T00:00:00.000Z');
const b = named('b', '2026-01-02T00:00:00.000Z');

it('lists the newest first, renames and removes', async () => {
  const storage = memoryStorage();
  await addRecords(storage, [a, b]);
  const problems: unknown[] = [];
  const names = async () => (await listRecords(storage, (error) => problems.push(error))).map(({ name }) => name);
  expect(await names()).toEqual(['Run b', 'Run a']);
  await renameRecord(storage, 'a', ' Best ');
  expect(await names()).toEqual(['Run b', 'Best']);
  await expect(renameRecord(storage, 'a', ' ')).rejects.toThrow('name of a saved run: expected some words, got none');
  await expect(renameRecord(storage, 'x', 'y')).rejects.toThrow('which is gone');
  await removeRecords(storage, ['b']);
  expect(await names()).toEqual(['Best']);
  expect(problems).toEqual([]);
});

it('takes records from elsewhere, and tells of one that it cannot read', async () => {
  const storage = memoryStorage();
  await addRecords(storage, [a, { ...a, id: 'c' }]);
  const broken = { ...a, id: 'd', experiment: { model: { layers: 'many' } } } as never;
  await expect(addRecords(storage, [b, broken])).rejects.toThrow('model.layers');
  expect((await listRecords(storage, () => {})).map(({ id }) => id).sort()).toEqual(['a', 'c']);
  await storage.records.put('runs', 'd', broken);
  const problems: Error[] = [];
  const listed = await listRecords(storage, (error) => problems.push(error as Error));
  expect(listed.map(({ id }) => id).sort()).toEqual(['a', 'c']);
  expect(problems.map(({ message }) => message)).toEqual([expect.stringContaining('model.layers')]);
});
