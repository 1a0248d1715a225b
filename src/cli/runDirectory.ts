/**
 * A run on disk: `config.json`, `tokenizer.json`, `training.safetensors`, `model.safetensors`, `metrics.jsonl`,
 * `record.json`, and `lock` while a process works on it (`lock.ts`).
 * `training.safetensors` decides: there is a checkpoint where it is, and it is the one of its step. Weights of another
 * step beside it, a record or metrics that a full disk or a crash cut short are mended from what is there.
 */
import { closeSync, existsSync, fstatSync, openSync, readSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DataError } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import {
  type Checkpoint,
  decodeCheckpoint,
  decodeModel,
  describeRun,
  encodeModel,
  expectFinite,
  expectVocabulary,
  layoutOfRun,
  parseRun,
} from '../model/weights.ts';
import { type ParameterLayout, partsOf } from '../nn/layout.ts';
import { decodeSnapshot, encodeSnapshot, type SavedSnapshot, type Snapshot } from '../train/checkpoint.ts';
import { append, besideOf, makeDirectory, readBytes, statusOf, writeAllWhole, writeWhole } from './disk.ts';

const files = {
  config: 'config.json',
  tokenizer: 'tokenizer.json',
  model: 'model.safetensors',
  training: 'training.safetensors',
  metrics: 'metrics.jsonl',
  record: 'record.json',
} as const;

export interface RunDirectory {
  readonly experiment: Experiment;
  readonly tokenizer: Tokenizer;
  readonly layout: ParameterLayout;
}

/** A run as it can go on. */
export interface StoredRun extends RunDirectory {
  readonly snapshot: SavedSnapshot;
  /** Up to the snapshot or further; null where it was lost. */
  readonly record: RunRecord | null;
}

/** Whether the directory holds a checkpoint. A run that ended before its first left nothing to keep, nor to go on from. */
export function hasCheckpoint(directory: string): boolean {
  return existsSync(join(directory, files.training));
}

/**
 * Starts a run in a directory that is there. Throws `DataError` where that holds a run already: a checkpoint, or a
 * model without one, which was put there by a person.
 */
export function createRun(directory: string, experiment: Experiment, tokenizer: Tokenizer): void {
  expectNoRun(directory);
  for (const file of [files.metrics, files.record]) rmSync(join(directory, file), { force: true });
  writeConfig(directory, experiment, tokenizer.vocabularySize);
  writeWhole(join(directory, files.tokenizer), JSON.stringify(tokenizer.toJSON()));
}

/** Throws `DataError` where a new run would write over another. */
export function expectNoRun(directory: string): void {
  const isOther = existsSync(directory) && !statusOf(directory)!.isDirectory();
  if (isOther) makeDirectory(directory);
  if (!hasCheckpoint(directory) && !existsSync(join(directory, files.model))) return;
  const what = hasCheckpoint(directory) ? 'holds a run (continue it with --resume)' : 'holds a model';
  throw new DataError(`--out ${directory}: expected an empty directory, got one that ${what}`);
}

export function writeConfig(directory: string, experiment: Experiment, vocabularySize: number): void {
  writeWhole(join(directory, files.config), `${JSON.stringify(describeRun(experiment, vocabularySize), null, 2)}\n`);
}

/** What is saved at once. */
export interface RunCheckpoint {
  readonly snapshot: Snapshot;
  /** Fingerprint of the text. */
  readonly text: string;
  readonly record: RunRecord;
  /** Lines of metrics since the last one. */
  readonly metrics: readonly string[];
}

/** Writes a checkpoint, whole or not at all. Throws `DataError` on a full disk; the last one stays then. */
export function writeCheckpoint(
  directory: string,
  layout: ParameterLayout,
  { snapshot, text, record, metrics }: RunCheckpoint,
): void {
  // Lines of steps that no state follows are dropped by who goes on.
  append(join(directory, files.metrics), metrics);
  writeAllWhole([
    // First, as it decides.
    { path: join(directory, files.training), content: () => encodeSnapshot(snapshot, text) },
    { path: join(directory, files.model), content: () => encodeModel(layout, snapshot.average, snapshot.step) },
    { path: join(directory, files.record), content: () => encodeRecord(record) },
  ]);
}

/** Writes the record of the run as it stands. */
export function writeRecord(directory: string, record: RunRecord): void {
  writeWhole(join(directory, files.record), encodeRecord(record));
}

function encodeRecord(record: RunRecord): string {
  return `${JSON.stringify(record)}\n`;
}

/**
 * The record of a run; null where there is none that can be read. Where its last save was cut short, the one that waits
 * beside its name.
 */
export function readRecord(directory: string): RunRecord | null {
  const path = join(directory, files.record);
  const step = stepIn(join(directory, files.training));
  const [record, beside] = [path, besideOf(path)].map(readRecordFile);
  return typeof step === 'number' && record?.steps !== step && beside?.steps === step ? beside : record;
}

