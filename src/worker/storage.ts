/**
 * What outlives the page: records in IndexedDB, weights and texts as files in the origin private file system. Where a
 * browser offers neither (a private window), the same in memory, and `warning` says so. What is kept is declared in
 * `stored.ts`; who keeps it is in `states.ts`, `library.ts` and `records.ts`.
 */
import { openDB } from 'idb';
import { StorageError } from '../base/errors.ts';
import { memoryFiles, memoryRecords } from './memoryStorage.ts';
import { type Files, type Records, type SiteStorage, storeNames } from './stored.ts';

/** Opens what the browser offers. Later calls throw `StorageError` where it has no room left. */
export async function openStorage(): Promise<SiteStorage> {
  try {
    const records = await openRecords();
    const files = await openFiles();
    return { records, files, warning: null };
  } catch (error) {
    const warning = `storage: expected a browser that keeps data for this page, got ${wordsOf(error)}; runs are kept until the page is closed`;
    return { records: memoryRecords(), files: memoryFiles(), warning };
  }
}

async function openRecords(): Promise<Records> {
  const upgrade: NonNullable<Parameters<typeof openDB>[2]>['upgrade'] = (database) => {
    for (const name of storeNames) {
      if (!database.objectStoreNames.contains(name)) database.createObjectStore(name);
    }
  };
  // Opened for each access: a connection that is held would keep a newer version of the page in another tab waiting.
  const open = async () => openDB('sdlm-playground', 4, { upgrade });
  const using = async <T>(what: string, access: (database: Awaited<ReturnType<typeof open>>) => Promise<T>) => {
    try {
      const database = await open();
      try {
        return await access(database);
      } finally {
        database.close();
      }
    } catch (error) {
      throw new StorageError(`${what}: expected room in the browser's storage, got ${wordsOf(error)}`);
    }
  };
  (await open()).close();
  return {
    get: (store, key) => using(store, (database) => database.get(store, key)),
    all: (store) => using(store, (database) => database.getAll(store)),
    put: (store, key, value) => using(store, async (database) => void (await database.put(store, value, key))),
    remove: (store, key) => using(store, (database) => database.delete(store, key)),
  };
}

async function openFiles(): Promise<Files> {
  const directory = await navigator.storage.getDirectory();
  const isMissing = (error: unknown) => error instanceof DOMException && error.name === 'NotFoundError';
  return {
    read: async (name) => {
      try {
        const file = await (await directory.getFileHandle(name)).getFile();
        return new Uint8Array(await file.arrayBuffer());
      } catch (error) {
        if (isMissing(error)) return null;
        throw new StorageError(`${name}: expected a file that can be read, got ${wordsOf(error)}`);
      }
    },
    write: async (name, bytes) => {
      try {
        const handle = await (await directory.getFileHandle(name, { create: true })).createSyncAccessHandle();
        try {
          handle.truncate(0);
          const written = handle.write(bytes, { at: 0 });
          if (written !== bytes.length) throw new Error(`room for ${written}`);
          handle.flush();
        } finally {
          handle.close();
        }
      } catch (error) {
        throw new StorageError(`${name}: expected room for ${bytes.length} bytes, got ${wordsOf(error)}`);
      }
    },
    remove: async (name) => {
      await directory.removeEntry(name).catch((error: unknown) => {
        if (!isMissing(error)) throw new StorageError(`${name}: expected a file to remove, got ${wordsOf(error)}`);
      });
    },
  };
}

const wordsOf = (error: unknown): string =>
  error instanceof DOMException ? error.name : error instanceof Error ? error.message : String(error);
