/**
 * Measures what a study asks of the runs of one seed, with their averaged weights, and adds it to their records. Not
 * here: when that is due, and what becomes of a failure (`queue.ts`).
 */
import type { RunRecord } from '../config/records.ts';
import type { Progress, Study, Subject } from '../lab/studies/study.ts';
import { measureSeed, withMeasures } from '../lab/studyMeasures.ts';
import type { Checkpoint } from '../model/weights.ts';
import type { RunText } from '../train/text.ts';
import type { DeviceBroker } from './deviceBroker.ts';
import type { QueuedRun, TrainRequest } from './protocol.ts';
import type { Measurement, SiteStorage } from './stored.ts';
import type { Telemetry } from './telemetry.ts';

/** What there will be to measure of runs that are taken into the queue together. */
export function measurementsOf(runs: readonly QueuedRun[], studyOf: (id: string) => Study): Measurement[] {
  const found = new Map<string, Measurement>();
  for (const { id, study, experiment } of runs) {
    if (!study || !studyOf(study.id).measure) continue;
    const { seed } = experiment.training;
    const key = `${study.id} ${study.size} ${seed}`;
    found.set(key, { study: study.id, seed, runs: { ...found.get(key)?.runs, [study.arm]: id } });
  }
  return [...found.values()];
}

export interface MeasurerOptions {
  readonly storage: () => SiteStorage;
  readonly emit: (telemetry: Telemetry) => void;
  readonly studyOf: (id: string) => Study;
  readonly textOf: (request: TrainRequest) => Promise<RunText>;
  /** The averaged weights of a run that is kept. */
  readonly checkpointOf: (id: string) => Promise<Checkpoint>;
  readonly alone: DeviceBroker['alone'];
}

export function createMeasurer({ storage, emit, studyOf, textOf, checkpointOf, alone }: MeasurerOptions) {
  const recordOf = (id: string): Promise<RunRecord | undefined> => storage().records.get('runs', id);

  /** Throws what went wrong, and whatever `onProgress` throws to end it. */
  return async ({ study, runs }: Measurement, onProgress: Progress): Promise<void> => {
    const records = await Promise.all(Object.values(runs).map(recordOf));
    // A run that failed, or that a person stopped or removed: without it there is nothing to compare.
    if (records.some((record) => record?.status !== 'finished')) return;
    await onProgress('reading the weights');
    const subjects = new Map<string, Subject>();
    for (const [arm, id] of Object.entries(runs)) {
      const { experiment, weights } = await checkpointOf(id);
      subjects.set(arm, { experiment, weights, text: await textOf({ experiment }) });
    }
    const measures = await alone((runtime) => measureSeed(studyOf(study), runtime, subjects, onProgress));
    for (const [arm, id] of Object.entries(runs)) {
      // It may have been renamed or removed meanwhile.
      const record = await recordOf(id);
      if (!record) continue;
      const measured = withMeasures(record, measures[arm]);
      await storage().records.put('runs', id, measured);
      emit({ kind: 'savedRun', record: measured });
    }
  };
}
