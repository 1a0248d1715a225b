/**
 * The engine as the page sees it: makes its parts and joins the handlers of its commands (`handlers/`). Everything that
 * computes is below, in `src/run`, `src/model` and `src/lab`.
 */
import { ConfigError, DataError } from '../base/errors.ts';
import { type ModelPlace, runRef } from '../config/modelRef.ts';
import { studyById } from '../lab/studies.ts';
import type { Checkpoint } from '../model/weights.ts';
import { findMachine, type Machine } from '../run/machine.ts';
import { createTuner, type Tuner } from '../runtime/tuner.ts';
import { promptsOf } from '../train/text.ts';
import { createDeviceBroker } from './deviceBroker.ts';
import { fetchBundled, fetchFile } from './files.ts';
import { decodeHandlers } from './handlers/decode.ts';
import type { Engine, Handlers } from './handlers/handlers.ts';
import { machineHandlers } from './handlers/machine.ts';
import { modelHandlers } from './handlers/models.ts';
import { queueHandlers } from './handlers/queue.ts';
import { recordHandlers } from './handlers/records.ts';
import { runHandlers } from './handlers/run.ts';
import { createLibrary, type ModelLibrary } from './library.ts';
import { browserLocks, type Locks, lockOfRun } from './locks.ts';
import { createMeasurer } from './measuring.ts';
import { createModels } from './models.ts';
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
import type { Telemetry } from './telemetry.ts';
import { createTexts } from './texts.ts';

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
  const engine = createParts(emit, locks);
  return {
    ...machineHandlers(engine),
    ...runHandlers(engine),
    ...recordHandlers(engine),
    ...queueHandlers(engine),
    ...modelHandlers(engine),
    ...decodeHandlers(engine),
  };
}

