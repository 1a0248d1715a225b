/**
 * Starts runs: from scratch, from the weights of another, or where they were left. Knows which run this tab works on,
 * and lets go of the states of runs that nobody will go on with. The host runs them one at a time; their keepers save
 * them.
 */

import { DataError } from '../base/errors.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import { parseRunRecord } from '../config/parseRecords.ts';
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import type { Checkpoint } from '../model/weights.ts';
import { layoutOf } from '../nn/layout.ts';
import { decodeSnapshot, expectSameText, type SavedSnapshot } from '../train/checkpoint.ts';
import { startFrom } from '../train/startFrom.ts';
import type { RunText } from '../train/text.ts';
import type { Host } from './host.ts';
import { createKeeper, dropKept, type KeptRun, type RunIdentity, textFileOf } from './keeper.ts';
import { heldLocks, takeLock } from './locks.ts';
import { problemOf } from './problems.ts';
import type { KeptSummary, ModelReport, QueuedRun, RunStatus, StartSource, TrainRequest } from './protocol.ts';
import { adapterOf, modelReport } from './reports.ts';
import { createRunDriver } from './runDriver.ts';
import type { SiteStorage } from './storage.ts';
import type { Telemetry } from './telemetry.ts';

export interface Starter {
  train(request: TrainRequest): Promise<ModelReport>;
  /** Goes on with a run of an earlier visit. Throws `DataError` where it is gone. */
  resume(id: string): Promise<{ model: ModelReport; text: string | null }>;
  /** Starts a run of the queue, or goes on with it, and tells the page. */
  startQueued(run: QueuedRun): Promise<void>;
  /** The last run that was left open and that neither another tab nor the queue works on. */
  latest(): Promise<KeptSummary | null>;
  /** The averaged weights of a run that is kept. Throws `DataError` where it is gone. */
  checkpointOf(id: string): Promise<Checkpoint>;
  /** Gives a run of an earlier visit up: what it learned so far is filed among the saved runs. */
  forget(id: string): Promise<void>;
}

export interface StarterOptions {
  readonly host: Host;
  readonly storage: () => SiteStorage;
  readonly emit: (telemetry: Telemetry) => void;
  readonly status: () => RunStatus;
  readonly textOf: (request: TrainRequest, tokenizer?: KeptRun['tokenizer']) => Promise<RunText>;
  /** The weights that a person chose to start from. */
  readonly checkpointOf: (from: StartSource) => Promise<Checkpoint>;
  /** Whether the queue will go on with a run, or start from its weights. */
  readonly isQueued: (id: string) => Promise<boolean>;
  readonly onEnd: (id: string) => void;
}

interface Plan {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  /** The person's own text. */
  readonly own: string | null;
  readonly startPaused: boolean;
  /** Where the run was left. */
  readonly earlier: KeptRun | null;
  /** Reads the weights that it starts from. */
  readonly from: (() => Promise<Checkpoint>) | null;
  readonly isOfQueue: boolean;
}

/** The latest first. */
const byTime = (a: KeptRun, b: KeptRun) => b.savedAt - a.savedAt;

const lockOf = (id: string) => `sdlm-run-${id}`;

/** An identity for a new run, unique enough among the runs of one browser, on insecure origins too. */
export function newIdentity(name: string, study: RunRecord['study'] = null): RunIdentity {
  const random = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  return { id: `${Date.now().toString(36)}-${random}`, name, created: new Date().toISOString(), study };
}

