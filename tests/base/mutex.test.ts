/** Commands take turns, answer their own callers, and a failing one holds nobody up. */
import { expect, it } from 'vitest';
import { createMutex } from '../../src/base/mutex.ts';

it('runs one command at a time, in order, whatever becomes of them', async () => {
  const inTurn = createMutex();
  const log: string[] = [];
  const command = (name: string, milliseconds: number, fails = false) =>
    inTurn(async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const answers = await Promise.allSettled([command('a', 20), command('b', 5, true), command('c', 1)]);
  expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
