/**
 * Installs npm dependencies when they are missing or differ from the lockfile. Node built-ins only: this runs first.
 * Not a package manager: it compares versions and calls `npm ci`.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { withLock } from './lock.mjs';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** @typedef {{ version?: string, optional?: boolean, link?: boolean }} LockEntry */

/** @param {string} path @returns {Record<string, LockEntry>} */
function lockedPackages(path) {
  return JSON.parse(readFileSync(path, 'utf8')).packages ?? {};
}

/**
 * Why the installed packages cannot be used, or null when they are exactly those of the lockfile.
 * Versions are compared rather than dates, so that a checkout or a touch costs no reinstall.
 * @param {string} [directory]
 * @returns {string | null}
 */
export function whyInstall(directory = root) {
  const installedPath = join(directory, 'node_modules', '.package-lock.json');
  if (!existsSync(installedPath)) return 'dependencies are not installed';
  const wanted = lockedPackages(join(directory, 'package-lock.json'));
  const installed = lockedPackages(installedPath);
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link) continue;
    // Optional packages of other platforms are listed in the lockfile and absent here.
    if (entry.optional && !installed[path]) continue;
    if (installed[path]?.version !== entry.version)
      return `${path} is ${installed[path]?.version ?? 'missing'}, not ${entry.version}`;
    if (!existsSync(join(directory, path))) return `${path} is missing`;
  }
  return null;
}

/** Ends the process with one sentence when this Node is too old for the tools. */
export function requireNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(`node: expected version 20.19 or later, got ${process.versions.node}\n`);
  process.exit(1);
}

/** Whether the words after the command ask for help. */
export function asksForHelp() {
  return process.argv.slice(2).some((word) => word === '--help' || word === '-h');
}

/** Throws one sentence for a path of the project that Vite would read as an address, and cut off. */
export function requirePath() {
  const wrong = /[#?]/.exec(root);
  if (wrong)
    throw new Error(
      `${root}: expected a folder whose path holds no # and no ?, got one with ${wrong[0]}; rename or move it`,
    );
}

/**
 * Throws one sentence where the project was installed by somebody else, and cannot be written.
 * @param {string} why what has to be written
 */
export function expectWritable(why) {
  try {
    accessSync(root, constants.W_OK);
  } catch {
    throw new Error(`${root}: expected a folder that can be written (${why}), got no permission`);
  }
}

/**
 * Runs `npm ci` if `whyInstall` says so. Progress goes to standard error.
 * Throws when npm fails.
 */
export async function ensureInstalled() {
  const why = whyInstall();
  if (why === null) return;
  expectWritable(why);
  await withLock(join(root, '.cache', 'install.lock'), () => {
    const reason = whyInstall();
    if (reason === null) return;
    process.stderr.write(`Installing dependencies (${reason}) ...\n`);
    // Where NODE_ENV says production, npm would leave out what builds and tests.
    const args = ['ci', '--include=dev', '--no-fund', '--no-audit', '--loglevel=error'];
    const npm = process.env.npm_execpath;
    /** @type {import('node:child_process').SpawnSyncOptions} */
    const options = { cwd: root, stdio: ['ignore', 2, 2] };
    const done = npm?.endsWith('.js')
      ? spawnSync(process.execPath, [npm, ...args], options)
      : spawnSync('npm', args, { ...options, shell: process.platform === 'win32' });
    if (done.status !== 0) throw new Error(`npm ci: expected exit code 0, got ${done.status ?? done.error?.message}`);
  });
}
