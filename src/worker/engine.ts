/**
 * The engine as the page sees it: makes its parts and joins the handlers of its commands (`handlers/`). Everything that
 * computes is below, in `src/run`, `src/model` and `src/lab`.
 */
import { ConfigError, DataError } from '../base/errors.ts';
import { type ModelPlace, type ModelRef, runRef } from '../config/modelRef.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { studyById } from '../lab/studies.ts';
import type { Checkpoint } from '../model/weights.ts';
import { findMachine, type Machine } from '../run/machine.ts';
import type { RunPorts } from '../run/ports.ts';
import type { RunIdentity } from '../run/record.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTuner, type Tuner } from '../runtime/tuner.ts';
import { promptsOf, type RunText } from '../train/text.ts';
import { createDeviceBroker, type DeviceBroker } from './deviceBroker.ts';
import { fetchBundled, fetchFile } from './files.ts';
import { decodeHandlers } from './handlers/decode.ts';
import type { Engine, Handlers } from './handlers/handlers.ts';
import { machineHandlers } from './handlers/machine.ts';
import { modelHandlers } from './handlers/models.ts';
import { queueHandlers } from './handlers/queue.ts';
import { recordHandlers } from './handlers/records.ts';
import { routingHandlers } from './handlers/routing.ts';
import { runHandlers } from './handlers/run.ts';
import { createLibrary, type ModelLibrary } from './library.ts';
import { browserLocks, type Locks, lockOfRun } from './locks.ts';
import { createMeasurer } from './measuring.ts';
import { createModels, type Models } from './models.ts';
import { createPreviewer, type PreviewSource } from './previewer.ts';
import { problemOf } from './problems.ts';
import type { BackendKind, Library, QueuedRun } from './protocol.ts';
import { createQueue, type Queue } from './queue.ts';
import { adapterOf } from './reports.ts';
import { createRunPorts } from './runPorts.ts';
import { createScheduler, type Scheduler } from './scheduler.ts';
import { createSpeeds, type MachineSpeeds } from './speeds.ts';
import { checkpointOfState, stateSummaries } from './states.ts';
import { openStorage } from './storage.ts';
import type { SiteStorage } from './stored.ts';
import { otherTabs, type Tabs } from './tabs.ts';
import type { Telemetry } from './telemetry.ts';
import { createTexts, type Texts } from './texts.ts';

/** Milliseconds after opening, before the machine is measured. */
const measureDelay = 1000;

/** What is there once the engine is open. */
interface Opened {
  readonly baseUrl: string;
  readonly storage: SiteStorage;
  readonly library: ModelLibrary;
  readonly tuner: Tuner;
  readonly machine: Machine;
  readonly speeds: MachineSpeeds;
}

/** Creates the engine. `emit` posts telemetry to the page. */
export function createEngine(emit: (telemetry: Telemetry) => void, locks: Locks = browserLocks()): Handlers {
  const engine = new Parts(emit, locks);
  return {
    ...machineHandlers(engine),
    ...runHandlers(engine),
    ...recordHandlers(engine),
    ...queueHandlers(engine),
    ...modelHandlers(engine),
    ...decodeHandlers(engine),
    ...routingHandlers(engine),
  };
}

/** The parts of the engine, each knowing the others only through what it is given. */
class Parts implements Engine {
  readonly files = new Map<string, Checkpoint>();
  readonly models: Models;
  readonly scheduler: Scheduler;
  readonly broker: DeviceBroker;
  readonly queue: Queue;
  readonly locks: Locks;
  readonly #post: (telemetry: Telemetry) => void;
  readonly #texts: Texts;
  readonly #tabs: Tabs;
  #opened: Opened | null = null;
  #bundled: Promise<Checkpoint> | null = null;
  /** Measurements that want to be alone on the machine. */
  #measuring = 0;
  /** Runs of other tabs, whose end this one waits for. */
  readonly #awaited = new Set<string>();
  /** A person has switched the backend. */
  #isByHand = false;

