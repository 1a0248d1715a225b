/** The saved runs, as the engine keeps them: read once, then told of every run that ends. */
import { create } from 'zustand';
import type { RunRecord } from '../config/records.ts';
import { ask, listen } from './session.ts';

export interface SavedRuns {
  /** Newest first; replaced, never changed in place. */
  runs: readonly RunRecord[];
  /** False until the engine has answered. */
  isRead: boolean;
}

export const useSavedRuns = create<SavedRuns>(() => ({ runs: [], isRead: false }));

/** Reads the saved runs and follows what becomes of them; call it once the engine is connected. Answers an end to it. */
export function followSavedRuns(): () => void {
  const endListening = listen('savedRun', ({ record }) => {
    useSavedRuns.setState(({ runs }) => ({ runs: merged(runs, [record]) }));
  });
  void ask('listRuns', {}).then((answer) => {
    if (answer) useSavedRuns.setState(({ runs }) => ({ runs: merged(answer.runs, runs), isRead: true }));
  });
  return endListening;
}

/** Renames a run; answers whether it could be. */
export async function renameRun(id: string, name: string): Promise<boolean> {
  const answer = await ask('renameRun', { id, name });
  if (answer) useSavedRuns.setState(({ runs }) => ({ runs: merged(runs, [answer.run]) }));
  return answer !== null;
}

/** Forgets runs for good. */
export async function removeRuns(ids: readonly string[]): Promise<void> {
  if (!(await ask('removeRuns', { ids: [...ids] }))) return;
  useSavedRuns.setState(({ runs }) => ({ runs: runs.filter(({ id }) => !ids.includes(id)) }));
}

/** Keeps records from elsewhere among the saved runs; one of the same id is replaced. */
export async function addRuns(records: readonly RunRecord[]): Promise<boolean> {
  const answer = await ask('addRuns', { runs: [...records] });
  if (answer) useSavedRuns.setState(({ runs }) => ({ runs: merged(runs, records) }));
  return answer !== null;
}

/** Both lists as one, newest first; of two runs with the same id the newer list's counts. */
function merged(runs: readonly RunRecord[], newer: readonly RunRecord[]): RunRecord[] {
  const ids = new Set(newer.map(({ id }) => id));
  return [...newer, ...runs.filter(({ id }) => !ids.has(id))].sort((a, b) => b.created.localeCompare(a.created));
}
