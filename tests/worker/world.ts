/**
 * The parts of the page's worker in one process, on the twins: tabs that share storage and locks, and devices that can be
 * lost. Nothing here is a mock of what the parts do; only the browser around them is.
 */
import { DeviceError } from '../../src/base/errors.ts';
import { type ModelRef, placeOf } from '../../src/config/modelRef.ts';
import type { RunStatus } from '../../src/config/records.ts';
import type { Model } from '../../src/model/model.ts';
import type { Checkpoint } from '../../src/model/weights.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createDeviceBroker, type Tenant } from '../../src/worker/deviceBroker.ts';
import { createLibrary } from '../../src/worker/library.ts';
import type { Locks, RunLock } from '../../src/worker/locks.ts';
import { memoryFiles, memoryRecords } from '../../src/worker/memoryStorage.ts';
import { createModels } from '../../src/worker/models.ts';
import type { BackendKind, Problem } from '../../src/worker/protocol.ts';
import { createRunPorts } from '../../src/worker/runPorts.ts';
import { createScheduler } from '../../src/worker/scheduler.ts';
import { checkpointOfState } from '../../src/worker/states.ts';
import type { SiteStorage } from '../../src/worker/stored.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { tinyExperiment, tinyText, words } from '../support/tinyRun.ts';

export const memoryStorage = (): SiteStorage => ({ records: memoryRecords(), files: memoryFiles(), warning: null });

/** Locks of one browser, which its tabs share. Letting go twice is letting go once. */
export function memoryLocks(): Locks {
  const holders = new Map<string, object>();
  const waiting: { name: string; resolve: (lock: RunLock) => void }[] = [];
  const hold = (name: string): RunLock => {
    const me = {};
    holders.set(name, me);
    const release = () => {
      if (holders.get(name) !== me) return;
      holders.delete(name);
      const next = waiting.findIndex((one) => one.name === name);
      if (next >= 0) waiting.splice(next, 1)[0].resolve(hold(name));
    };
    return { release };
  };
  const wait = (name: string): Promise<RunLock> =>
    new Promise((resolve) => {
      if (holders.has(name)) waiting.push({ name, resolve });
      else resolve(hold(name));
    });
  return {
    take: async (name) => (holders.has(name) ? null : hold(name)),
    wait,
    untilFree: async (name) => (await wait(name)).release(),
    held: async () => new Set(holders.keys()),
  };
}

/** A device of either kind; one that is lost fails all that runs on it, and says so a moment later. */
export interface TestDevice {
  readonly kind: BackendKind;
  readonly runtime: Runtime;
  lose(): void;
}

/** `onUse` hears of every use before it, and may throw. */
export function createDevices(onUse: (device: TestDevice) => void = () => {}) {
  const all: TestDevice[] = [];
  const refused = new Set<BackendKind>();
  const open = async (kind: BackendKind, onError: (error: Error) => void): Promise<Runtime> => {
    if (refused.has(kind)) throw new DeviceError(`WebGPU: expected an adapter, got none`, 'none');
    const twins = createTwinRuntime();
    let isLost = false;
    const expectThere = () => {
      if (isLost) throw new Error('the device is gone');
    };
    const use = () => {
      onUse(device);
      expectThere();
    };
    const runtime: Runtime = {
      ...twins,
      kind,
      compile: async (...args) => {
        use();
        const plan = await twins.compile(...args);
        expectThere();
        return {
          ...plan,
          run: async () => {
            use();
            const found = await plan.run();
            expectThere();
            return found;
          },
        };
      },
      read: async (ranges) => {
        use();
        return twins.read(ranges);
      },
    };
    const device: TestDevice = {
      kind,
      runtime,
      lose: () => {
        isLost = true;
        setTimeout(() => onError(new DeviceError('WebGPU device lost (unknown): tested', 'lost')), 5);
      },
    };
    all.push(device);
    return runtime;
  };
  return { open, all, refused, last: () => all[all.length - 1] };
}

export interface TabOptions {
  readonly storage?: SiteStorage;
  readonly locks?: Locks;
  /** Runs that the queue goes on with. */
  readonly queued?: ReadonlySet<string>;
  readonly kind?: BackendKind;
  /** Hears of runs that have ended, and of what the page is told. */
  readonly onEnd?: (id: string) => void;
  /** Milliseconds between two saves. */
  readonly saveAfter?: () => number;
  readonly emit?: (telemetry: Telemetry) => void;
  /** Hears of every use of a device before it, and may throw. */
  readonly onUse?: (device: TestDevice) => void;
}

