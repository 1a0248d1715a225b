/** The constants that a build carries: `__BUILD_COMMIT__` and `__BUILD_TIME__` (declared in scripts/globals.d.ts). */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** @returns {string} the commit's short hash, or `unknown` outside a git checkout */
function commit() {
  try {
    return execFileSync('git', ['rev-parse', '--short=12', 'HEAD'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return 'unknown';
  }
}

/**
 * Replacements for Vite's `define`.
 * @returns {Record<string, string>}
 */
export function buildConstants() {
  return { __BUILD_COMMIT__: JSON.stringify(commit()), __BUILD_TIME__: JSON.stringify(new Date().toISOString()) };
}
