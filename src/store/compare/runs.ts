/** All runs that can be compared: recorded studies, saved runs (imported ones too), the run in progress. */
import type { RunRecord, StudyRecord } from '../../config/records.ts';
import { addRuns } from '../savedRuns.ts';
import { parseRuns } from './bundle.ts';
import type { ComparedRun, Origin } from './groups.ts';

/**
 * Keeps the runs of a file (see `parseRuns`) among the saved ones; one of the same id is replaced.
 * Answers their keys, or null when they could not be kept (the problem is shown). Throws `DataError` with one sentence.
 */
export async function importRuns(text: string, where: string): Promise<string[] | null> {
  const found = parseRuns(text, where);
  return (await addRuns(found)) ? found.map((record) => keyOf('saved', record)) : null;
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

/** Saved records as runs. An arm is named as its study names it, where that is known. */
export function runsOfRecords(
  records: readonly RunRecord[],
  studies: readonly { id: string; arms: StudyRecord['arms'] }[],
): ComparedRun[] {
  return records.map((record) => {
    const arms = studies.find(({ id }) => id === record.study?.id)?.arms;
    const arm = arms?.find(({ id }) => id === record.study?.arm);
    const label = arm?.label ?? record.study?.arm ?? record.name;
    return { key: keyOf('saved', record), origin: 'saved', record, label };
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

/** The key of a run in the comparison: one that ends keeps its own. */
export function keyOf(origin: Origin, { id, study }: RunRecord): string {
  return origin === 'recorded' ? `recorded/${study?.id}/${id}` : `saved/${id}`;
}
