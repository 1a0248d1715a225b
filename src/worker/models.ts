/**
 * Models on the device, by name: opened when first used, the least recently used closed when there are many. The run in
 * progress is one of them, with the weights of the moment; when it ends, its name leads to the weights that it left.
 */
import { deferred } from '../base/deferred.ts';
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

export function createModels({ read }: ModelsOptions): Models {
  // The least recently used first: a Map keeps the order in which keys were put in.
  const open = new Map<ModelRef, Open>();
  let live: { ref: ModelRef; entry: Open } | null = null;
  let lent = deferred<Runtime>();
  let hasDevice = false;

  const idle = (entry: Open) =>
    new Promise<void>((resolve) => {
      if (entry.users === 0) resolve();
      else entry.close = resolve;
    });
  const close = async (entry: Open) => {
    await idle(entry);
    await entry.model.then((model) => model.destroy()).catch(() => {});
  };
  const closeOldest = () => {
    for (const [ref, entry] of open) {
      if (open.size <= openModels) return;
      if (entry.users > 0) continue;
      open.delete(ref);
      void close(entry);
    }
  };
  const entryOf = async (ref: ModelRef): Promise<Open> => {
    if (live?.ref === ref) return live.entry;
    const known = open.get(ref);
    if (known) {
      open.delete(ref);
      open.set(ref, known);
      return known;
    }
    const runtime = await lent.promise;
    const model = read(placeOf(ref)).then(({ experiment, tokenizer, weights }) =>
      modelOfWeights(runtime, experiment, tokenizer, weights),
    );
    const entry: Open = { model, users: 0, close: null };
    open.set(ref, entry);
    // What could not be opened is tried anew the next time.
    model.catch(() => open.get(ref) === entry && open.delete(ref));
    return entry;
  };

  return {
    use: async (ref, work) => {
      const entry = await entryOf(ref);
      entry.users += 1;
      try {
        return await work(await entry.model);
      } finally {
        entry.users -= 1;
        if (entry.users === 0) entry.close?.();
        closeOldest();
      }
    },
    checkpointOf: async (ref) => {
      if (live?.ref !== ref) return read(placeOf(ref));
      const model = await live.entry.model;
      const { experiment, tokenizer } = model;
      return { experiment, tokenizer, weights: await model.weights(), where: 'the run in progress' };
    },
    publish: async (run, model) => {
      const before = live;
      const ref = runRef(run);
      if (model) live = { ref, entry: { model: Promise.resolve(model), users: 0, close: null } };
      else if (before?.ref === ref) live = null;
      const kept = open.get(ref);
      if (model && kept) {
        // Its weights of an earlier visit: the run itself has better ones.
        open.delete(ref);
        void close(kept);
      }
      if (before && before !== live) await idle(before.entry);
    },
    forget: (ref) => {
      const entry = open.get(ref);
      open.delete(ref);
      if (entry) void close(entry);
    },
    leave: async (canRead) => {
      if (hasDevice) lent = deferred<Runtime>();
      hasDevice = false;
      const all = [...open.values()];
      open.clear();
      if (canRead) await Promise.all(all.map(close));
    },
    enter: async (runtime) => {
      hasDevice = true;
      lent.resolve(runtime);
    },
  };
}
