/** Which tab of this page works on what: a lock of the browser is held until it is let go of, or the tab is gone. */

export interface RunLock {
  release(): void;
}

/** Locks by name, across the tabs of this page. */
export interface Locks {
  /** Takes a lock if nobody holds it; null where somebody does. */
  take(name: string): Promise<RunLock | null>;
  /** Waits until nobody else holds a lock, and holds it from then on. */
  wait(name: string): Promise<RunLock>;
  /** The locks that are held now, here or in other tabs. */
  held(): Promise<ReadonlySet<string>>;
}

/** The lock of whoever works on a run. */
export const lockOfRun = (id: string): string => `sdlm-run-${id}`;

/** The browser's locks. Without them (an insecure origin) tabs do not know of each other. */
export function browserLocks(manager: LockManager | undefined = navigator.locks): Locks {
  if (!manager) {
    const free = async () => ({ release: () => {} });
    return { take: free, wait: free, held: async () => new Set() };
  }
  return {
    take: (name) =>
      new Promise((resolve, reject) => {
        const hold = (lock: Lock | null) => {
          if (!lock) return resolve(null);
          return new Promise<void>((release) => resolve({ release }));
        };
        manager.request(name, { ifAvailable: true }, hold).catch(reject);
      }),
    wait: (name) =>
      new Promise((resolve, reject) => {
        const hold = () => new Promise<void>((release) => resolve({ release }));
        manager.request(name, hold).catch(reject);
      }),
    held: async () => new Set(((await manager.query()).held ?? []).map(({ name }) => name ?? '')),
  };
}
