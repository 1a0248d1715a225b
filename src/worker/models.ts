/**
 * Models on the device, by name: opened when first used, the least recently used closed when there are many. The run in
 * progress is one of them, with the weights of the moment; when it ends, its name leads to the weights that it left.
 */
import { type Deferred, deferred } from '../base/deferred.ts';
import { type ModelPlace, type ModelRef, placeOf, runRef } from '../config/modelRef.ts';
import { type Model, modelOfWeights } from '../model/model.ts';
import type { Checkpoint } from '../model/weights.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tenant } from './deviceBroker.ts';

/** Models kept open that nobody uses at the moment, the bundled one among them. */
const openModels = 4;

export interface Models extends Tenant {
  /**
   * Lends a model for as long as `work` takes: it is not closed meanwhile. Ask anew for every network call of a long
   * piece of work, so that a model that moves or ends is followed. Throws `DataError` where there is no such model.
   */
  use<T>(ref: ModelRef, work: (model: Model) => Promise<T>): Promise<T>;
  /** What a model is and holds, read from where it lies; of the run in progress the weights of the moment. */
  checkpointOf(ref: ModelRef): Promise<Checkpoint>;
  /** The run in progress has its weights on the device; null when it lets go of them. Resolves when nobody uses the last ones. */
  publish(run: string, model: Model | null): Promise<void>;
  /** A model has changed or gone where it lies. */
  forget(ref: ModelRef): void;
}

export interface ModelsOptions {
  /** Reads a model from where it lies. Throws `DataError` where it is gone or spoilt. */
  readonly read: (place: ModelPlace) => Promise<Checkpoint>;
}

interface Open {
  readonly model: Promise<Model>;
  users: number;
  /** Called when nobody uses it any more, once it is to be closed. */
  close: (() => void) | null;
}

/** No model is open, and there is no device yet. */
export function createModels(options: ModelsOptions): Models {
  return new OpenModels(options);
}

const entryOf = (model: Promise<Model>): Open => ({ model, users: 0, close: null });

class OpenModels implements Models {
  readonly #read: ModelsOptions['read'];
  /** The least recently used first: a Map keeps the order in which keys were put in. */
  readonly #open = new Map<ModelRef, Open>();
  #live: { readonly ref: ModelRef; readonly entry: Open } | null = null;
  #device: { readonly isThere: boolean; readonly runtime: Deferred<Runtime> } = {
    isThere: false,
    runtime: deferred(),
  };

  constructor({ read }: ModelsOptions) {
    this.#read = read;
  }

  async use<T>(ref: ModelRef, work: (model: Model) => Promise<T>): Promise<T> {
    const entry = await this.#entryOf(ref);
    entry.users += 1;
    try {
      return await work(await entry.model);
    } finally {
      entry.users -= 1;
      if (entry.users === 0) entry.close?.();
      this.#closeOldest();
    }
  }

  async checkpointOf(ref: ModelRef): Promise<Checkpoint> {
    if (this.#live?.ref !== ref) return this.#read(placeOf(ref));
    const model = await this.#live.entry.model;
    const { experiment, tokenizer } = model;
    return { experiment, tokenizer, weights: await model.weights(), where: 'the run in progress' };
  }

  async publish(run: string, model: Model | null): Promise<void> {
    const before = this.#live;
    const ref = runRef(run);
    // Its weights of an earlier visit: the run itself has better ones.
    if (model) this.forget(ref);
    if (model) this.#live = { ref, entry: entryOf(Promise.resolve(model)) };
    else if (before?.ref === ref) this.#live = null;
    if (before && before !== this.#live) await idle(before.entry);
  }

  forget(ref: ModelRef): void {
    const entry = this.#open.get(ref);
    this.#open.delete(ref);
    if (entry) void close(entry);
  }

  async leave(canRead: boolean): Promise<void> {
    if (this.#device.isThere) this.#device = { isThere: false, runtime: deferred() };
    const all = [...this.#open.values()];
    this.#open.clear();
    if (canRead) await Promise.all(all.map(close));
  }

  async enter(runtime: Runtime): Promise<void> {
    this.#device.runtime.resolve(runtime);
    this.#device = { ...this.#device, isThere: true };
  }

  async #entryOf(ref: ModelRef): Promise<Open> {
    if (this.#live?.ref === ref) return this.#live.entry;
    const known = this.#open.get(ref);
    if (known) {
      this.#open.delete(ref);
      this.#open.set(ref, known);
      return known;
    }
    const runtime = await this.#device.runtime.promise;
    const model = this.#read(placeOf(ref)).then(({ experiment, tokenizer, weights }) =>
      modelOfWeights(runtime, experiment, tokenizer, weights),
    );
    const entry = entryOf(model);
    this.#open.set(ref, entry);
    // What could not be opened is tried anew the next time.
    model.catch(() => this.#open.get(ref) === entry && this.#open.delete(ref));
    return entry;
  }

  #closeOldest(): void {
    for (const [ref, entry] of this.#open) {
      if (this.#open.size <= openModels) return;
      if (entry.users > 0) continue;
      this.#open.delete(ref);
      void close(entry);
    }
  }
}

/** Resolves when nobody uses a model. */
function idle(entry: Open): Promise<void> {
  return new Promise((resolve) => {
    if (entry.users === 0) resolve();
    else entry.close = resolve;
  });
}

/** Closes a model when nobody uses it. One that could not be opened has nothing to close. */
async function close(entry: Open): Promise<void> {
  await idle(entry);
  await entry.model.then((model) => model.destroy()).catch(() => {});
}
