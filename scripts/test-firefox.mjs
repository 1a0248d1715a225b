/**
 * `npm run test:firefox [-- filters and Vitest options]`: the main journey in the Firefox of this machine. On Linux
 * without a GPU its WebGPU stands on lavapipe, which is fetched on Debian; elsewhere the page runs on the CPU twins, and
 * the closing lines say which. Fails where there is no Firefox or no test ran.
 */
import process from 'node:process';
import { ensureInstalled, requireNode } from './install.mjs';
import { runTests } from './run-tests.mjs';

try {
  requireNode();
  await ensureInstalled();
  // Says what to install before anything is built; the tests find the same again.
  await (await import('./firefox.mjs')).findFirefox();
  process.exitCode = runTests(['firefox'], process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
