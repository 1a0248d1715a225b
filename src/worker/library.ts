/**
 * The library of models on this machine: the averaged weights that ended runs leave, each one file, within a budget. The
 * oldest that are not pinned make room for the newest, and every one that goes is told of. Not here: states to go on
 * from (`states.ts`), models on a device (`models.ts`).
 */
import { checksumOf } from '../base/checksum.ts';
import { ConfigError, DataError } from '../base/errors.ts';
import { bytes as inBytes } from '../base/format.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../model/weights.ts';
import type { ModelSummary } from './protocol.ts';
import { soundBytes } from './states.ts';
import type { SiteStorage, StoredModel } from './stored.ts';

/** Bytes that models may take unless a person says otherwise. */
export const defaultBudget = 256_000_000;
/** What a person may choose. */
export const leastBudget = 1_000_000;

const budgetKey = 'modelBudget';

export interface KeptModel extends Pick<Checkpoint, 'experiment' | 'tokenizer' | 'weights'> {
  readonly id: string;
  readonly name: string;
  /** Steps it was trained for. */
  readonly step: number;
}

export interface ModelLibrary {
  /**
   * Keeps a model; answers a sentence for each that had to go, or for this one where there is no room for it.
   * Throws `StorageError` where the browser has no room.
   */
  keep(model: KeptModel): Promise<string[]>;
  /** Newest first. */
  list(): Promise<ModelSummary[]>;
  has(id: string): Promise<boolean>;
  /** Throws `DataError` where it is gone or spoilt. */
  read(id: string): Promise<Checkpoint>;
  pin(id: string, isPinned: boolean): Promise<void>;
  rename(id: string, name: string): Promise<void>;
  remove(id: string): Promise<void>;
  budget(): Promise<number>;
  /** Answers a sentence for each model that had to go. Throws `ConfigError` for less than a megabyte. */
  setBudget(bytes: number): Promise<string[]>;
}

/**
 * Which models go so that the rest fit into a budget: the oldest that are not pinned first. Where even without all of
 * those they do not fit, all of those.
 */
export function leaving<M extends Pick<ModelSummary, 'bytes' | 'savedAt' | 'isPinned'>>(
  models: readonly M[],
  budget: number,
): M[] {
  let over = models.reduce((sum, { bytes }) => sum + bytes, 0) - budget;
  const gone: M[] = [];
  for (const model of models.filter(({ isPinned }) => !isPinned).sort((a, b) => a.savedAt - b.savedAt)) {
    if (over <= 0) break;
    gone.push(model);
    over -= model.bytes;
  }
  return gone;
}

export function createLibrary(storage: SiteStorage, now: () => number = Date.now): ModelLibrary {
  return new StoredLibrary(storage, now);
}

class StoredLibrary implements ModelLibrary {
  readonly #storage: SiteStorage;
  readonly #now: () => number;

  constructor(storage: SiteStorage, now: () => number) {
    this.#storage = storage;
    this.#now = now;
  }

  async keep({ id, name, step, experiment, tokenizer, weights }: KeptModel): Promise<string[]> {
    const { records, files } = this.#storage;
    const bytes = encodeCheckpoint({ experiment, tokenizer, weights }, step);
    const pinned = (await records.all('models')).filter((model) => model.isPinned && model.id !== id);
    const most = await this.budget();
    if (bytes.length + pinned.reduce((sum, model) => sum + model.bytes, 0) > most) {
      return [
        `The weights of “${name}” (${inBytes(bytes.length)}) are not kept: of ${inBytes(most)} for models, pinned ones leave no room for them.`,
      ];
    }
    const file = `${id}.safetensors`;
    await files.write(file, bytes);
    const facts = { id, name, step, experiment, savedAt: this.#now(), isPinned: false };
    await records.put('models', id, { ...facts, file, bytes: bytes.length, checksum: checksumOf(bytes) });
    return this.#makeRoom();
  }

  async list(): Promise<ModelSummary[]> {
    const models = await this.#storage.records.all('models');
    return models
      .sort((a, b) => b.savedAt - a.savedAt)
      .map(({ file: _, checksum: __, ...summary }): ModelSummary => summary);
  }

  async has(id: string): Promise<boolean> {
    return (await this.#storage.records.get('models', id)) !== undefined;
  }

  async read(id: string): Promise<Checkpoint> {
    const model = await this.#stored(id);
    return { ...decodeCheckpoint(await soundBytes(this.#storage, model), model.file), where: `run "${model.name}"` };
  }

  async pin(id: string, isPinned: boolean): Promise<void> {
    await this.#storage.records.put('models', id, { ...(await this.#stored(id)), isPinned });
  }

  async rename(id: string, name: string): Promise<void> {
    const model = await this.#storage.records.get('models', id);
    if (model) await this.#storage.records.put('models', id, { ...model, name });
  }

  async remove(id: string): Promise<void> {
    const { records, files } = this.#storage;
    const model = await records.get('models', id);
    await records.remove('models', id);
    if (model) await files.remove(model.file);
  }

  async budget(): Promise<number> {
    return (await this.#storage.records.get('settings', budgetKey)) ?? defaultBudget;
  }

  async setBudget(bytes: number): Promise<string[]> {
    if (!(bytes >= leastBudget))
      throw new ConfigError(`budget of models: expected at least ${inBytes(leastBudget)}, got ${inBytes(bytes)}`);
    await this.#storage.records.put('settings', budgetKey, bytes);
    return this.#makeRoom();
  }

  async #stored(id: string): Promise<StoredModel> {
    const model = await this.#storage.records.get('models', id);
    if (!model) throw new DataError(`model: expected one that is kept on this machine, got ${id}, which is gone`);
    return model;
  }

  async #makeRoom(): Promise<string[]> {
    const most = await this.budget();
    const gone = leaving(await this.#storage.records.all('models'), most);
    for (const { id } of gone) await this.remove(id);
    return gone.map(
      ({ name, bytes }) =>
        `The weights of “${name}” (${inBytes(bytes)}) were removed, the oldest of those not pinned, to keep to ${inBytes(most)} for models.`,
    );
  }
}