  constructor(post: (telemetry: Telemetry) => void, locks: Locks) {
    this.#post = post;
    this.locks = locks;
    this.#texts = createTexts(async (path) => (await fetchFile(this.#open.baseUrl, path)).text());
    this.models = createModels({ read: this.#read });
    this.scheduler = this.#createScheduler();
    const previewer = createPreviewer({
      models: this.models,
      emit: this.emit,
      sourceOf: () => (this.#measuring > 0 ? null : previewed(this.scheduler)),
    });
    this.broker = createDeviceBroker({
      openBackend: (kind, onError) => this.#open.machine.open(kind, onError),
      tenants: [previewer, this.scheduler, this.models],
      report: this.report,
      onBackend: (backend) => this.emit({ kind: 'device', backend }),
      onFault: (error) => this.scheduler.fault(error),
    });
    this.queue = this.#createQueue();
    this.#tabs = otherTabs(() => {
      if (this.#opened) void this.#showLibrary().catch(this.report);
    });
  }

  storage = (): SiteStorage => this.#open.storage;
  library = (): ModelLibrary => this.#open.library;
  machine = (): Machine => this.#open.machine;
  speeds = (): MachineSpeeds => this.#open.speeds;

  // A run that is being replaced still tells of its end; the page has another one on show by then.
  emit = (telemetry: Telemetry): void => {
    const isOfAnother =
      telemetry.kind === 'status' && telemetry.status && telemetry.status.run !== this.scheduler.shown();
    if (!isOfAnother) this.#post(telemetry);
  };

  report = (error: unknown): void => this.emit({ kind: 'problem', problem: problemOf(error) });

  textOf = (experiment: Experiment, own: string | null, tokenizer?: Tokenizer): Promise<RunText> =>
    this.#texts.textOf(experiment, own ?? undefined, tokenizer);

  corpusOf = (corpus: Experiment['data']['corpus']) => this.#texts.corpusOf(corpus);

  checkpointOf = (ref: ModelRef): Promise<Checkpoint> => this.models.checkpointOf(ref);

  /** Models and states; of the latter those that neither a tab nor the queue works on. */
  kept = async (): Promise<Library> => {
    const [models, all, held, budget] = await Promise.all([
      this.library().list(),
      stateSummaries(this.storage()),
      this.locks.held(),
      this.library().budget(),
    ]);
    const states = [];
    for (const state of all) {
      if (held.has(lockOfRun(state.id))) this.#awaitEnd(state.id);
      else if (!(await this.queue.needs(state.id))) states.push(state);
    }
    const used = [...models, ...all].reduce((sum, { bytes }) => sum + bytes, 0);
    return { models, states, budget, used };
  };

  /** Another tab works on a run. It may be gone without a word: its lock is free then, and the run is offered here. */
  #awaitEnd(id: string): void {
    if (this.#awaited.has(id) || this.scheduler.session()?.identity.id === id) return;
    this.#awaited.add(id);
    const offer = async () => {
      this.#awaited.delete(id);
      await this.tellLibrary();
    };
    void this.locks.untilFree(lockOfRun(id)).then(offer).catch(this.report);
  }

  tellLibrary = async (): Promise<void> => {
    this.#tabs.tell();
    await this.#showLibrary();
  };

  #showLibrary = async (): Promise<void> => this.emit({ kind: 'library', library: await this.kept() });

  openAt = async (baseUrl: string, backend: BackendKind | undefined): Promise<void> => {
    const storage = await openStorage();
    const tuner = createTuner((await storage.records.get('tuning', 'table')) ?? {});
    const machine = await findMachine(navigator.gpu as GPU | undefined, tuner);
    const speeds = createSpeeds(machine, () => void this.#takeSpeeds().catch(this.report));
    this.#opened = { baseUrl, storage, library: createLibrary(storage), tuner, machine, speeds };
    this.#isByHand = backend !== undefined;
    await this.#read({ kind: 'bundled' });
    await this.broker.open(backend ?? speeds.chosen());
    await this.queue.open();
    // Nobody waits for it: what is to be seen comes first.
    this.#measureSoon();
  };

  useBackend = async (backend: BackendKind): Promise<BackendKind> => {
    this.#isByHand = true;
    return this.broker.move(backend);
  };

  get #open(): Opened {
    if (this.#opened) return this.#opened;
    throw new ConfigError('engine: expected it to be open, got a command before "open"');
  }

  /** Reads a model from where it lies. */
  #read = async (place: ModelPlace): Promise<Checkpoint> => {
    switch (place.kind) {
      case 'bundled':
        this.#bundled ??= fetchBundled(this.#open.baseUrl);
        // What could not be fetched is tried anew the next time.
        this.#bundled.catch(() => {
          this.#bundled = null;
        });
        return this.#bundled;
      case 'run': {
        const isKept = await this.library().has(place.id);
        return isKept ? this.library().read(place.id) : checkpointOfState(this.storage(), place.id);
      }
      case 'file': {
        const checkpoint = this.files.get(place.id);
        if (checkpoint) return checkpoint;
        throw new DataError('model: expected a file of weights that was opened since the page was, got none');
      }
      default:
        return place satisfies never;
    }
  };

