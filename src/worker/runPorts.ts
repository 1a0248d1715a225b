/**
 * What a run of the page needs of the page's worker (`RunPorts`): telemetry, its state kept in the browser, its weights
 * in the library when it has ended. A browser without room costs one sentence, not the run.
 */
import { StorageError } from '../base/errors.ts';
import { runRef } from '../config/modelRef.ts';
import type { RunRecord } from '../config/records.ts';
import type { RunPorts } from '../run/ports.ts';
import type { RunIdentity } from '../run/record.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { DeviceBroker } from './deviceBroker.ts';
import type { ModelLibrary } from './library.ts';
import type { Models } from './models.ts';
import { noticeOf, problemOf } from './problems.ts';
import type { BackendKind } from './protocol.ts';
import { createRunTelemetry } from './runTelemetry.ts';
import { dropState, saveState } from './states.ts';
import type { SiteStorage } from './stored.ts';
import type { Telemetry } from './telemetry.ts';

export interface RunPortOptions {
  readonly identity: RunIdentity;
  readonly text: RunText;
  readonly storage: SiteStorage;
  readonly library: ModelLibrary;
  readonly models: Pick<Models, 'publish' | 'forget'>;
  readonly broker: Pick<DeviceBroker, 'isLost'>;
  readonly emit: (telemetry: Telemetry) => void;
  readonly adapterOf: (backend: BackendKind) => string;
  /** Hears how long a step takes, in seconds. */
  readonly timed: (secondsPerStep: number) => void;
  /** What is kept on this machine has changed. */
  readonly onLibrary: () => Promise<void>;
}

/**
 * A state is at most 2 s old where saving costs under 1 % of the time, else 10 s, and never costs over 5 %. The first is
 * saved at once: a page may be closed as soon as it was opened.
 */
export function saveAfter(milliseconds: number | null): number {
  if (milliseconds === null) return 0;
  return Math.max(2000, Math.min(100 * milliseconds, Math.max(10_000, 20 * milliseconds)));
}

export function createRunPorts(options: RunPortOptions): RunPorts {
  const { identity, text, storage, library, models, broker, emit, adapterOf, timed, onLibrary } = options;
  const { id, name } = identity;
  const { tokenizer } = text;
  const fingerprint = text.fingerprint();
  let hasComplained = false;
  const complain = (error: unknown) => {
    if (!hasComplained) emit({ kind: 'problem', problem: problemOf(error) });
    hasComplained = true;
  };
  /** The weights that an ended run leaves. */
  const keepModel = async ({ experiment }: RunRecord, { average: weights, step }: Snapshot) => {
    const sentences = await library.keep({ id, name, step, experiment, tokenizer, weights });
    for (const sentence of sentences) emit({ kind: 'problem', problem: noticeOf(sentence) });
    models.forget(runRef(id));
  };
  return {
    tell: createRunTelemetry(id, text, emit),
    save: async (snapshot, record) => {
      if (storage.warning !== null) {
        complain(new StorageError(storage.warning));
        return false;
      }
      try {
        await saveState(storage, { record, snapshot, tokenizer, fingerprint });
        return true;
      } catch (error) {
        complain(error);
        return false;
      }
    },
    end: async (record, last) => {
      const isWorthIt = record.steps > 0 || record.status === 'failed' || record.status === 'diverged';
      try {
        if (isWorthIt) await storage.records.put('runs', id, record);
        if (last && last.step > 0) await keepModel(record, last);
        // All its steps are done, or none: there is nothing to go on with.
        if (record.status === 'finished' || record.steps === 0) await dropState(storage, id);
      } catch (error) {
        complain(error);
      }
      if (isWorthIt) emit({ kind: 'savedRun', record });
      await onLibrary();
    },
    publish: (model) => models.publish(id, model),
    isLost: broker.isLost,
    report: (error) => emit({ kind: 'problem', problem: problemOf(error) }),
    adapterOf: ({ kind }) => adapterOf(kind),
    saveAfter,
    timed,
  };
}
