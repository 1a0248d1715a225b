/** Whole runs as one JSON text, out and in again. Pure functions. */
import { configurationOf, DataError, shown } from '../../base/errors.ts';
import { parseJson } from '../../base/json.ts';
import { parseRunRecord } from '../../config/parseRecords.ts';
import type { RunRecord } from '../../config/records.ts';

/** A file of runs. */
interface RunBundle {
  readonly format: 1;
  readonly kind: 'runs';
  readonly runs: readonly RunRecord[];
}

/** Runs in one file, to be read by `parseRuns`. */
export function bundleJson(runs: readonly RunRecord[]): string {
  const bundle: RunBundle = { format: 1, kind: 'runs', runs };
  return `${JSON.stringify(bundle, null, 1)}\n`;
}

/**
 * The runs of a JSON text: a bundle, a study with its runs, or one run.
 * Throws `DataError` with one sentence; `where` names the file.
 */
export function parseRuns(text: string, where: string): RunRecord[] {
  const value = parseJson(text, where, 'JSON with runs');
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && 'runs' in value && Array.isArray(value.runs)) {
    if (value.runs.length > 0) return value.runs.map((run, i) => recordOf(run, `${where}: run ${i + 1}`));
    throw new DataError(`${where}: expected at least one run, got none`);
  }
  if (isObject && 'experiment' in value) return [recordOf(value, where)];
  throw new DataError(`${where}: expected a run or a list "runs", got ${shown(value)}`);
}

function recordOf(value: unknown, where: string): RunRecord {
  return configurationOf(where, () => parseRunRecord(value, where));
}
