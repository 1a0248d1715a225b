/** Commands that change the same thing take turns: one begins when the one before it has ended, well or badly. */

export type Mutex = <T>(command: () => Promise<T>) => Promise<T>;

/** An empty queue. A command that fails answers its own caller and holds nobody else up. */
export function createMutex(): Mutex {
  let last: Promise<unknown> = Promise.resolve();
  return (command) => {
    const mine = last.then(command);
    last = mine.catch(() => {});
    return mine;
  };
}
