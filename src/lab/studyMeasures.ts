/** What a study measures on the runs of one seed beyond their losses: for the command line and the page's worker alike. */
import type { RunRecord } from '../config/records.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Progress, Study, Subject } from './studies/study.ts';

/** Measures of the runs of a seed, by arm and name. */
export type SeedMeasures = Readonly<Record<string, RunRecord['measures']>>;

/** Empty for a study that measures nothing. What it allocates goes with the runtime if `onProgress` ends it. */
export async function measureSeed(
  study: Study,
  runtime: Runtime,
  subjects: ReadonlyMap<string, Subject>,
  onProgress: Progress,
): Promise<SeedMeasures> {
  return Object.fromEntries((await study.measure?.(runtime, subjects, onProgress)) ?? []);
}

/** A record with what was measured on its run. */
export function withMeasures(record: RunRecord, measures: RunRecord['measures'] = {}): RunRecord {
  return { ...record, measures: { ...record.measures, ...measures } };
}
