/** Which tab of this page works on what: a lock of the browser is held until the tab is gone, however it goes. */

/** Without locks (an insecure origin) tabs do not know of each other. */
const locks = (): LockManager | undefined => navigator.locks;

/** Takes a lock if no tab holds it. Answers a function that lets go of it, or null where another tab holds it. */
export async function takeLock(name: string): Promise<(() => void) | null> {
  const manager = locks();
  if (!manager) return () => {};
  return new Promise((resolve, reject) => {
    const hold = (lock: Lock | null) => {
      if (!lock) return resolve(null);
      return new Promise<void>((letGo) => resolve(() => letGo()));
    };
    manager.request(name, { ifAvailable: true }, hold).catch(reject);
  });
}

/** Waits until no other tab holds a lock, and holds it from then on. */
export async function awaitLock(name: string): Promise<void> {
  const manager = locks();
  if (!manager) return;
  await new Promise<void>((resolve, reject) => {
    const hold = () => {
      resolve();
      return new Promise<never>(() => {});
    };
    manager.request(name, hold).catch(reject);
  });
}

/** The locks that tabs of this page hold now. */
export async function heldLocks(): Promise<ReadonlySet<string>> {
  const held = (await locks()?.query())?.held ?? [];
  return new Set(held.map(({ name }) => name ?? ''));
}
