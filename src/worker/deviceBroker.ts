/**
 * Lends the device: opens a backend, moves everything to the other, and opens everything anew where a device is lost.
 * Tenants (the run, the models, the preview) hold what is on it; they leave in order and come back in reverse. Whatever
 * changes who is on the device takes turns here (`exclusive`). Not here: which run that is (`scheduler.ts`).
 */
import { ConfigError, DeviceError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { BackendKind } from './protocol.ts';

export interface Tenant {
  /** Lets go of the device. Where it can be read, nothing that was learned is lost; where not, it is gone already. */
  leave(canRead: boolean): Promise<void>;
  /** Comes (back) onto a device. */
  enter(runtime: Runtime): Promise<void>;
}

export interface DeviceBroker {
  /** Opens a backend; the tenants come onto it. Throws `DeviceError`. */
  open(kind: BackendKind): Promise<void>;
  /** Throws `ConfigError` before a backend is open. */
  runtime(): Runtime;
  /** Moves every tenant to a backend; answers where they are then. Throws `DeviceError`, and all is as it was. */
  move(kind: BackendKind): Promise<BackendKind>;
  /** Runs a change of who is on the device, when the one before it has ended. */
  exclusive<T>(change: () => Promise<T>): Promise<T>;
  /** Whether a runtime's device is gone. Waits a moment for the word of it, which may come after the first error. */
  isLost(runtime: Runtime): Promise<boolean>;
  /**
   * Lends a device of its own, of the same kind, for as long as `use` takes; the first error of that device is thrown.
   */
  alone<T>(use: (runtime: Runtime) => Promise<T>, kind?: BackendKind): Promise<T>;
}

export interface BrokerOptions {
  /** Opens a backend. `onError` hears of errors that no call can return. */
  readonly openBackend: (kind: BackendKind, onError: (error: Error) => void) => Promise<Runtime>;
  /** In the order in which they leave. */
  readonly tenants: readonly Tenant[];
  /** Told of errors of the device that people should hear of. */
  readonly report: (error: unknown) => void;
  /** Told which backend is open now. */
  readonly onBackend: (kind: BackendKind) => void;
  /** An error of the device that is not its loss: what ran on it cannot be trusted. */
  readonly onFault: (error: Error) => void;
  /** Milliseconds that the word of a loss may take after the first call that it fails. */
  readonly lossDelay?: number;
}

/** A device, and when it is lost. */
interface Lent {
  readonly runtime: Runtime;
  readonly loss: Promise<void>;
}

const isLoss = (error: Error) => error instanceof DeviceError && error.reason === 'lost';

export function createDeviceBroker(options: BrokerOptions): DeviceBroker {
  const { openBackend, tenants, report, onBackend, onFault, lossDelay = 500 } = options;
  const exclusive = createMutex();
  let current: Lent | null = null;
  const losses = new WeakMap<Runtime, Promise<void>>();

  const lent = (): Lent => {
    if (current) return current;
    throw new ConfigError('engine: expected it to be open, got a command before "open"');
  };
  const open = async (kind: BackendKind): Promise<Lent> => {
    let lose = () => {};
    const loss = new Promise<void>((resolve) => {
      lose = resolve;
    });
    let mine: Lent | null = null;
    const runtime = await openBackend(kind, (error) => {
      if (isLoss(error)) lose();
      // Errors of a device that has been left behind concern nobody.
      if (current !== mine) return;
      report(error);
      if (isLoss(error)) void exclusive(() => recover(mine)).catch(report);
      else onFault(error);
    });
    mine = { runtime, loss };
    losses.set(runtime, loss);
    return mine;
  };
  const leave = async (canRead: boolean) => {
    for (const tenant of tenants) await tenant.leave(canRead);
  };
  const enter = async (next: Lent) => {
    current = next;
    onBackend(next.runtime.kind);
    for (const tenant of tenants.toReversed()) await tenant.enter(next.runtime);
  };
  /** A device that is gone takes its buffers with it: everything is opened anew, on the processor where no other is. */
  const recover = async (gone: Lent | null) => {
    if (gone === null || current !== gone) return;
    await leave(false);
    const next = await open('gpu').catch((error: unknown) => {
      report(error);
      return open('cpu');
    });
    gone.runtime.destroy();
    await enter(next);
  };
  const isLost = async (runtime: Runtime): Promise<boolean> => {
    const loss = losses.get(runtime);
    if (!loss || runtime.kind === 'cpu') return false;
    return Promise.race([
      loss.then(() => true),
      new Promise<false>((resolve) => setTimeout(resolve, lossDelay, false)),
    ]);
  };

  return {
    open: (kind) => exclusive(async () => enter(await open(kind))),
    runtime: () => lent().runtime,
    move: (kind) =>
      exclusive(async () => {
        const before = lent();
        if (before.runtime.kind === kind) return kind;
        const next = await open(kind);
        await leave(true);
        try {
          await enter(next);
        } catch (error) {
          next.runtime.destroy();
          await leave(false);
          await enter(before);
          throw error;
        }
        before.runtime.destroy();
        return kind;
      }),
    exclusive,
    isLost,
    alone: async (use, kind = lent().runtime.kind) => {
      const errors: Error[] = [];
      const own = await openBackend(kind, (error) => errors.push(error));
      try {
        const found = await use(own);
        if (errors.length > 0) throw errors[0];
        return found;
      } finally {
        own.destroy();
      }
    },
  };
}
