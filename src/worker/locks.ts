/** Which tab of this page works on what: a lock of the browser is held until it is let go of, or the tab is gone. */

export interface RunLock {
  release(): void;
}

/** Milliseconds for which a lock is asked for: a tab that is being left, or only looks, lets go of it in that time. */
const askingTime = 500;

/** Locks by name, across the tabs of this page. */
export interface Locks {
  /** Takes a lock if nobody holds it, now or in a moment; null where somebody does. */
  take(name: string): Promise<RunLock | null>;
  /** Waits until nobody else holds a lock, and holds it from then on. */
  wait(name: string): Promise<RunLock>;
  /** Waits until nobody else holds a lock. */
  untilFree(name: string): Promise<void>;
  /** The locks that are held now, here or in other tabs. */
  held(): Promise<ReadonlySet<string>>;
}

/** The lock of whoever works on a run. */
export const lockOfRun = (id: string): string => `sdlm-run-${id}`;

/** The browser's locks. Without them (an insecure origin) tabs do not know of each other. */
export function browserLocks(manager: LockManager | undefined = navigator.locks): Locks {
  if (!manager) {
    const free = async () => ({ release: () => {} });
    return { take: free, wait: free, untilFree: async () => {}, held: async () => new Set() };
  }
  return {
    take: async (name) => {
      try {
        return await requested(manager, name, { signal: AbortSignal.timeout(askingTime) });
      } catch (error) {
        if (error instanceof DOMException && ['AbortError', 'TimeoutError'].includes(error.name)) return null;
        throw error;
      }
    },
    wait: (name) => requested(manager, name, {}),
    // Answers when it has been let go of again: nobody else sees it held then.
    untilFree: (name) => manager.request(name, () => {}),
    held: async () => new Set(((await manager.query()).held ?? []).map(({ name }) => name ?? '')),
  };
}

/** Asks for a lock and holds it until it is let go of. */
function requested(manager: LockManager, name: string, options: LockOptions): Promise<RunLock> {
  return new Promise((resolve, reject) => {
    const hold = () => new Promise<void>((release) => resolve({ release }));
    manager.request(name, options, hold).catch(reject);
  });
}
