/**
 * Keeps one run: collects its record, saves its state every so often so that a reload does not lose it, and puts the
 * record among the saved runs when it ends. A browser without room costs one sentence, not the run.
 */
import { StorageError } from '../base/errors.ts';
import type { RunRecord } from '../config/records.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { createRunCollector, type RunFacts } from '../run/record.ts';
import { encodeSnapshot, type Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { problemOf } from './problems.ts';
import type { BackendKind } from './protocol.ts';
import type { SiteStorage } from './storage.ts';
import type { Telemetry } from './telemetry.ts';

/** A run as it was last saved: what it takes to go on with it. */
export interface KeptRun {
  /** Its record up to `snapshotFile`; the configuration is part of it. */
  readonly record: RunRecord;
  readonly tokenizer: ReturnType<Tokenizer['toJSON']>;
  /** The state of training, a file. */
  readonly snapshotFile: string;
  /** It has all its steps: nothing is left to go on with but its weights. */
  readonly isFinished: boolean;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
}

/** What is chosen for a run before it starts. */
export type RunIdentity = Pick<RunRecord, 'id' | 'name' | 'created' | 'study'>;

export interface RunKeeper {
  readonly identity: RunIdentity;
  take(event: TrainingEvent): void;
  /** Whether time counts as training. */
  setClock(isRunning: boolean): void;
  /** The run goes on from `step` on a backend. */
  resumeAt(step: number, backend: BackendKind): void;
  /** Whether the validation after `step` is in the record. */
  isValidated(step: number): boolean;
  /** Keeps the person's own text, which a run cannot go on without. */
  saveText(text: string): Promise<void>;
  save(snapshot: Snapshot, isFinished: boolean): Promise<void>;
  /** The run is over; `problem` is why it failed. */
  end(status: RunRecord['status'], problem?: string | null): Promise<void>;
}

/** File of a person's own text that a run learns from. */
export const textFileOf = (id: string): string => `${id}.txt`;

export interface KeeperOptions {
  readonly identity: RunIdentity;
  readonly experiment: RunRecord['experiment'];
  readonly text: RunText;
  /** Where the run was before, if it goes on. */
  readonly earlier: KeptRun | null;
  /** Adapter or processor behind a backend, in words. */
  readonly adapterOf: (backend: BackendKind) => string;
  readonly storage: SiteStorage;
  readonly emit: (telemetry: Telemetry) => void;
}

export function createKeeper(options: KeeperOptions): RunKeeper {
  const { identity, experiment, text, earlier, adapterOf, storage, emit } = options;
  const { tokenizer, trainTokensPerCharacter, windowsPerEpoch, floorBpc } = text;
  const fingerprint = text.fingerprint();
  let backend: BackendKind = 'cpu';
  const facts: RunFacts = {
    ...identity,
    backend,
    adapter: '',
    experiment,
    text: { vocabularySize: tokenizer.vocabularySize, trainTokensPerCharacter, windowsPerEpoch, floorBpc },
  };
  const collector = createRunCollector(facts, earlier?.record);
  // A run that moves between backends is filed under its last one.
  const recordAs = (status: RunRecord['status'], problem: string | null = null): RunRecord => ({
    ...collector.record(status, problem),
    backend,
    adapter: adapterOf(backend),
  });
  let current = earlier?.snapshotFile ?? null;
  let hasComplained = false;
  const complain = (error: unknown) => {
    if (!hasComplained) emit({ kind: 'problem', problem: problemOf(error) });
    hasComplained = true;
  };

  return {
    identity,
    take: (event) => collector.take(event),
    setClock: (isRunning) => (isRunning ? collector.startClock() : collector.stopClock()),
    resumeAt: (step, on) => {
      backend = on;
      collector.cut(step);
    },
    saveText: async (own) => {
      await storage.files.write(textFileOf(identity.id), new TextEncoder().encode(own)).catch(complain);
    },
    isValidated: (step) => collector.validatedAt() === step,
    save: async (snapshot, isFinished) => {
      if (storage.warning !== null) {
        complain(new StorageError(storage.warning));
        return;
      }
      // Two files in turn: the record names the one that is whole.
      const next = `${identity.id}-${current?.endsWith('-a') ? 'b' : 'a'}`;
      try {
        await storage.files.write(next, encodeSnapshot(snapshot, fingerprint));
        await storage.records.put('kept', identity.id, {
          record: recordAs(isFinished ? 'finished' : 'stopped'),
          tokenizer: tokenizer.toJSON(),
          snapshotFile: next,
          isFinished,
          savedAt: Date.now(),
        });
        current = next;
      } catch (error) {
        complain(error);
      }
    },
    end: async (status, problem = null) => {
      const record = recordAs(status, problem);
      if (record.steps === 0 && status !== 'failed') return;
      await storage.records.put('runs', identity.id, record).catch(complain);
      emit({ kind: 'savedRun', record });
    },
  };
}

/** Forgets the state of a run: it cannot be gone on with. Its record among the saved runs stays. */
export async function dropKept({ records, files }: SiteStorage, id: string): Promise<void> {
  await records.remove('kept', id);
  for (const name of [`${id}-a`, `${id}-b`, textFileOf(id)]) await files.remove(name);
}
