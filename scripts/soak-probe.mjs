/** Loaded before the command line by `soak.mjs`: says on request how much memory is in use, garbage collected first. */
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';

process.on('message', async () => {
  // Twice, with a turn between: what waits for finalizers goes in the second.
  for (let i = 0; i < 2; i += 1) {
    globalThis.gc?.();
    await setImmediate();
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  process.send?.({ live: heapUsed + external, resident: rss, processor: (user + system) / 1e6 });
});
// The run ends when it is done, not when somebody lets go of this channel.
process.channel?.unref();
