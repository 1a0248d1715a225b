/** Storage that ends with the page: for browsers that keep nothing, and for tests. */
import type { Files, Records, Stores } from './stored.ts';

/** Records in memory; what is put in and what comes out are copies, as from a database. */
export function memoryRecords(): Records {
  const stores = new Map<keyof Stores, Map<string, Stores[keyof Stores]>>();
  const storeOf = <S extends keyof Stores>(name: S) => {
    let store = stores.get(name);
    if (!store) {
      store = new Map();
      stores.set(name, store);
    }
    // A store holds values of its own type only: `put` below.
    return store as Map<string, Stores[S]>;
  };
  return {
    get: async (store, key) => structuredClone(storeOf(store).get(key)),
    all: async (store) => structuredClone([...storeOf(store).values()]),
    put: async (store, key, value) => void storeOf(store).set(key, structuredClone(value)),
    remove: async (store, key) => void storeOf(store).delete(key),
  };
}

/** Files in memory. */
export function memoryFiles(): Files {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  return {
    read: async (name) => files.get(name)?.slice() ?? null,
    write: async (name, bytes) => void files.set(name, bytes.slice()),
    remove: async (name) => void files.delete(name),
  };
}
