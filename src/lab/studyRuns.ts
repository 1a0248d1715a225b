/** From a study to the runs it takes: complete configurations, in an order in which each finds what it starts from. */
import { ConfigError, shown } from '../base/errors.ts';
import { defaultExperiment, withSettings } from '../config/experiment.ts';
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import { denseMatch } from './match.ts';
import type { Arm, Settings, Study, StudySize } from './studies/study.ts';

export interface PlannedRun {
  /** Unique within the study: "expert-choice-seed-1". */
  readonly name: string;
  readonly study: NonNullable<RunRecord['study']>;
  readonly seed: number;
  readonly experiment: Experiment;
  /** Name of the run whose weights it starts from. */
  readonly from: string | null;
}

export const studySizes = ['software', 'laptop'] as const satisfies readonly StudySize[];

/** Whom a size is for, in words. */
export const sizeLabels: Readonly<Record<StudySize, string>> = {
  software: 'small, for a processor',
  laptop: 'larger, for a GPU',
};

/**
 * The configuration of each arm, with the seed of the defaults. `changes` apply to all arms alike, below the arms' own
 * settings. Throws `ConfigError` where a configuration contradicts itself.
 */
export function armExperiments(
  study: Study,
  size: StudySize,
  changes: Readonly<Record<string, unknown>> = {},
): ReadonlyMap<string, Experiment> {
  const shared = sharedExperiment(study, size, changes);
  const found = new Map<string, Experiment>();
  const experimentOf = (arm: Arm): Experiment => {
    const experiment = withSettings(shared, ownSettings(arm, shared));
    const { match } = arm;
    if (!match) return experiment;
    const other = found.get(match.arm) ?? experimentOf(armOf(study, match.arm));
    // Embedding and head are the same on both sides, so the width does not depend on the vocabulary.
    const { hiddenWidth } = denseMatch(other, match.by, 64);
    return withSettings(experiment, { 'model.feedForward': 'dense', 'model.hiddenWidth': hiddenWidth });
  };
  for (const arm of study.arms) found.set(arm.id, experimentOf(arm));
  return found;
}

/**
 * Every run, seed by seed, so that arms can be compared as soon as a seed is through.
 * @param seeds how many, from 1
 * @param changes as for `armExperiments`; throws `ConfigError` also for one that every arm overrules
 */
export function plannedRuns(
  study: Study,
  size: StudySize,
  seeds: number,
  changes: Readonly<Record<string, unknown>> = {},
): PlannedRun[] {
  const experiments = armExperiments(study, size, changes);
  expectEffect(study, sharedExperiment(study, size, changes), changes);
  return Array.from({ length: seeds }, (_, index) => index + 1).flatMap((seed) =>
    study.arms.map(({ id, from }) => ({
      name: runName(id, seed),
      study: { id: study.id, size, arm: id },
      seed,
      experiment: withSettings(experiments.get(id)!, { 'training.seed': seed }),
      from: from === undefined ? null : runName(from, seed),
    })),
  );
}

/** What a match sets, on top of an arm's own settings. */
const matched: readonly string[] = ['model.feedForward', 'model.hiddenWidth'];

/** Throws `ConfigError` for a change that the study overrules everywhere: its figures would not be what was asked for. */
function expectEffect(study: Study, shared: Experiment, changes: Readonly<Record<string, unknown>>): void {
  if ('training.seed' in changes) {
    throw new ConfigError(`expected none, as a study counts its seeds from 1, got ${changes['training.seed']}`, {
      path: 'training.seed',
    });
  }
  for (const [path, value] of Object.entries(changes)) {
    if (!study.arms.every((arm) => path in ownSettings(arm, shared) || (arm.match && matched.includes(path)))) continue;
    throw new ConfigError(
      `expected a field that study ${study.id} leaves open, as each arm sets this one itself, got "${value}"`,
      { path },
    );
  }
}

function ownSettings({ settings }: Arm, shared: Experiment): Settings {
  return typeof settings === 'function' ? settings(shared) : settings;
}

function sharedExperiment(study: Study, size: StudySize, changes: Readonly<Record<string, unknown>>): Experiment {
  return withSettings(defaultExperiment(), { ...study.sizes[size].settings, ...changes });
}

/** The size by its name. Throws `ConfigError` naming the known ones. */
export function studySize(name: string): StudySize {
  const size = studySizes.find((candidate) => candidate === name);
  if (size) return size;
  throw new ConfigError(`size: expected one of ${studySizes.join(', ')}, got ${shown(name)}`);
}

function runName(arm: string, seed: number): string {
  return `${arm}-seed-${seed}`;
}

function armOf(study: Study, id: string): Arm {
  const arm = study.arms.find((candidate) => candidate.id === id);
  if (!arm) throw new ConfigError(`study ${study.id}: expected an arm that it has, got ${shown(id)}`);
  return arm;
}
