/**
 * States of runs that can be gone on with: saved every so often, read back whole or from the one before. Two files in
 * turn; the entry in the records names the ones that are whole, so that a write that is cut short leaves the last state.
 * Not here: the library of models that ended runs leave (`library.ts`), and who works on which run (`locks.ts`).
 */
import { checksumOf } from '../base/checksum.ts';
import { DataError } from '../base/errors.ts';
import type { RunRecord } from '../config/records.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import type { Checkpoint } from '../model/weights.ts';
import { layoutOf } from '../nn/layout.ts';
import { notFiniteIn } from '../run/finite.ts';
import { decodeSnapshot, encodeSnapshot, type SavedSnapshot, type Snapshot } from '../train/checkpoint.ts';
import type { KeptSummary } from './protocol.ts';
import { parseState, type SiteStorage, type StoredFile, type StoredState, snapshotsOf } from './stored.ts';

/** A state that was read whole. */
export interface LoadedState {
  readonly record: RunRecord;
  readonly tokenizer: Tokenizer;
  readonly snapshot: SavedSnapshot;
  /** Why it is not the newest, in one sentence; null where it is. */
  readonly notice: string | null;
}

/** File of a person's own text that a run learns from. */
export const textFileOf = (id: string): string => `${id}.txt`;

/** Keeps a state. Throws `StorageError` where there is no room; the last state is whole then. */
export async function saveState(
  { records, files }: SiteStorage,
  {
    record,
    snapshot,
    tokenizer,
    fingerprint,
  }: { record: RunRecord; snapshot: Snapshot; tokenizer: Tokenizer; fingerprint: string },
): Promise<void> {
  const { id } = record;
  const kept = await records.get('kept', id);
  const before = (kept && snapshotsOf(kept).at(0)) ?? null;
  const file = `${id}-${before?.file.endsWith('-a') ? 'b' : 'a'}`;
  const bytes = encodeSnapshot(snapshot, fingerprint);
  await files.write(file, bytes);
  const written: StoredFile = { file, bytes: bytes.length, checksum: checksumOf(bytes) };
  await records.put('kept', id, {
    record,
    tokenizer: tokenizer.toJSON(),
    snapshots: before ? [written, before] : [written],
    savedAt: Date.now(),
  });
}

/** The entry of a state. Throws `DataError` where it is gone or cannot be read. */
export async function storedState({ records }: SiteStorage, id: string): Promise<StoredState> {
  const kept = await records.get('kept', id);
  if (!kept) throw new DataError(`run: expected one whose state is kept, got ${id}, which is gone`);
  return parseState(kept, 'run of an earlier visit');
}

/**
 * Reads a state: the newest that is sound. Throws `DataError` with one sentence where none is; nothing is removed.
 */
export async function loadState(storage: SiteStorage, id: string): Promise<LoadedState> {
  const { record, tokenizer: description, snapshots } = await storedState(storage, id);
  const tokenizer = tokenizerFromJSON(description);
  const layout = layoutOf(record.experiment.model, tokenizer.vocabularySize);
  const faults: string[] = [];
  for (const stored of snapshots) {
    try {
      const bytes = await soundBytes(storage, stored);
      const snapshot = decodeSnapshot(bytes, layout, stored.file);
      const found = notFiniteIn(snapshot);
      if (found) throw new DataError(`expected finite ${found.what}, got ${found.value}`, { path: stored.file });
      const notice = faults.length === 0 ? null : `${faults.join('; ')}. The run goes on from step ${snapshot.step}.`;
      return { record, tokenizer, snapshot, notice };
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  throw new DataError(faults.join('; '));
}

/** Bytes as they were written. Throws `DataError` for a file that is missing, cut off or spoilt. */
export async function soundBytes(
  { files }: SiteStorage,
  { file, checksum }: StoredFile,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await files.read(file);
  if (!bytes) throw new DataError(`${file}: expected a file that was kept, got none`);
  if (checksum !== null && checksumOf(bytes) !== checksum)
    throw new DataError(
      `${file}: expected the bytes that were written, got others (a file that was cut off or spoilt)`,
    );
  return bytes;
}

/** The averaged weights of a state. Throws `DataError` where it is gone or spoilt. */
export async function checkpointOfState(storage: SiteStorage, id: string): Promise<Checkpoint> {
  const { record, tokenizer, snapshot } = await loadState(storage, id);
  return { experiment: record.experiment, tokenizer, weights: snapshot.average, where: `run "${record.name}"` };
}

/** Forgets the state of a run: it cannot be gone on with. Its record among the saved runs stays. */
export async function dropState({ records, files }: SiteStorage, id: string): Promise<void> {
  await records.remove('kept', id);
  for (const name of [`${id}-a`, `${id}-b`, textFileOf(id)]) await files.remove(name);
}

/** Keeps a person's own text, which a run cannot go on without. */
export async function saveText({ files }: SiteStorage, id: string, text: string): Promise<void> {
  await files.write(textFileOf(id), new TextEncoder().encode(text));
}

/** The person's own text of a run; null where it has none. */
export async function textOfRun({ files }: SiteStorage, id: string): Promise<string | null> {
  const bytes = await files.read(textFileOf(id));
  return bytes && new TextDecoder().decode(bytes);
}

/** What the page shows of states, newest first; those that cannot be read are left out (and told of when asked for). */
export async function stateSummaries({ records }: SiteStorage): Promise<KeptSummary[]> {
  const found: KeptSummary[] = [];
  for (const kept of await records.all('kept')) {
    try {
      const { record, snapshots, savedAt } = parseState(kept, 'run of an earlier visit');
      const { id, name, steps, experiment } = record;
      const bytes = snapshots.reduce((sum, snapshot) => sum + snapshot.bytes, 0);
      found.push({ id, name, step: steps, steps: experiment.training.steps, savedAt, bytes });
    } catch {
      // Listed nowhere, removed never: another version of the page may read it.
    }
  }
  return found.sort((a, b) => b.savedAt - a.savedAt);
}
