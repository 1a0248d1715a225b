/** What the saved runs say of the studies, asked of the engine anew whenever runs of studies come or go. */
import { create } from 'zustand';
import type { StudyRecord, StudyResult } from '../../config/records.ts';
import type { QueuedRun } from '../../worker/protocol.ts';
import { type SavedRuns, useSavedRuns } from '../savedRuns.ts';
import { ask } from '../session.ts';
import { keyOf, runsOfStudies } from './runs.ts';

export const useOwnStudies = create<{ results: readonly StudyResult[] }>(() => ({ results: [] }));

/** Follows the saved runs; call it once the engine is open. Answers an end to it. */
export function followOwnStudies(): () => void {
  let isAsking = false;
  let isOutdated = false;
  const refresh = async () => {
    isOutdated = isAsking;
    if (isAsking) return;
    isAsking = true;
    const answer = await ask('studyResults', {});
    isAsking = false;
    if (isOutdated) return refresh();
    if (answer) useOwnStudies.setState({ results: answer.results });
  };
  const ofStudies = ({ runs }: SavedRuns) => runs.filter(({ study }) => study !== null);
  const end = useSavedRuns.subscribe((now, before) => {
    const [some, others] = [now, before].map(ofStudies);
    if (some.length !== others.length || some.some((run, i) => run !== others[i])) void refresh();
  });
  void refresh();
  return end;
}

/** A study in one size, as far as a person has run it here. */
export interface OwnStudy {
  readonly size: string;
  /** Null before any of its runs counts. */
  readonly result: StudyResult | null;
  /** Runs that wait in the queue, or are in progress. */
  readonly waiting: number;
}

/** What there is of a study here, by size: of finished runs and of those in the queue. */
export function ownStudies(id: string, results: readonly StudyResult[], queue: readonly QueuedRun[]): OwnStudy[] {
  const queued = queue.flatMap(({ study }) => (study?.id === id ? [study.size] : []));
  const found = results.filter(({ study }) => study === id);
  return [...new Set([...found.map(({ size }) => size), ...queued])].map((size) => ({
    size,
    result: found.find((result) => result.size === size) ?? null,
    waiting: queued.filter((of) => of === size).length,
  }));
}

/** The record of a study, and whose it is: shipped with the page, or derived from saved runs. */
export interface StudySource {
  readonly id: string;
  readonly label: string;
  readonly record: StudyRecord;
  /** Null for the one that is shipped. */
  readonly result: StudyResult | null;
  /** Its runs in the comparison, in the order of the arms. */
  readonly keys: readonly string[];
}

/** Every record that there is of a study, the shipped one first. */
export function sourcesOf(recorded: StudyRecord | null, own: readonly OwnStudy[]): StudySource[] {
  const yours = own.flatMap(({ size, result }): StudySource[] => {
    if (!result?.record) return [];
    const keys = result.record.runs.map((run) => keyOf('saved', run));
    return [{ id: `own/${size}`, label: `Your runs, ${size}`, record: result.record, result, keys }];
  });
  if (!recorded) return yours;
  const keys = runsOfStudies([recorded]).map(({ key }) => key);
  return [{ id: 'recorded', label: 'Recorded', record: recorded, result: null, keys }, ...yours];
}
