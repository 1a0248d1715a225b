/**
 * `npm run test:long [-- filters and Vitest options]`: tests that train a model to the end or average over thousands of
 * draws, faults injected one by one, and journeys in Chromium through what goes wrong: lost devices, tabs that are left,
 * odd numbers in charts. Minutes; `npm test` leaves them out, and installs the browser that they need.
 */
import process from 'node:process';
import { ensureInstalled, requireNode } from './install.mjs';
import { runTests } from './run-tests.mjs';

try {
  requireNode();
  await ensureInstalled();
  process.exitCode = runTests(['long'], process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