export function createStarter(options: StarterOptions): Starter {
  const { host, storage, emit, status, textOf, checkpointOf, isQueued, onEnd } = options;
  let letGo: (() => void) | null = null;

  /** Says what is being read; a text that cannot be used leaves the last run as it was. */
  const reading = async <T>(read: () => Promise<T>): Promise<T> => {
    emit({ kind: 'status', status: { ...status(), phase: 'preparing', activity: 'reading the text' } });
    return read().catch((error: unknown) => {
      emit({ kind: 'status', status: status() });
      throw error;
    });
  };
  const isFiled = async ({ record, isFinished }: KeptRun) =>
    isFinished || (await storage().records.get('runs', record.id)) !== undefined;
  const giveUp = async (kept: KeptRun) => {
    const { record } = kept;
    if (!(await isFiled(kept)) && record.steps > 0) {
      await storage().records.put('runs', record.id, record);
      emit({ kind: 'savedRun', record });
    }
    await dropKept(storage(), record.id);
  };
  /** Marks the run as this tab's own, and gives up those that no tab works on. A person's own waits for a person. */
  const settle = async (id: string, isOfQueue: boolean) => {
    letGo?.();
    letGo = await takeLock(lockOf(id));
    const held = await heldLocks();
    for (const kept of await storage().records.all('kept')) {
      const other = kept.record.id;
      if (other === id || held.has(lockOf(other)) || (await isQueued(other))) continue;
      if (!isOfQueue || (await isFiled(kept))) await giveUp(kept);
    }
  };
  const keptOf = async (id: string): Promise<KeptRun> => {
    const kept = await storage().records.get('kept', id);
    if (!kept) throw new DataError(`run: expected one whose weights are kept, got ${id}, which is gone`);
    return { ...kept, record: parseRunRecord(kept.record, 'run of an earlier visit') };
  };
  const snapshotOf = async ({ record, snapshotFile }: KeptRun, vocabularySize: number): Promise<SavedSnapshot> => {
    const bytes = await storage().files.read(snapshotFile);
    if (!bytes) throw new DataError(`${snapshotFile}: expected the state of the run, got no such file`);
    return decodeSnapshot(bytes, layoutOf(record.experiment.model, vocabularySize), snapshotFile);
  };
  const keptCheckpointOf = async (id: string): Promise<Checkpoint> => {
    const kept = await keptOf(id);
    const tokenizer = tokenizerFromJSON(kept.tokenizer);
    const { average } = await snapshotOf(kept, tokenizer.vocabularySize);
    return { experiment: kept.record.experiment, tokenizer, weights: average, where: `run "${kept.record.name}"` };
  };
  const ownTextOf = async (id: string, { data }: Experiment): Promise<string | null> => {
    const bytes = corpusKind(data.corpus).isOwn ? await storage().files.read(textFileOf(id)) : null;
    return bytes && new TextDecoder().decode(bytes);
  };

  const begin = async ({ identity, experiment, own, startPaused, earlier, from, isOfQueue }: Plan) => {
    const { id } = identity;
    const text = await host.start(async (onError) => {
      const source = from === null || earlier ? null : await from();
      const weights = source && startFrom(experiment, source);
      const tokenizer = earlier?.tokenizer ?? source?.tokenizer.toJSON();
      const request = { experiment, ...(own === null ? {} : { text: own }) };
      const text = await reading(() => textOf(request, tokenizer));
      const snapshot = earlier && (await snapshotOf(earlier, text.tokenizer.vocabularySize));
      if (snapshot) expectSameText(snapshot, text, `data.corpus "${experiment.data.corpus}"`);
      const keeper = createKeeper({
        identity,
        experiment,
        text,
        earlier,
        adapterOf: (backend) => adapterOf(host.backends(), backend),
        storage: storage(),
        emit,
      });
      if (own !== null && !earlier) await keeper.saveText(own);
      if (isOfQueue) emit({ kind: 'started', model: modelReport(experiment, text.tokenizer, text), text: own });
      if (earlier) emit(curvesOf(earlier.record));
      const start = { startPaused, weights, snapshot, isFinished: earlier?.isFinished ?? false };
      return createRunDriver({ experiment, text, keeper, ...start, emit, onError, onEnd: () => onEnd(id) });
    });
    await settle(id, isOfQueue).catch((error) => emit({ kind: 'problem', problem: problemOf(error) }));
    return modelReport(experiment, text.tokenizer, text);
  };
  const resumed = async (id: string) => {
    const earlier = await keptOf(id);
    const { name, created, study, experiment } = earlier.record;
    const own = await ownTextOf(id, experiment);
    return { identity: { id, name, created, study }, experiment, own, startPaused: false, earlier, from: null };
  };

  return {
    train: ({ experiment, text, from, startPaused = false, name = experiment.model.feedForward }) => {
      const identity = newIdentity(name);
      const own = text ?? null;
      const source = from ? () => checkpointOf(from) : null;
      return begin({ identity, experiment, own, startPaused, earlier: null, from: source, isOfQueue: false });
    },
    resume: async (id) => {
      const plan = await resumed(id);
      return { model: await begin({ ...plan, isOfQueue: false }), text: plan.own };
    },
    startQueued: async ({ id, name, created, study, experiment, from }) => {
      if (await storage().records.get('kept', id)) {
        await begin({ ...(await resumed(id)), isOfQueue: true });
        return;
      }
      const own = await ownTextOf(id, experiment);
      const identity = { id, name, created, study };
      const source = from === null ? null : () => keptCheckpointOf(from);
      await begin({ identity, experiment, own, startPaused: false, earlier: null, from: source, isOfQueue: true });
    },
    latest: async () => {
      const held = await heldLocks();
      for (const { record, isFinished, savedAt } of (await storage().records.all('kept')).sort(byTime)) {
        const { id, name, steps, experiment } = record;
        if (held.has(lockOf(id)) || (await isQueued(id))) continue;
        return { id, name, step: steps, steps: experiment.training.steps, isFinished, savedAt };
      }
      return null;
    },
    checkpointOf: keptCheckpointOf,
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