/** The parts of the engine, each knowing the others only through what it is given. */
function createParts(post: (telemetry: Telemetry) => void, locks: Locks): Engine {
  const held: { opened: Opened | null; bundled: Promise<Checkpoint> | null; measuring: number; byHand: boolean } = {
    opened: null,
    bundled: null,
    // Measurements that want to be alone on the machine.
    measuring: 0,
    // A person has switched the backend.
    byHand: false,
  };
  const opened = (): Opened => {
    if (held.opened) return held.opened;
    throw new ConfigError('engine: expected it to be open, got a command before "open"');
  };
  const storage = () => opened().storage;
  const library = () => opened().library;
  const files = new Map<string, Checkpoint>();
  // A run that is being replaced still tells of its end; the page has another one on show by then.
  const emit = (telemetry: Telemetry) => {
    if (telemetry.kind === 'status' && telemetry.status && telemetry.status.run !== scheduler.shown()) return;
    post(telemetry);
  };
  const report = (error: unknown) => emit({ kind: 'problem', problem: problemOf(error) });
  const texts = createTexts(async (path) => (await fetchFile(opened().baseUrl, path)).text());

  const read = async (place: ModelPlace): Promise<Checkpoint> => {
    switch (place.kind) {
      case 'bundled':
        held.bundled ??= fetchBundled(opened().baseUrl);
        held.bundled.catch(() => {
          held.bundled = null;
        });
        return held.bundled;
      case 'run':
        return (await library().has(place.id)) ? library().read(place.id) : checkpointOfState(storage(), place.id);
      case 'file': {
        const checkpoint = files.get(place.id);
        if (checkpoint) return checkpoint;
        throw new DataError('model: expected a file of weights that was opened since the page was, got none');
      }
      default:
        return place satisfies never;
    }
  };
  const models = createModels({ read });
  const previewer = createPreviewer({
    models,
    emit,
    sourceOf: () => (held.measuring > 0 ? null : previewed(scheduler)),
  });
  const kept = async (): Promise<Library> => keptOn(storage(), library(), locks, queue);
  const tellLibrary = async () => emit({ kind: 'library', library: await kept() });

  const scheduler: Scheduler = createScheduler({
    broker: () => broker,
    storage,
    locks,
    emit,
    textOf: (experiment, own, tokenizer) => texts.textOf(experiment, own ?? undefined, tokenizer),
    checkpointOf: (ref) => models.checkpointOf(ref),
    portsOf: (identity, experiment, text) =>
      createRunPorts({
        identity,
        text,
        storage: storage(),
        library: library(),
        models,
        broker,
        emit,
        adapterOf: (backend) => adapterOf(opened().machine, backend),
        timed: (seconds) =>
          opened().speeds.timed(broker.runtime().kind, experiment, text.tokenizer.vocabularySize, seconds),
        onLibrary: () => tellLibrary().catch(report),
      }),
    isQueued: (id) => queue.needs(id),
    onEnd: (id) => void queue.ended(id),
    onBegin: () => opened().speeds.leaveOff(),
    onCompiled: () => void storage().records.put('tuning', 'table', opened().tuner.table).catch(report),
  });
  const broker = createDeviceBroker({
    openBackend: (kind, onError) => opened().machine.open(kind, onError),
    tenants: [previewer, scheduler, models],
    report,
    onBackend: (backend) => emit({ kind: 'device', backend }),
    onFault: (error) => scheduler.fault(error),
  });
  const queue: Queue = createQueue({
    storage,
    emit,
    isBusy: () => scheduler.isBusy(),
    start: (run) => scheduler.startQueued(run),
    measure: createMeasurer({
      storage,
      emit,
      studyOf: studyById,
      textOf: ({ experiment }) => texts.textOf(experiment, undefined),
      checkpointOf: (id) => models.checkpointOf(runRef(id)),
      alone: async (use) => {
        held.measuring += 1;
        return broker.alone(use).finally(() => {
          held.measuring -= 1;
        });
      },
    }),
    failedRecord: (run, problem) => failedRecord(run, problem, opened().machine, broker.runtime().kind),
    lock: () => locks.wait('sdlm-queue'),
  });

  /** More is known of the machine: the page hears of it, and moves to the faster backend while nothing is at stake. */
  const takeSpeeds = async () => {
    const { speeds } = opened();
    if (!held.byHand && !scheduler.isBusy() && speeds.chosen() !== broker.runtime().kind) {
      await broker.move(speeds.chosen());
    }
    emit({ kind: 'machine', machine: { ...speeds.report(), chosen: broker.runtime().kind } });
  };

  return {
    emit,
    report,
    locks,
    broker,
    models,
    scheduler,
    queue,
    storage,
    library,
    machine: () => opened().machine,
    speeds: () => opened().speeds,
    opened: files,
    textOf: (experiment, own, tokenizer) => texts.textOf(experiment, own ?? undefined, tokenizer),
    checkpointOf: (ref) => models.checkpointOf(ref),
    kept,
    tellLibrary,
    openAt: async (baseUrl, backend) => {
      const storage = await openStorage();
      const tuner = createTuner((await storage.records.get('tuning', 'table')) ?? {});
      const machine = await findMachine(navigator.gpu as GPU | undefined, tuner);
      const speeds = createSpeeds(machine, () => void takeSpeeds().catch(report));
      held.opened = { baseUrl, storage, library: createLibrary(storage), tuner, machine, speeds };
      held.byHand = backend !== undefined;
      await read({ kind: 'bundled' });
      await broker.open(backend ?? speeds.chosen());
      await queue.open();
      // Nobody waits for it: what is to be seen comes first.
      setTimeout(() => void speeds.measure().catch(report), measureDelay);
    },
    useBackend: async (backend) => {
      held.byHand = true;
      return broker.move(backend);
    },
  };
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

/** Models and states; of the latter those that neither a tab nor the queue works on. */
async function keptOn(storage: SiteStorage, library: ModelLibrary, locks: Locks, queue: Queue): Promise<Library> {
  const [models, all, lockedNow, budget] = await Promise.all([
    library.list(),
    stateSummaries(storage),
    locks.held(),
    library.budget(),
  ]);
  const states = [];
  for (const state of all) {
    if (!lockedNow.has(lockOfRun(state.id)) && !(await queue.needs(state.id))) states.push(state);
  }
  const used = [...models, ...all].reduce((sum, { bytes }) => sum + bytes, 0);
  return { models, states, budget, used };
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
