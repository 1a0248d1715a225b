/**
 * What outlives the page, as data: the values of each store, and what a storage is. Types, and reading values of earlier
 * versions. The storage itself is `storage.ts`, or `memoryStorage.ts`.
 */
import { DataError } from '../base/errors.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { TuningTable } from '../runtime/tuner.ts';
import type { ModelSummary, QueuedRun } from './protocol.ts';

/** A file with what it must hold. */
export interface StoredFile {
  readonly file: string;
  readonly bytes: number;
  /** Of `checksumOf`; null in a state of an earlier version. */
  readonly checksum: string | null;
}

/** A run that can be gone on with. */
export interface StoredState {
  /** Its record up to the newest snapshot; the configuration is part of it. */
  readonly record: RunRecord;
  readonly tokenizer: ReturnType<Tokenizer['toJSON']>;
  /** States of training, the newest first, each a file; an older one serves where the newest is spoilt. */
  readonly snapshots: readonly StoredFile[];
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/** A model of the library: facts, and the file that holds it whole. */
export interface StoredModel extends Omit<ModelSummary, 'bytes'>, StoredFile {}

/** A seed of a study that is measured when its runs have ended. */
export interface Measurement {
  readonly study: string;
  readonly seed: number;
  /** The id of the run of each arm. */
  readonly runs: Readonly<Record<string, string>>;
}

/** The run queue: its runs in order, the one in progress first. */
export interface StoredQueue {
  readonly runs: readonly QueuedRun[];
  readonly isPaused: boolean;
  /** What is measured when its runs have ended; an earlier version kept none. */
  readonly measurements?: readonly Measurement[];
}

/** Stores of records by name, and what each holds by key. */
export interface Stores {
  /** Kernel variants chosen in earlier visits: one table. */
  tuning: TuningTable;
  /** Runs that have ended, by id. */
  runs: RunRecord;
  /** Runs that can be gone on with, by id. */
  kept: StoredState;
  /** The run queue: one. */
  queue: StoredQueue;
  /** Models of ended runs, by id. */
  models: StoredModel;
  /** Numbers that a person set, by name. */
  settings: number;
}

export const storeNames: readonly (keyof Stores)[] = ['tuning', 'runs', 'kept', 'queue', 'models', 'settings'];

export interface Records {
  get<S extends keyof Stores>(store: S, key: string): Promise<Stores[S] | undefined>;
  all<S extends keyof Stores>(store: S): Promise<Stores[S][]>;
  put<S extends keyof Stores>(store: S, key: string, value: Stores[S]): Promise<void>;
  remove(store: keyof Stores, key: string): Promise<void>;
}

export interface Files {
  /** Null where there is no such file. */
  read(name: string): Promise<Uint8Array<ArrayBuffer> | null>;
  write(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  remove(name: string): Promise<void>;
}

export interface SiteStorage {
  readonly records: Records;
  readonly files: Files;
  /** Why nothing outlives the page, in one sentence; null where it does. */
  readonly warning: string | null;
}

/** The files of a state, the newest first; an earlier version kept one, without a checksum. */
export function snapshotsOf(state: Partial<StoredState> & { snapshotFile?: string }): readonly StoredFile[] {
  const { snapshots, snapshotFile } = state;
  return snapshots ?? (snapshotFile ? [{ file: snapshotFile, bytes: 0, checksum: null }] : []);
}

/** A state as this version writes it. Throws `DataError` or `ConfigError` for one that cannot be read. */
export function parseState(value: unknown, where: string): StoredState {
  const { record, tokenizer, savedAt = 0 } = value as Partial<StoredState>;
  const snapshots = snapshotsOf(value as Partial<StoredState>);
  if (!tokenizer || snapshots.length === 0)
    throw new DataError(`${where}: expected the state of a run with its tokenizer, got one without`);
  return { record: parseRunRecord(record, where), tokenizer, snapshots, savedAt };
}