  #createScheduler(): Scheduler {
    return createScheduler({
      broker: () => this.broker,
      storage: this.storage,
      locks: this.locks,
      emit: this.emit,
      textOf: this.textOf,
      checkpointOf: this.checkpointOf,
      portsOf: (identity, experiment, text) => this.#portsOf(identity, experiment, text),
      isQueued: (id) => this.queue.needs(id),
      onEnd: (id) => {
        void this.queue.ended(id);
        this.#measureSoon();
      },
      onBegin: () => this.speeds().leaveOff(),
      onLocks: () => void this.tellLibrary().catch(this.report),
      onCompiled: () => {
        void this.storage().records.put('tuning', 'table', this.#open.tuner.table).catch(this.report);
      },
    });
  }

  #portsOf(identity: RunIdentity, experiment: Experiment, text: RunText): RunPorts {
    const { vocabularySize } = text.tokenizer;
    return createRunPorts({
      identity,
      text,
      storage: this.storage(),
      library: this.library(),
      models: this.models,
      broker: this.broker,
      emit: this.emit,
      adapterOf: (backend) => adapterOf(this.machine(), backend),
      timed: (seconds) => this.speeds().timed(this.broker.runtime().kind, experiment, vocabularySize, seconds),
      onLibrary: () => this.tellLibrary().catch(this.report),
    });
  }

  #createQueue(): Queue {
    const measure = createMeasurer({
      storage: this.storage,
      emit: this.emit,
      studyOf: studyById,
      textOf: ({ experiment }) => this.textOf(experiment, null),
      checkpointOf: (id) => this.checkpointOf(runRef(id)),
      alone: (use) => this.#alone(use),
    });
    return createQueue({
      storage: this.storage,
      emit: this.emit,
      isBusy: () => this.scheduler.isBusy(),
      start: (run) => this.scheduler.startQueued(run),
      measure,
      failedRecord: (run, problem) => failedRecord(run, problem, this.machine(), this.broker.runtime().kind),
      lock: () => this.locks.wait('sdlm-queue'),
    });
  }

  /** Measures the machine in a moment, if nothing else is going on then and it has not been measured. */
  #measureSoon(): void {
    const measure = async () => {
      if (!this.scheduler.isBusy() && !this.speeds().isDone()) await this.speeds().measure();
    };
    setTimeout(() => void measure().catch(this.report), measureDelay);
  }

  /** Lends a device of its own, with nothing previewed meanwhile. */
  async #alone<T>(use: (runtime: Runtime) => Promise<T>): Promise<T> {
    this.#measuring += 1;
    try {
      return await this.broker.alone(use);
    } finally {
      this.#measuring -= 1;
    }
  }

  /** More is known of the machine: the page hears of it, and moves to the faster backend while nothing is at stake. */
  async #takeSpeeds(): Promise<void> {
    const speeds = this.speeds();
    const isFree = !this.#isByHand && !this.scheduler.isBusy();
    if (isFree && speeds.chosen() !== this.broker.runtime().kind) await this.broker.move(speeds.chosen());
    this.emit({ kind: 'machine', machine: { ...speeds.report(), chosen: this.broker.runtime().kind } });
  }
}

/** What is previewed now: the run in progress or the weights that it left, else the bundled model. */
function previewed(scheduler: Scheduler): PreviewSource | null {
  const session = scheduler.session();
  if (!session) return { model: 'bundled', trainedSteps: 0 };
  const { phase, isOpen, step } = session.state();
  if (!isOpen && !(phase === 'ended' && step > 0))
    return phase === 'ended' ? { model: 'bundled', trainedSteps: 0 } : null;
  const startAt = promptsOf(session.text);
  return { model: runRef(session.identity.id), trainedSteps: step, ...(startAt && { startAt }) };
}

/** A record of a run of the queue that could not even be started. */
function failedRecord({ from: _, ...run }: QueuedRun, problem: string, machine: Machine, backend: BackendKind) {
  return {
    ...run,
    format: 1 as const,
    status: 'failed' as const,
    problem,
    backend,
    adapter: adapterOf(machine, backend),
    steps: 0,
    training: { step: [], seconds: [], bpc: [] },
    validation: { step: [], seconds: [], bpc: [], standardError: [] },
    measures: {},
  };
}
