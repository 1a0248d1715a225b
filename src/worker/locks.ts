/** Which tab of this page works on what: a lock of the browser is held until it is let go of, or the tab is gone. */

export interface RunLock {
  release(): void;
}

/**
 * How often a lock is asked for, and milliseconds between: a tab that is being left, or only looks, lets go of it in that
 * time. Counted, not timed: a busy worker hears of a lock that it was given as late as of anything else.
 */
const [askings, askingInterval] = [6, 100];

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
      for (let asked = 0; asked < askings; asked++) {
        if (asked > 0) await new Promise((resolve) => setTimeout(resolve, askingInterval));
        const lock = await requested(manager, name, { ifAvailable: true });
        if (lock) return lock;
      }
      return null;
    },
    wait: async (name) => (await requested(manager, name, {}))!,
    // Answers when it has been let go of again: nobody else sees it held then.
    untilFree: (name) => manager.request(name, () => {}),
    held: async () => new Set(((await manager.query()).held ?? []).map(({ name }) => name ?? '')),
  };
}

/** Asks for a lock and holds it until it is let go of; null where only one that is free was asked for. */
function requested(manager: LockManager, name: string, options: LockOptions): Promise<RunLock | null> {
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) => {
      if (!lock) return resolve(null);
      return new Promise<void>((release) => resolve({ release }));
    };
    manager.request(name, options, hold).catch(reject);
  });
}
