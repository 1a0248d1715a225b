/** The saved runs: records of runs that have ended, in the browser's storage. */
import { DataError } from '../base/errors.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import type { SiteStorage } from './storage.ts';

export interface Library {
  /** Newest first. `onProblem` hears of records that this version of the page cannot read; they stay where they are. */
  list(onProblem: (error: unknown) => void): Promise<RunRecord[]>;
  /** Throws `DataError` for a run that is not there. */
  rename(id: string, name: string): Promise<RunRecord>;
  remove(ids: readonly string[]): Promise<void>;
  /** Adds runs from elsewhere; one of the same id is replaced. Throws `DataError` for what is no record. */
  add(runs: readonly RunRecord[]): Promise<void>;
}

export function createLibrary({ records }: SiteStorage): Library {
  return {
    list: async (onProblem) => {
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
    },
    rename: async (id, name) => {
      const run = await records.get('runs', id);
      if (!run) throw new DataError(`saved run: expected one of the list, got ${id}, which is gone`);
      const words = name.trim();
      if (words === '') throw new DataError('name of a saved run: expected some words, got none');
      const renamed = { ...run, name: words };
      await records.put('runs', id, renamed);
      return renamed;
    },
    remove: async (ids) => {
      for (const id of ids) await records.remove('runs', id);
    },
    add: async (runs) => {
      const parsed = runs.map((run) => parseRunRecord(run, `run "${run.name}"`));
      for (const run of parsed) await records.put('runs', run.id, run);
    },
  };
}
