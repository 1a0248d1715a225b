/**
 * A study on disk: a run directory per run (`runDirectory.ts`), the measures of each seed, `results.json` and
 * `results.csv`. Everything is taken from what is there, so a study goes on where it was left.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type CsvCell, csvOf } from '../base/csv.ts';
import { ConfigError, DataError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { differences } from '../config/experiment.ts';
import { parseStudyRecord } from '../config/parseRecords.ts';
import type { RunRecord, StudyRecord } from '../config/records.ts';
import type { Study, StudySize } from '../lab/studies/study.ts';
import { type SeedMeasures, withMeasures } from '../lab/studyMeasures.ts';
import type { PlannedRun } from '../lab/studyRuns.ts';
import { readBytes, writeWhole } from './disk.ts';
import { hasCheckpoint, readRecord, readRunState } from './runDirectory.ts';

/** What is left to do of a run. */
export type RunState = 'finished' | 'begun' | 'new' | 'diverged';

/**
 * Looks at the directory. Throws `DataError` where it holds a run, or runs and results of another
 * study: nothing of those is mixed or written over.
 */
export function expectStudy(directory: string, study: Study, size: StudySize): void {
  const refuse = (found: string) => {
    throw new DataError(`--out ${directory}: expected an empty directory, or one of study ${study.id}, got ${found}`);
  };
  if (existsSync(join(directory, 'config.json'))) refuse('one that holds a run');
  const results = join(directory, 'results.json');
  if (existsSync(results)) {
    const found = parseStudyRecord(parseJson(new TextDecoder().decode(readBytes(results)), results), results);
    if (found.study !== study.id || found.size !== size) refuse(`one of study ${found.study}, size ${found.size}`);
  }
  const isOurs = (name: string) => study.arms.some(({ id }) => name.replace(/-seed-\d+$/, '') === id);
  const stranger = readdirSync(directory).find((name) => hasCheckpoint(join(directory, name)) && !isOurs(name));
  if (stranger !== undefined) refuse(`one that holds the run ${stranger}`);
}

/** How far a run is. Throws `ConfigError` when its directory holds a run of other settings. */
export function stateOf(directory: string, run: PlannedRun): RunState {
  const at = join(directory, run.name);
  const record = readRecord(at);
  const isDiverged = record?.status === 'diverged';
  if (!hasCheckpoint(at) && !isDiverged) return 'new';
  const { experiment, snapshot } = hasCheckpoint(at) ? readRunState(at) : { ...record!, snapshot: null };
  const [changed] = Object.entries(differences(experiment, run.experiment));
  if (changed) {
    throw new ConfigError(
      `--out ${directory}: expected runs of this study as it is asked for, got ${run.name} with ${changed[0]}=${changed[1]}; take another directory`,
    );
  }
  // The same settings would diverge again.
  if (isDiverged) return 'diverged';
  return snapshot?.step === experiment.training.steps && record?.status === 'finished' ? 'finished' : 'begun';
}

/** The record of a run that has ended, under its names in the study and with the measures of its seed. */
export function recordOf(directory: string, run: PlannedRun): RunRecord {
  const record = readRecord(join(directory, run.name));
  if (!record) throw new DataError(`${join(directory, run.name)}: expected the record of a run, got none`);
  const named = { ...record, name: run.name, study: run.study };
  return withMeasures(named, readMeasures(directory, run.seed)?.[run.study.arm]);
}

/** What was measured on the arms of a seed; null where it was not yet. */
export function readMeasures(directory: string, seed: number): SeedMeasures | null {
  const path = measuresPath(directory, seed);
  if (!existsSync(path)) return null;
  return parseJson(new TextDecoder().decode(readBytes(path)), path) as SeedMeasures;
}

export function writeMeasures(directory: string, seed: number, measures: SeedMeasures): void {
  writeWhole(measuresPath(directory, seed), `${JSON.stringify(measures)}\n`);
}

/** Forgets measures that rest on a run that is trained again. */
export function dropMeasures(directory: string, seed: number): void {
  rmSync(measuresPath(directory, seed), { force: true });
}

export function writeResults(directory: string, record: StudyRecord): void {
  writeWhole(join(directory, 'results.json'), `${JSON.stringify(record)}\n`);
  writeWhole(join(directory, 'results.csv'), curvesCsv(record.runs));
}

/** One line per point of each curve. */
function curvesCsv(runs: readonly RunRecord[]): string {
  const head = 'arm,seed,curve,step,tokens,flops,seconds,bits_per_character,standard_error'.split(',');
  const rows = runs.flatMap(({ study, experiment, costs, training, validation }) => {
    const tokensPerStep = experiment.training.batchSize * experiment.data.sequenceLength;
    const rowsOf = (curve: string, { step, seconds, bpc }: RunRecord['training'], errors: readonly number[]) =>
      step.map((at, i): CsvCell[] => {
        const tokens = at * tokensPerStep;
        const cost = [tokens, Math.round(tokens * costs.trainFlopsPerToken), seconds[i]];
        return [study?.arm ?? null, experiment.training.seed, curve, at, ...cost, bpc[i], errors[i] ?? null];
      });
    return [...rowsOf('training', training, []), ...rowsOf('validation', validation, validation.standardError)];
  });
  return csvOf(head, rows, '\n');
}

function measuresPath(directory: string, seed: number): string {
  return join(directory, `measures-seed-${seed}.json`);
}
