/** Finished runs of a study as the page saves them, with invented losses. */
import type { RunRecord } from '../../src/config/records.ts';
import { studyById } from '../../src/lab/studies.ts';
import { plannedRuns } from '../../src/lab/studyRuns.ts';

/** @param lossOf the last held-out loss of an arm and seed */
export function finishedRuns(
  id: string,
  seeds: number,
  lossOf: (arm: string, seed: number) => number = () => 3,
): RunRecord[] {
  return plannedRuns(studyById(id), 'software', seeds).map(({ name, study: place, seed, experiment }) => ({
    format: 1,
    id: name,
    name: `${id}: ${name}`,
    created: '2026-01-01T00:00:00.000Z',
    study: place,
    status: 'finished',
    problem: null,
    experiment,
    backend: 'cpu',
    adapter: 'a processor',
    costs: { total: 10, active: 5, trainFlopsPerToken: 30, inferenceFlopsPerToken: 10 },
    floorBpc: null,
    steps: experiment.training.steps,
    training: { step: [1, 2], seconds: [1, 2], bpc: [5, 4] },
    validation: { step: [1, 2], seconds: [1, 2], bpc: [5, lossOf(place.arm, seed)], standardError: [0.02, 0.02] },
    measures: { tokensPerSecond: 1000 },
  }));
}
