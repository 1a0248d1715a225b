/** The saved runs: records of runs that have ended, in the browser's storage. */
import { DataError } from '../base/errors.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import type { SiteStorage } from './stored.ts';

/** Newest first. `onProblem` hears of records that this version of the page cannot read; they stay where they are. */
export async function listRecords({ records }: SiteStorage, onProblem: (error: unknown) => void): Promise<RunRecord[]> {
  const runs: RunRecord[] = [];
  for (const stored of await records.all('runs')) {
    try {
      // A record of an earlier version lacks settings that have come since.
      runs.push(parseRunRecord(stored, `saved run "${stored.name}"`));
    } catch (error) {
      onProblem(error);
    }
  }
  return runs.sort((a, b) => (a.created < b.created ? 1 : -1));
}

/** Throws `DataError` for a run that is not there, or a name without words. */
export async function renameRecord({ records }: SiteStorage, id: string, name: string): Promise<RunRecord> {
  const run = await records.get('runs', id);
  if (!run) throw new DataError(`saved run: expected one of the list, got ${id}, which is gone`);
  const renamed = { ...run, name: wordsIn(name) };
  await records.put('runs', id, renamed);
  return renamed;
}

/** A name without blanks around it. Throws `DataError` for one without words. */
export function wordsIn(name: string): string {
  const words = name.trim();
  if (words === '') throw new DataError('name of a saved run: expected some words, got none');
  return words;
}

export async function removeRecords({ records }: SiteStorage, ids: readonly string[]): Promise<void> {
  for (const id of ids) await records.remove('runs', id);
}

/** Adds runs from elsewhere; one of the same id is replaced. Throws `DataError` for what is no record. */
export async function addRecords({ records }: SiteStorage, runs: readonly RunRecord[]): Promise<void> {
  const parsed = runs.map((run) => parseRunRecord(run, `run "${run.name}"`));
  for (const run of parsed) await records.put('runs', run.id, run);
}