function readRecordFile(path: string): RunRecord | null {
  try {
    return parseRunRecord(parseJson(new TextDecoder().decode(readBytes(path)), path), path);
  } catch {
    return null;
  }
}

/** The lines of `metrics.jsonl` up to a step. A full disk or a crash may have left half a line, whose step comes again. */
export function readMetrics(directory: string, step: number): string[] {
  const path = join(directory, files.metrics);
  if (!existsSync(path)) return [];
  const lines = new TextDecoder().decode(readBytes(path)).split('\n').filter(Boolean);
  return lines.filter((line) => stepOf(line) <= step);
}

/** The step of a line of metrics, infinite for a line that was cut off. */
function stepOf(line: string): number {
  try {
    const { step } = JSON.parse(line) as { step?: unknown };
    return typeof step === 'number' ? step : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Makes a directory what it was at its checkpoint, before the run goes on from there. `record`: its own, or one made anew. */
export function mend(directory: string, { layout, snapshot }: StoredRun, record: RunRecord): void {
  const { step, average } = snapshot;
  const at = (file: string) => join(directory, file);
  const metrics = readMetrics(directory, step).map((line) => `${line}\n`);
  writeWhole(at(files.metrics), metrics.join(''));
  if (stepIn(at(files.model)) !== step) writeWhole(at(files.model), encodeModel(layout, average, step));
  if (readRecordFile(at(files.record))?.steps !== record.steps) writeRecord(directory, record);
}

/**
 * Reads a model: a run directory, or a file that holds configuration and tokenizer, as the page exports it. Throws
 * `DataError` naming the file that is missing, cut off, of another kind, or without meaning (weights of a run that
 * diverged).
 */
export function readCheckpoint(path: string): Checkpoint {
  const isFile = statusOf(path)?.isFile() ?? path.endsWith('.safetensors');
  if (isFile) return decodeCheckpoint(readBytes(path), path);
  const { experiment, tokenizer, layout } = readRunWithoutWeights(path);
  return { experiment, tokenizer, weights: readWeights(path, layout), where: path };
}

/** The averaged weights. Those in the state of training, where a save was cut short before it came to the others. */
function readWeights(directory: string, layout: ParameterLayout): Float32Array {
  const [model, training] = [join(directory, files.model), join(directory, files.training)];
  const [step, decisive] = [stepIn(model), stepIn(training)];
  const isBehind = step === undefined || (step !== null && step !== decisive);
  if (typeof decisive !== 'number' || !isBehind) return decodeModel(readBytes(model), layout, model);
  return readSnapshot(directory, layout).average;
}

/** Reads what a run needs to go on. */
export function readRunState(directory: string): StoredRun {
  if (statusOf(directory)?.isFile())
    throw new DataError(
      `${directory}: expected the directory of a run, got a file (a run can start from it with --from)`,
    );
  const run = readRunWithoutWeights(directory);
  return { ...run, snapshot: readSnapshot(directory, run.layout), record: readRecord(directory) };
}

function readSnapshot(directory: string, layout: ParameterLayout): SavedSnapshot {
  const path = join(directory, files.training);
  const snapshot = decodeSnapshot(readBytes(path), layout, path);
  for (const kind of ['parameter', 'average', 'moment1', 'moment2'] as const) {
    for (const { name, shape, offset } of partsOf(layout)) {
      const length = shape.reduce((size, axis) => size * axis, 1);
      expectFinite(snapshot[kind].subarray(offset, offset + length), `${name} (${kind})`, path);
    }
  }
  return snapshot;
}

function readRunWithoutWeights(directory: string): RunDirectory {
  const configPath = join(directory, files.config);
  const run = parseRun(new TextDecoder().decode(readBytes(configPath)), configPath);
  const tokenizerPath = join(directory, files.tokenizer);
  const description = parseJson(new TextDecoder().decode(readBytes(tokenizerPath)), tokenizerPath);
  const tokenizer = tokenizerFromJSON(description, tokenizerPath);
  expectVocabulary(tokenizer, run.vocabularySize, tokenizerPath);
  return { experiment: run.experiment, tokenizer, layout: layoutOfRun(run) };
}

/** The step that a safetensors file belongs to, out of its header alone; null where it says none, undefined without a file. */
function stepIn(path: string): number | null | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const descriptor = openSync(path, 'r');
    try {
      const length = Buffer.alloc(8);
      readSync(descriptor, length);
      const header = Buffer.alloc(Math.min(Number(length.readBigUInt64LE()), fstatSync(descriptor).size));
      readSync(descriptor, header, 0, header.length, 8);
      const step = Number(JSON.parse(header.toString()).__metadata__.step);
      return Number.isInteger(step) ? step : null;
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Whoever reads the file as a whole says what is wrong with it.
    return null;
  }
}
