/**
 * Starts runs: from scratch, or where an earlier visit left off. Knows which run this tab works on, and lets go of the
 * states of runs that nobody will go on with. The host runs them one at a time; their keepers save them.
 */
import { corpusKind } from '../config/corpusKinds.ts';
import { DataError } from '../config/errors.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import { layoutOf } from '../nn/layout.ts';
import { decodeSnapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { Host } from './host.ts';
import { createKeeper, dropKept, type KeptRun, type RunIdentity, textFileOf } from './keeper.ts';
import { heldLocks, takeLock } from './locks.ts';
import { problemOf } from './problems.ts';
import type { KeptSummary, ModelReport, RunStatus, Telemetry, TrainRequest } from './protocol.ts';
import { adapterOf, modelReport } from './reports.ts';
import { createRunDriver } from './runDriver.ts';
import type { SiteStorage } from './storage.ts';

export interface Starter {
  train(request: TrainRequest, identity?: RunIdentity): Promise<ModelReport>;
  /** Goes on with a run of an earlier visit. Throws `DataError` where it is gone. */
  resume(id: string, startPaused?: boolean): Promise<{ name: string; model: ModelReport; text: string | null }>;
  /** The last run that was left open and that no other tab works on. */
  latest(): Promise<KeptSummary | null>;
  /** Gives a run of an earlier visit up: what it learned so far is filed among the saved runs. */
  forget(id: string): Promise<void>;
}

export interface StarterOptions {
  readonly host: Host;
  readonly storage: () => SiteStorage;
  readonly emit: (telemetry: Telemetry) => void;
  readonly status: () => RunStatus;
  readonly textOf: (request: TrainRequest, kept?: KeptRun['tokenizer']) => Promise<RunText>;
}

const lockOf = (id: string) => `sdlm-run-${id}`;

/** A name for a run that has no other. Unique enough among the runs of one browser, on insecure origins too. */
export function newIdentity(name: string): RunIdentity {
  const random = Math.random().toString(36).slice(2, 8);
  return { id: `${Date.now().toString(36)}-${random}`, name, created: new Date().toISOString(), study: null };
}

export function createStarter({ host, storage, emit, status, textOf }: StarterOptions): Starter {
  let letGo: (() => void) | null = null;

  const adapterName = (backend: 'gpu' | 'cpu') => adapterOf(host.backends(), backend);
  /** Says what is being read; a text that cannot be used leaves the last run as it was. */
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    emit({ kind: 'status', status: { ...status(), phase: 'preparing', activity: 'reading the text' } });
    return read().catch((error: unknown) => {
      emit({ kind: 'status', status: status() });
      throw error;
    });
  };
  const giveUp = async ({ record, isFinished }: KeptRun) => {
    const isFiled = isFinished || (await storage().records.get('runs', record.id)) !== undefined;
    if (!isFiled && record.steps > 0) {
      await storage().records.put('runs', record.id, record);
      emit({ kind: 'savedRun', record });
    }
    await dropKept(storage(), record.id);
  };
  /** Marks the run as this tab's own, and gives up those that no tab works on. */
  const settle = async (id: string) => {
    letGo?.();
    letGo = await takeLock(lockOf(id));
    const held = await heldLocks();
    for (const kept of await storage().records.all('kept')) {
      if (kept.record.id !== id && !held.has(lockOf(kept.record.id))) await giveUp(kept);
    }
  };
  const settleQuietly = (id: string) =>
    settle(id).catch((error) => emit({ kind: 'problem', problem: problemOf(error) }));
  const keptOf = async (id: string): Promise<KeptRun> => {
    const kept = await storage().records.get('kept', id);
    if (!kept) throw new DataError(`run: expected one that can be gone on with, got ${id}, which is gone`);
    return kept;
  };

  return {
    train: async (request, identity = newIdentity(request.name ?? request.experiment.model.feedForward)) => {
      const { experiment, startPaused = false, text: own } = request;
      const text = await host.start(async (onError) => {
        const text = await reading(() => textOf(request));
        const keeper = createKeeper({
          identity,
          experiment,
          text,
          earlier: null,
          adapterOf: adapterName,
          storage: storage(),
          emit,
        });
        if (own !== undefined) await keeper.saveText(own);
        const start = { startPaused, snapshot: null, isFinished: false };
        return createRunDriver({ experiment, text, keeper, ...start, emit, onError });
      });
      await settleQuietly(identity.id);
      return modelReport(experiment, text.tokenizer, text);
    },
    resume: async (id, startPaused = false) => {
      const kept = await keptOf(id);
      const { snapshotFile, isFinished } = kept;
      const record = parseRunRecord(kept.record, 'run of an earlier visit');
      const { experiment, name } = record;
      const { files } = storage();
      const own = corpusKind(experiment.data.corpus).isOwn ? await files.read(textFileOf(id)) : null;
      const content = own && new TextDecoder().decode(own);
      const text = await host.start(async (onError) => {
        const request = { experiment, ...(content === null ? {} : { text: content }) };
        const text = await reading(() => textOf(request, kept.tokenizer));
        const bytes = await files.read(snapshotFile);
        if (!bytes) throw new DataError(`${snapshotFile}: expected the state of the run, got no such file`);
        const layout = layoutOf(experiment.model, text.tokenizer.vocabularySize);
        const snapshot = decodeSnapshot(bytes, layout, snapshotFile);
        const earlier = { ...kept, record };
        const keeper = createKeeper({
          identity: record,
          experiment,
          text,
          earlier,
          adapterOf: adapterName,
          storage: storage(),
          emit,
        });
        emit(curvesOf(record));
        return createRunDriver({ experiment, text, keeper, startPaused, snapshot, isFinished, emit, onError });
      });
      await settleQuietly(id);
      return { name, model: modelReport(experiment, text.tokenizer, text), text: content };
    },
    latest: async () => {
      const held = await heldLocks();
      const free = (await storage().records.all('kept')).filter(({ record }) => !held.has(lockOf(record.id)));
      const kept = free.sort((a, b) => b.savedAt - a.savedAt)[0];
      if (!kept) return null;
      const { id, name, steps, experiment } = kept.record;
      const { isFinished, savedAt } = kept;
      return { id, name, step: steps, steps: experiment.training.steps, isFinished, savedAt };
    },
    forget: async (id) => giveUp(await keptOf(id)),
  };
}

/** What the page drew of a run before: as many points as the record holds. */
function curvesOf({ experiment, training, validation }: RunRecord): Telemetry {
  const tokensPerStep = experiment.training.batchSize * experiment.data.sequenceLength;
  const speeds = training.step.map((step, i) => {
    const seconds = training.seconds[i] - (training.seconds[i - 1] ?? 0);
    return (tokensPerStep * (step - (training.step[i - 1] ?? 0))) / seconds;
  });
  return {
    kind: 'curves',
    step: Float64Array.from(training.step),
    loss: Float32Array.from(training.bpc),
    tokensPerSecond: Float32Array.from(speeds),
    validation: validation.step.map((step, i) => ({
      step,
      bpc: validation.bpc[i],
      standardError: validation.standardError[i],
    })),
  };
}
