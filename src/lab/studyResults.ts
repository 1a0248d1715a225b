/** From saved runs to what they say of the studies: derived whenever it is asked for, stored nowhere. */
import { differences } from '../config/experiment.ts';
import type { RunRecord, StudyResult } from '../config/records.ts';
import type { Study, StudySize } from './studies/study.ts';
import { studyRecord } from './studyRecord.ts';
import { armExperiments, studySizes } from './studyRuns.ts';

/**
 * One result for every study and size of which there is a run that counts; of several of one arm and seed, the newest.
 * @param commit of the program that draws the conclusions
 */
export function studyResults(studies: readonly Study[], runs: readonly RunRecord[], commit: string): StudyResult[] {
  return studies.flatMap((study) =>
    studySizes.flatMap((size) => {
      const ofSize = runs.filter((run) => run.study?.id === study.id && run.study.size === size);
      return ofSize.length > 0 ? (resultOf(study, size, ofSize, commit) ?? []) : [];
    }),
  );
}

function resultOf(study: Study, size: StudySize, runs: readonly RunRecord[], commit: string): StudyResult | null {
  const seeds = bySeed(study, size, runs);
  if (seeds.length === 0) return null;
  const isWhole = ({ arms }: RunsOfSeed) => arms.size === study.arms.length;
  const whole = seeds.filter(isWhole);
  const records = whole.flatMap(({ arms }) => study.arms.map(({ id }) => arms.get(id)!));
  return {
    study: study.id,
    size,
    finished: seeds.reduce((sum, { arms }) => sum + arms.size, 0),
    leftOut: seeds.filter((seed) => !isWhole(seed)).map(({ seed }) => seed),
    record:
      records.length === 0
        ? null
        : studyRecord(study, size, records, {
            created: records.map(({ created }) => created).reduce((a, b) => (a > b ? a : b)),
            adapter: [...new Set(records.map(({ adapter }) => adapter))].join('; '),
            commit,
            command: '“Run it here” in Compare',
            seeds: whole.length,
          }),
  };
}

interface RunsOfSeed {
  readonly seed: number;
  /** The newest run of each arm that has one. */
  readonly arms: ReadonlyMap<string, RunRecord>;
}

/** The runs that count, by seed. One of an earlier version of the study, with other settings, answers another question. */
function bySeed(study: Study, size: StudySize, runs: readonly RunRecord[]): RunsOfSeed[] {
  const experiments = armExperiments(study, size);
  const seeds = new Map<number, Map<string, RunRecord>>();
  for (const run of runs.toSorted((a, b) => a.created.localeCompare(b.created))) {
    const { status, experiment } = run;
    const arm = run.study!.arm;
    const planned = experiments.get(arm);
    if (status !== 'finished' || !planned) continue;
    if (Object.keys(differences(experiment, planned)).some((path) => path !== 'training.seed')) continue;
    const { seed } = experiment.training;
    seeds.set(seed, (seeds.get(seed) ?? new Map()).set(arm, run));
  }
  return [...seeds].sort(([a], [b]) => a - b).map(([seed, arms]) => ({ seed, arms }));
}