/** A tab of the page: the scheduler and what it stands on. */
export async function openTab({
  storage = memoryStorage(),
  locks = memoryLocks(),
  queued = new Set(),
  kind = 'cpu',
  onEnd = () => {},
  saveAfter,
  emit: hear = () => {},
  onUse,
}: TabOptions = {}) {
  const devices = createDevices(onUse);
  const told: Telemetry[] = [];
  const live: { now: Set<string>; most: number } = { now: new Set(), most: 0 };
  const ended: string[] = [];
  const library = createLibrary(storage);
  const files = new Map<string, Checkpoint>();
  const models = createModels({
    read: async (place) => {
      if (place.kind === 'file' && files.has(place.id)) return files.get(place.id)!;
      if (place.kind !== 'run') throw new Error(`no ${place.kind} here`);
      return (await library.has(place.id)) ? library.read(place.id) : checkpointOfState(storage, place.id);
    },
  });
  const publish = (id: string, model: Model | null) => {
    if (model) live.now.add(id);
    else live.now.delete(id);
    live.most = Math.max(live.most, live.now.size);
    return models.publish(id, model);
  };
  const emit = (telemetry: Telemetry) => {
    told.push(telemetry);
    hear(telemetry);
  };
  const scheduler = createScheduler({
    broker: () => broker,
    storage: () => storage,
    locks,
    emit: (telemetry) => {
      if (telemetry.kind !== 'status' || !telemetry.status || telemetry.status.run === scheduler.shown())
        emit(telemetry);
    },
    textOf: async (experiment) => tinyText(experiment),
    checkpointOf: (ref: ModelRef) => models.checkpointOf(ref),
    portsOf: (identity, _, text) => {
      const ports = createRunPorts({
        identity,
        text,
        storage,
        library,
        models: { publish, forget: (ref) => models.forget(ref) },
        broker,
        emit: (telemetry) => {
          if (telemetry.kind !== 'status' || telemetry.status?.run === scheduler.shown()) emit(telemetry);
        },
        adapterOf: (backend) => backend,
        timed: () => {},
        onLibrary: async () => {},
      });
      return saveAfter ? { ...ports, saveAfter } : ports;
    },
    isQueued: async (id) => queued.has(id),
    onEnd: (id) => {
      ended.push(id);
      onEnd(id);
    },
    onLocks: () => {},
    onBegin: () => {},
    onCompiled: () => {},
  });
  const tenants: Tenant[] = [scheduler, models];
  const broker = createDeviceBroker({
    openBackend: devices.open,
    tenants,
    report: (error) => emit({ kind: 'problem', problem: { kind: 'device', message: String(error), action: '' } }),
    onBackend: (backend) => emit({ kind: 'device', backend }),
    onFault: (error) => scheduler.fault(error),
    lossDelay: 100,
  });
  await broker.open(kind);
  return {
    scheduler,
    broker,
    models,
    files,
    library,
    storage,
    locks,
    devices,
    told,
    live,
    ended,
    /** The statuses that the page was told, by phase. */
    phases: () => told.flatMap((one) => (one.kind === 'status' && one.status ? [one.status.phase] : [])),
    status: (): RunStatus | null => told.findLast((one) => one.kind === 'status')?.status ?? null,
    problems: (): Problem[] => told.flatMap((one) => (one.kind === 'problem' ? [one.problem] : [])),
    steps: (run: string) => stepsOf(told, run),
    train: (settings: Record<string, string | number> = {}, more: { startPaused?: boolean; from?: ModelRef } = {}) =>
      scheduler.train({ experiment: tinyExperiment(settings), text: words, name: 'A run', ...more }),
  };
}

export type Tab = Awaited<ReturnType<typeof openTab>>;

/** The steps that a page would have drawn of a run, with what was taken back. */
function stepsOf(told: readonly Telemetry[], run: string): number[] {
  let steps: number[] = [];
  for (const message of told) {
    if (message.kind === 'metrics' && message.run === run) steps.push(...message.step);
    if (message.kind === 'curves' && message.run === run) steps = Array.from(message.step);
    if (message.kind === 'rewound' && message.run === run) steps = steps.filter((step) => step <= message.step);
  }
  return steps;
}

export const idOf = (ref: ModelRef): string => {
  const place = placeOf(ref);
  if (place.kind === 'bundled') throw new Error('the bundled model has no id');
  return place.id;
};
