/**
 * A Firefox of this machine, and what gives it WebGPU: its own graphics where there is a GPU, Mesa's lavapipe on a Linux
 * without one, else nothing, and the page runs on the CPU twins. Not an installer of Firefox.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { hardwareNodes } from './environment.mjs';
import { lavapipe } from './lavapipe.mjs';

/**
 * @typedef {{ path: string, version: string, graphics: string | null, whyNone: string | null,
 *   environment: Record<string, string> }} Firefox
 *   `graphics`: what WebGPU stands on, null when nothing is there, and `whyNone` is one sentence then; `environment`: the
 *   variables of its process that name a Vulkan driver.
 */

/** @returns {string[]} */
function usualPaths() {
  switch (process.platform) {
    case 'darwin':
      return ['/Applications/Firefox.app/Contents/MacOS/firefox'];
    case 'win32':
      return [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)']]
        .filter((folder) => folder !== undefined)
        .map((folder) => join(folder, 'Mozilla Firefox/firefox.exe'));
    default:
      return ['/usr/bin/firefox-esr', '/usr/bin/firefox'];
  }
}

/** FIREFOX_PATH, else the system's. Throws one sentence saying what to install when there is none. @returns {string} */
function findPath() {
  const chosen = process.env.FIREFOX_PATH;
  const path = (chosen ? [chosen] : usualPaths()).find((candidate) => existsSync(candidate));
  if (path) return path;
  const got = chosen ? `${chosen}, which does not exist` : 'none';
  throw new Error(
    `browser: expected Firefox, got ${got}; install it (Debian: apt-get install firefox-esr) or set FIREFOX_PATH`,
  );
}

/** @param {string} path */
function versionOf(path) {
  // On Windows `--version` opens a window instead of printing.
  if (process.platform === 'win32') return 'Firefox';
  const done = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: 60_000 });
  const line = done.stdout?.split('\n').find((text) => /Firefox/.test(text));
  if (done.status === 0 && line) return line.trim();
  const reason = done.error?.message ?? done.stderr.trim().split('\n').at(-1);
  throw new Error(`browser: expected Firefox to start, got ${reason || `exit code ${done.status}`} from ${path}`);
}

/** @returns {Promise<Firefox>} Throws one sentence when there is no Firefox, never for lack of graphics. */
export async function findFirefox() {
  const path = findPath();
  const version = versionOf(path);
  if (process.platform !== 'linux' || hardwareNodes().length > 0)
    return { path, version, graphics: 'the graphics of this system', whyNone: null, environment: {} };
  try {
    const { version: mesa, environment } = await lavapipe();
    return { path, version, graphics: `lavapipe of Mesa ${mesa}`, whyNone: null, environment };
  } catch (error) {
    const whyNone = error instanceof Error ? error.message : String(error);
    return { path, version, graphics: null, whyNone, environment: {} };
  }
}
