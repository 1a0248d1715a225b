/** The browser's locks as this page uses them, over a manager of one lock that behaves as the specification says. */
import { expect, test } from 'vitest';
import { browserLocks } from '../../src/worker/locks.ts';
import { saveAfter } from '../../src/worker/runPorts.ts';

/** Web Locks, section 3.4: one holder of a name, others wait in order; `ifAvailable` answers at once. */
function lockManager(): LockManager {
  const held = new Map<string, Promise<unknown>>();
  const request = async (name: string, ...rest: unknown[]): Promise<unknown> => {
    const callback = rest.at(-1) as (lock: Lock | null) => unknown;
    const { ifAvailable = false } = rest.length > 1 ? (rest[0] as LockOptions) : {};
    if (ifAvailable && held.has(name)) return callback(null);
    while (held.has(name)) await held.get(name);
    const use = Promise.resolve(callback({ name, mode: 'exclusive' }));
    held.set(
      name,
      use.finally(() => held.delete(name)),
    );
    return use;
  };
  const query = async () => ({ held: [...held.keys()].map((name) => ({ name })), pending: [] });
  return { request, query } as unknown as LockManager;
}

test('a lock that is held is refused, one that is let go of in a moment is given', async () => {
  const locks = browserLocks(lockManager());
  const first = (await locks.take('a'))!;
  expect([...(await locks.held())]).toEqual(['a']);
  expect(await locks.take('a')).toBeNull();
  setTimeout(() => first.release(), 150);
  const second = await locks.take('a');
  expect(second).not.toBeNull();
  let isFree = false;
  const waiting = locks.untilFree('a').then(() => {
    isFree = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(isFree).toBe(false);
  second!.release();
  await waiting;
  expect([...(await locks.held())], 'whoever only waited holds nothing').toEqual([]);
});

test.each([
  [null, 0],
  [1, 2000],
  [20, 2000],
  [50, 5000],
  [500, 10_000],
  [2000, 40_000],
])('a state is at most 2 s old where saving costs under 1 %%, and never costs over 5 %%: %s ms', (took, after) => {
  expect(saveAfter(took)).toBe(after);
});
