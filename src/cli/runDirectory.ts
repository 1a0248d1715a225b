/**
 * A run on disk: `config.json`, `tokenizer.json`, `model.safetensors`, `training.safetensors`, `metrics.jsonl`,
 * `record.json`.
 * A file is written beside its name and renamed, so that a full disk or a crash leaves the last good one.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
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
  expectVocabulary,
  layoutOfRun,
  parseRun,
} from '../model/weights.ts';
import type { ParameterLayout } from '../nn/layout.ts';
import { decodeSnapshot, encodeSnapshot, type SavedSnapshot, type Snapshot } from '../train/checkpoint.ts';

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
  /** The averaged weights, in the order of the layout. */
  readonly weights: Float32Array;
}

/** Writes bytes whole or not at all. Throws `DataError` naming the file and the reason (a full disk, no permission). */
export function writeWhole(path: string, content: string | Uint8Array): void {
  const beside = `${path}.part`;
  try {
    writeFileSync(beside, content);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    const isLost = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isLost ? 'no such directory' : reasonOf(error);
    throw new DataError(`${path}: expected to write ${content.length} bytes, got ${reason}`);
  }
}

/** Reads a file. Throws `DataError` with one sentence when it is missing or unreadable. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(`${path}: expected a readable file, got ${reasonOf(error)}`);
  }
}

/** Makes what `--out` names, with the directories above it. Throws `DataError` with the reason. */
export function makeDirectory(directory: string): void {
  const above = dirname(resolve(directory));
  try {
    // Not `recursive` for the last step: Node goes round for ever where nothing can be made, as in /proc.
    if (!existsSync(above)) makeDirectory(above);
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`--out ${directory}: expected a directory that can be made, got ${reasonOf(error)}`);
  }
}

/** Starts a run directory. Throws `DataError` when it cannot be made, or holds a run already. */
export function createRun(directory: string, experiment: Experiment, tokenizer: Tokenizer): void {
  // A run that ended before its first checkpoint left nothing to keep, nor to go on from.
  if ([files.model, files.training].some((file) => existsSync(join(directory, file)))) {
    throw new DataError(
      `--out ${directory}: expected an empty directory, got one that holds a run (continue it with --resume)`,
    );
  }
  makeDirectory(directory);
  for (const file of [files.metrics, files.record]) rmSync(join(directory, file), { force: true });
  writeConfig(directory, experiment, tokenizer.vocabularySize);
  writeWhole(join(directory, files.tokenizer), JSON.stringify(tokenizer.toJSON()));
}

export function writeConfig(directory: string, experiment: Experiment, vocabularySize: number): void {
  writeWhole(join(directory, files.config), `${JSON.stringify(describeRun(experiment, vocabularySize), null, 2)}\n`);
}

/** Writes the weights and the state of training. The state goes last: it is what `--resume` starts from. */
export function writeCheckpoint(directory: string, layout: ParameterLayout, snapshot: Snapshot, text: string): void {
  writeWhole(join(directory, files.model), encodeModel(layout, snapshot.average, snapshot.step));
  writeWhole(join(directory, files.training), encodeSnapshot(snapshot, text));
}

/** Writes the record of the run as it stands. */
export function writeRecord(directory: string, record: RunRecord): void {
  writeWhole(join(directory, files.record), `${JSON.stringify(record)}\n`);
}

/** Reads the record of a run; null where there is none. Throws `DataError` when it is not one. */
export function readRecord(directory: string): RunRecord | null {
  const path = join(directory, files.record);
  return existsSync(path) ? parseRunRecord(parseJson(new TextDecoder().decode(readBytes(path)), path), path) : null;
}

/** Appends lines to `metrics.jsonl`. Throws `DataError` on a full disk. */
export function appendMetrics(directory: string, lines: readonly string[]): void {
  const path = join(directory, files.metrics);
  try {
    if (lines.length > 0) appendFileSync(path, lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    throw new DataError(`${path}: expected to append ${lines.length} lines, got ${reasonOf(error)}`);
  }
}

/** Drops metrics of steps after `step`: a resumed run writes them again. */
export function truncateMetrics(directory: string, step: number): void {
  const path = join(directory, files.metrics);
  if (!existsSync(path)) return;
  const lines = new TextDecoder().decode(readBytes(path)).split('\n').filter(Boolean);
  // A full disk or a crash may have left half a line at the end; its step comes again.
  const kept = lines.filter((line) => stepOf(line) <= step);
  writeWhole(path, kept.map((line) => `${line}\n`).join(''));
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

/** Reads a run. Throws `DataError` naming the file that is missing, cut off or of another kind. */
export function readRun(directory: string): RunDirectory {
  const { experiment, tokenizer, layout } = readRunWithoutWeights(directory);
  const path = join(directory, files.model);
  return { experiment, tokenizer, layout, weights: decodeModel(readBytes(path), layout, path) };
}

/**
 * Reads a model to start from: a run directory, or a file that the page exported. Throws `DataError` with
 * one sentence for anything else.
 */
export function readCheckpoint(path: string): Checkpoint {
  if (path.endsWith('.safetensors')) return decodeCheckpoint(readBytes(path), path);
  return { ...readRun(path), where: path };
}

/** Reads what a run needs to go on. */
export function readRunState(directory: string): Omit<RunDirectory, 'weights'> & { snapshot: SavedSnapshot } {
  const run = readRunWithoutWeights(directory);
  const path = join(directory, files.training);
  return { ...run, snapshot: decodeSnapshot(readBytes(path), run.layout, path) };
}

function readRunWithoutWeights(directory: string): Omit<RunDirectory, 'weights'> {
  const configPath = join(directory, files.config);
  const run = parseRun(new TextDecoder().decode(readBytes(configPath)), configPath);
  const tokenizerPath = join(directory, files.tokenizer);
  const description = parseJson(new TextDecoder().decode(readBytes(tokenizerPath)), tokenizerPath);
  const tokenizer = tokenizerFromJSON(description, tokenizerPath);
  expectVocabulary(tokenizer, run.vocabularySize, tokenizerPath);
  return { experiment: run.experiment, tokenizer, layout: layoutOfRun(run) };
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
      return 'no space left on the disk';
    case 'ENOENT':
      return 'nothing there';
    case 'ENOTDIR':
      return 'a path through a file';
    case 'EEXIST':
      return 'a file';
    case 'EISDIR':
      return 'a directory';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'no permission';
    default:
      return message;
  }
}
