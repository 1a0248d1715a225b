/**
 * Lends the device: opens a backend, moves everything to the other, and opens everything anew where a device is lost.
 * Tenants (the run, the models, the preview) hold what is on it; they leave in order and come back in reverse. Whatever
 * changes who is on the device takes turns here (`exclusive`). Not here: which run that is (`scheduler.ts`).
 */
import { deferred } from '../base/deferred.ts';
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

/** No backend is open yet. */
export function createDeviceBroker(options: BrokerOptions): DeviceBroker {
  return new Broker(options);
}

class Broker implements DeviceBroker {
  readonly exclusive = createMutex();
  readonly #options: BrokerOptions;
  readonly #losses = new WeakMap<Runtime, Promise<void>>();
  #current: Lent | null = null;

  constructor(options: BrokerOptions) {
    this.#options = options;
  }

  open(kind: BackendKind): Promise<void> {
    return this.exclusive(async () => this.#enter(await this.#open(kind)));
  }

  runtime(): Runtime {
    return this.#lent().runtime;
  }

  move(kind: BackendKind): Promise<BackendKind> {
    return this.exclusive(async () => {
      const before = this.#lent();
      if (before.runtime.kind === kind) return kind;
      const next = await this.#open(kind);
      await this.#leave(true);
      try {
        await this.#enter(next);
      } catch (error) {
        next.runtime.destroy();
        await this.#leave(false);
        await this.#enter(before);
        throw error;
      }
      before.runtime.destroy();
      return kind;
    });
  }

  isLost = async (runtime: Runtime): Promise<boolean> => {
    const { lossDelay = 500 } = this.#options;
    const loss = this.#losses.get(runtime);
    if (!loss || runtime.kind === 'cpu') return false;
    const inVain = new Promise<false>((resolve) => setTimeout(resolve, lossDelay, false));
    return Promise.race([loss.then(() => true), inVain]);
  };

  async alone<T>(use: (runtime: Runtime) => Promise<T>, kind: BackendKind = this.runtime().kind): Promise<T> {
    const errors: Error[] = [];
    const own = await this.#options.openBackend(kind, (error) => errors.push(error));
    try {
      const found = await use(own);
      if (errors.length > 0) throw errors[0];
      return found;
    } finally {
      own.destroy();
    }
  }

  #lent(): Lent {
    if (this.#current) return this.#current;
    throw new ConfigError('engine: expected it to be open, got a command before "open"');
  }

  async #open(kind: BackendKind): Promise<Lent> {
    const { openBackend } = this.#options;
    const loss = deferred<void>();
    let mine: Lent | null = null;
    const runtime = await openBackend(kind, (error) => {
      if (isLoss(error)) loss.resolve();
      this.#hear(error, mine);
    });
    mine = { runtime, loss: loss.promise };
    this.#losses.set(runtime, loss.promise);
    return mine;
  }

  /** Errors of a device that has been left behind concern nobody. */
  #hear(error: Error, from: Lent | null): void {
    const { report, onFault } = this.#options;
    if (from === null || this.#current !== from) return;
    report(error);
    if (isLoss(error)) void this.exclusive(() => this.#recover(from)).catch(report);
    else onFault(error);
  }

  /** A device that is gone takes its buffers with it: everything is opened anew, on the processor where no other is. */
  async #recover(gone: Lent): Promise<void> {
    if (this.#current !== gone) return;
    await this.#leave(false);
    const next = await this.#open('gpu').catch((error: unknown) => {
      this.#options.report(error);
      return this.#open('cpu');
    });
    gone.runtime.destroy();
    await this.#enter(next);
  }

  async #leave(canRead: boolean): Promise<void> {
    for (const tenant of this.#options.tenants) await tenant.leave(canRead);
  }

  async #enter(next: Lent): Promise<void> {
    this.#current = next;
    this.#options.onBackend(next.runtime.kind);
    for (const tenant of this.#options.tenants.toReversed()) await tenant.enter(next.runtime);
  }
}
