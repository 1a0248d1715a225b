/**
 * Which run has the device: one at a time. A run that takes another's place stops it, or sets it aside where the queue
 * goes on with it. Runs start from scratch, from the weights of another, or where they were left; the lock of a run is
 * taken before anything of it is touched. Not here: driving it (`src/run/session.ts`), the order of the queue (`queue.ts`).
 */
import { ConfigError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import { type ModelRef, runRef } from '../config/modelRef.ts';
import type { RunRecord, RunStatus } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import type { Checkpoint } from '../model/weights.ts';
import type { RunPorts, RunSession } from '../run/ports.ts';
import type { RunIdentity } from '../run/record.ts';
import { createRunSession } from '../run/session.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { expectSameText } from '../train/checkpoint.ts';
import { startFrom } from '../train/startFrom.ts';
import type { RunText } from '../train/text.ts';
import type { DeviceBroker, Tenant } from './deviceBroker.ts';
import { type Locks, lockOfRun, type RunLock } from './locks.ts';
import { noticeOf } from './problems.ts';
import type { ModelReport, QueuedRun, TrainRequest } from './protocol.ts';
import { modelReport } from './reports.ts';
import { type LoadedState, loadState, saveText, textOfRun } from './states.ts';
import type { SiteStorage } from './stored.ts';
import type { Telemetry } from './telemetry.ts';

export interface Scheduler extends Tenant {
  /** The run that has the device, or had it last. */
  session(): RunSession | null;
  /** The run that the page is to show: the one above, or the one that is about to take its place. */
  shown(): string | null;
  /** Whether a run is in progress, or about to be. */
  isBusy(): boolean;
  train(request: TrainRequest): Promise<{ run: string; model: ModelReport }>;
  /** Goes on with a run of an earlier visit. Throws `DataError` where it is gone, `ConfigError` where another tab has it. */
  resume(id: string): Promise<{ model: ModelReport; text: string | null }>;
  /** Starts a run of the queue, or goes on with it, and tells the page. */
  startQueued(run: QueuedRun): Promise<void>;
  /** Milliseconds of rest between two steps, of the run and of those after it. */
  setPace(delay: number): void;
  /** What broke on the device breaks the run. */
  fault(error: Error): void;
  /** The page is left, and may be kept whole for the way back: the run is saved, and any tab may go on with it. */
  putDown(): Promise<void>;
  /** The page is back: goes on with the run, unless another tab has. Answers whether it has. */
  takeUp(): Promise<boolean>;
}

export interface SchedulerOptions {
  readonly broker: () => DeviceBroker;
  readonly storage: () => SiteStorage;
  readonly locks: Locks;
  readonly emit: (telemetry: Telemetry) => void;
  readonly textOf: (experiment: Experiment, own: string | null, tokenizer?: Tokenizer) => Promise<RunText>;
  readonly checkpointOf: (ref: ModelRef) => Promise<Checkpoint>;
  readonly portsOf: (identity: RunIdentity, experiment: Experiment, text: RunText) => RunPorts;
  /** Whether the queue goes on with a run: it is set aside then, not stopped. */
  readonly isQueued: (id: string) => Promise<boolean>;
  readonly onEnd: (id: string) => void;
  /** A run is worked on here now, or no longer. */
  readonly onLocks: () => void;
  /** A run is about to be compiled: whatever else works on the machine leaves off. */
  readonly onBegin: () => void;
  /** A run has been compiled: kernel variants may have been chosen. */
  readonly onCompiled: () => void;
}

/** Milliseconds for which a page that is left holds on to its run. */
const leavingTime = 1000;

/** What is to be run. */
interface Plan {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  /** The person's own text. */
  readonly own: string | null;
  readonly startPaused: boolean;
  /** Where the run was left. */
  readonly earlier: LoadedState | null;
  readonly from: ModelRef | null;
  readonly isOfQueue: boolean;
}

/** An identity for a new run, unique enough among the runs of one browser, on insecure origins too. */
export function newIdentity(name: string, study: RunRecord['study'] = null): RunIdentity {
  const random = crypto.getRandomValues(new Uint32Array(1))[0].toString(36);
  return { id: `${Date.now().toString(36)}-${random}`, name, created: new Date().toISOString(), study };
}

/** Nothing runs yet. */
export function createScheduler(options: SchedulerOptions): Scheduler {
  return new RunScheduler(options);
}

interface Scheduled {
  readonly session: RunSession;
  readonly lock: RunLock;
}

class RunScheduler implements Scheduler {
  readonly #options: SchedulerOptions;
  #current: Scheduled | null = null;
  /** Runs that are about to begin. */
  #starting = 0;
  #shown: string | null = null;
  #pace = 0;
  /** The run that was put down when the page was left. */
  #putDown: { readonly session: RunSession; readonly saved: number | null } | null = null;
  /** The page has been left: its run is anybody's. */
  #isAway = false;
  readonly #leaving = createMutex();

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  session(): RunSession | null {
    return this.#current?.session ?? null;
  }

  shown(): string | null {
    return this.#shown;
  }

  isBusy(): boolean {
    return this.#starting > 0 || (this.#current !== null && this.#current.session.state().phase !== 'ended');
  }

  async train({ experiment, text, from, startPaused = false, name = 'Run' }: TrainRequest) {
    const identity = newIdentity(name);
    const sources = { own: text ?? null, earlier: null, from: from ?? null };
    const plan: Plan = { identity, experiment, startPaused, isOfQueue: false, ...sources };
    return { run: identity.id, model: (await this.#begin(identity.id, async () => plan)).model };
  }

  async resume(id: string): Promise<{ model: ModelReport; text: string | null }> {
    const { model, own } = await this.#begin(id, () => this.#resumed(id));
    return { model, text: own };
  }

  async startQueued(run: QueuedRun): Promise<void> {
    const { id } = run;
    await this.#begin(id, async () => {
      const isBegun = (await this.#options.storage().records.get('kept', id)) !== undefined;
      return isBegun ? { ...(await this.#resumed(id)), isOfQueue: true } : this.#fresh(run);
    });
  }

  setPace(delay: number): void {
    this.#pace = delay;
    this.session()?.setPace(delay);
  }

  fault(error: Error): void {
    this.session()?.fail(error.message);
  }

  putDown(): Promise<void> {
    return this.#leaving(async () => {
      this.#isAway = true;
      const left = this.#current;
      if (!left || left.session.state().phase === 'ended') return;
      const { session, lock } = left;
      const { id } = session.identity;
      // The browser grants little time: whoever comes next must not wait for this tab.
      await Promise.race([session.leave(true), new Promise((resolve) => setTimeout(resolve, leavingTime))]);
      const saved = await this.#savedStep(id);
      lock.release();
      // Another run has taken its place meanwhile, which was begun before the page was left.
      if (this.#current !== left) return;
      this.#putDown = { session, saved };
      // The queue starts its run anew, here or in another tab.
      if (await this.#options.isQueued(id)) this.#current = null;
    });
  }

  takeUp(): Promise<boolean> {
    return this.#leaving(() => this.#options.broker().exclusive(() => this.#comeBack()));
  }

  /** Answers whether another tab has gone on with the run. */
  async #comeBack(): Promise<boolean> {
    const runtime = this.#options.broker().runtime();
    const putDown = this.#putDown;
    const session = this.session();
    this.#putDown = null;
    this.#isAway = false;
    // A run that has been begun meanwhile stays, though it may be the same one gone on with.
    if (session === null || putDown?.session !== session) {
      await session?.enter(runtime);
      return false;
    }
    const { id } = session.identity;
    const lock = await this.#takeLock(id);
    if (lock && (await this.#savedStep(id)) === putDown.saved) {
      this.#hold({ session, lock });
      await session.enter(runtime);
      return false;
    }
    lock?.release();
    this.#current = null;
    this.#tellStatus(null);
    return true;
  }

  /** The step of the state that is kept of a run; null where none is. */
  async #savedStep(id: string): Promise<number | null> {
    return (await this.#options.storage().records.get('kept', id))?.record.steps ?? null;
  }

  /** The lock is held until the run has ended, or lets go of it before. */
  #hold(scheduled: Scheduled): void {
    const { session, lock } = scheduled;
    this.#current = scheduled;
    void session.ended.then(lock.release);
  }

  async leave(canRead: boolean): Promise<void> {
    await this.session()?.leave(canRead);
  }

  async enter(runtime: Runtime): Promise<void> {
    if (!this.#isAway) await this.session()?.enter(runtime);
  }

  #tellStatus(status: RunStatus | null): void {
    this.#shown = status?.run ?? null;
    this.#options.emit({ kind: 'status', status });
  }

  /** One at a time, and in turn with whatever else changes who is on the device. */
  async #begin(id: string, planOf: () => Promise<Plan>): Promise<Plan & { model: ModelReport }> {
    const { broker, onBegin } = this.#options;
    this.#starting += 1;
    onBegin();
    try {
      return await broker().exclusive(() => this.#replace(id, planOf));
    } finally {
      this.#starting -= 1;
    }
  }

  /** The lock comes first: nothing of a run is read, let alone changed, while another tab works on it. */
  async #replace(id: string, planOf: () => Promise<Plan>): Promise<Plan & { model: ModelReport }> {
    const lock = await this.#needLock(id);
    try {
      const plan = await planOf();
      this.#tellStatus(preparing(plan, this.#options.broker().runtime()));
      const session = await this.#open(plan);
      await this.#letGo();
      await this.#enter({ session, lock });
      return { ...plan, model: modelReport(session.experiment, session.text.tokenizer, session.text) };
    } catch (error) {
      // A run that cannot be begun leaves the last one as it was.
      lock.release();
      this.#tellStatus(this.session()?.status() ?? null);
      throw error;
    }
  }

  async #takeLock(id: string): Promise<RunLock | null> {
    const { locks, onLocks } = this.#options;
    const lock = await locks.take(lockOfRun(id));
    if (!lock) return null;
    const release = () => {
      lock.release();
      onLocks();
    };
    onLocks();
    return { release };
  }

  async #needLock(id: string): Promise<RunLock> {
    const lock = await this.#takeLock(id);
    if (lock) return lock;
    throw new ConfigError('run: expected no other tab of this page to work on it, got one; go there, or close it');
  }

  /** The run that had the device lets go of it: the queue's waits for another time, any other ends. */
  async #letGo(): Promise<void> {
    if (!this.#current) return;
    const { session, lock } = this.#current;
    if (session.state().phase === 'ended') return;
    if (await this.#options.isQueued(session.identity.id)) await session.leave(true);
    else await session.stop();
    lock.release();
  }

  async #enter(next: Scheduled): Promise<void> {
    const { broker, onEnd, onCompiled } = this.#options;
    const { session } = next;
    this.#hold(next);
    session.setPace(this.#pace);
    void session.ended.then(() => onEnd(session.identity.id));
    await session.enter(broker().runtime());
    onCompiled();
  }

  /** Reads all that a run needs, and tells the page what it is going to see. */
  async #open({ identity, experiment, own, startPaused, earlier, from, isOfQueue }: Plan): Promise<RunSession> {
    const { storage, emit, textOf, checkpointOf, portsOf } = this.#options;
    const source = from === null || earlier ? null : await checkpointOf(from);
    const weights = source && startFrom(experiment, source);
    const text = await textOf(experiment, own, earlier?.tokenizer ?? source?.tokenizer);
    const { snapshot = null, record = null, notice = null } = earlier ?? {};
    if (snapshot) expectSameText(snapshot, text, `data.corpus "${experiment.data.corpus}"`);
    if (own !== null && !earlier) await saveText(storage(), identity.id, own);
    if (notice) emit({ kind: 'problem', problem: noticeOf(notice, 'Nothing has to be done.') });
    if (isOfQueue) {
      emit({ kind: 'started', run: identity.id, model: modelReport(experiment, text.tokenizer, text), text: own });
    }
    if (record) emit(curvesOf(record));
    const start = { weights, snapshot, earlier: record, startPaused };
    return createRunSession({ identity, experiment, text, ...start }, portsOf(identity, experiment, text));
  }

  async #resumed(id: string): Promise<Plan> {
    const { storage } = this.#options;
    const earlier = await loadState(storage(), id);
    const { name, created, study, experiment } = earlier.record;
    const own = await this.#ownText(id, experiment);
    const identity = { id, name, created, study };
    return { identity, experiment, own, startPaused: false, earlier, from: null, isOfQueue: false };
  }

  async #fresh({ id, name, created, study, experiment, from }: QueuedRun): Promise<Plan> {
    const own = await this.#ownText(id, experiment);
    const identity = { id, name, created, study };
    const source = from === null ? null : runRef(from);
    return { identity, experiment, own, startPaused: false, earlier: null, from: source, isOfQueue: true };
  }

  async #ownText(id: string, { data }: Experiment): Promise<string | null> {
    return corpusKind(data.corpus).isOwn ? textOfRun(this.#options.storage(), id) : null;
  }
}

/** The status of a run that is not there yet: the page says at once that something happens. */
function preparing({ identity, experiment, earlier }: Plan, { kind }: Runtime): RunStatus {
  return {
    run: identity.id,
    name: identity.name,
    created: identity.created,
    phase: 'preparing',
    ending: null,
    problem: null,
    backend: kind,
    step: earlier?.snapshot.step ?? 0,
    steps: experiment.training.steps,
    tokensPerSecond: 0,
    secondsLeft: null,
    activity: 'reading the text',
    memoryBytes: 0,
  };
}

/** What the page drew of a run before: as many points as the record holds. */
function curvesOf({ id, experiment, training, validation }: RunRecord): Telemetry {
  const tokensPerStep = experiment.training.batchSize * experiment.data.sequenceLength;
  const speeds = training.step.map((step, i) => {
    const seconds = training.seconds[i] - (training.seconds[i - 1] ?? 0);
    return (tokensPerStep * (step - (training.step[i - 1] ?? 0))) / seconds;
  });
  return {
    kind: 'curves',
    run: id,
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
