/** All runs that can be compared: recorded studies, imported files, the run in progress. Pure, but for imports. */
import { create } from 'zustand';
import type { RunRecord, StudyRecord } from '../../config/records.ts';
import { parseRuns } from './bundle.ts';
import type { ComparedRun, Origin } from './groups.ts';

/** Runs from files that a person brought in this visit. */
export const useImported = create<{ runs: readonly RunRecord[] }>(() => ({ runs: [] }));

/**
 * Takes over the runs of a file (see `parseRuns`); one that was imported before is replaced.
 * Answers their keys. Throws `DataError` with one sentence.
 */
export function importRuns(text: string, where: string): string[] {
  const found = parseRuns(text, where);
  const ids = new Set(found.map(({ id }) => id));
  useImported.setState(({ runs }) => ({ runs: [...runs.filter(({ id }) => !ids.has(id)), ...found] }));
  return found.map((record) => keyOf('imported', record));
}

/** The runs of recorded studies, arm by arm. */
export function runsOfStudies(studies: readonly StudyRecord[]): ComparedRun[] {
  return studies.flatMap((study) => {
    const order = study.arms.map(({ id }) => id);
    const labels = new Map(study.arms.map(({ id, label }) => [id, label]));
    const armOf = (record: RunRecord) => record.study?.arm ?? '';
    return [...study.runs]
      .sort((a, b) => order.indexOf(armOf(a)) - order.indexOf(armOf(b)))
      .map((record) => ({
        key: keyOf('recorded', record),
        origin: 'recorded' as const,
        record,
        label: labels.get(armOf(record)) ?? record.name,
      }));
  });
}

/** Records as runs of one origin. An arm is named as the recorded study names it, where there is one. */
export function runsOf(records: readonly RunRecord[], origin: Origin, studies: readonly StudyRecord[]): ComparedRun[] {
  return records.map((record) => {
    const arms = studies.find(({ study }) => study === record.study?.id)?.arms;
    const arm = arms?.find(({ id }) => id === record.study?.arm);
    return { key: keyOf(origin, record), origin, record, label: arm?.label ?? record.study?.arm ?? record.name };
  });
}

/** The runs that Compare shows before a person has chosen any: the first study, or all that there are. */
export function firstChoice(runs: readonly ComparedRun[]): string[] {
  const first = runs.find(({ origin }) => origin === 'recorded')?.record.study?.id;
  const chosen = first === undefined ? runs : runs.filter((run) => run.origin === 'recorded' && studyOf(run) === first);
  return chosen.map(({ key }) => key);
}

function studyOf({ record }: ComparedRun): string | undefined {
  return record.study?.id;
}

function keyOf(origin: Origin, { id, study }: RunRecord): string {
  return origin === 'recorded' ? `recorded/${study?.id}/${id}` : `${origin}/${id}`;
}
