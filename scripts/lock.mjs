/** A lock between processes, so that two commands started at once do not install or build into the same folder. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/** @param {number} pid */
function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}

/** An empty file is a lock being written at this moment. @param {string} path */
function isHeld(path) {
  const holder = Number(readFileSync(path, 'utf8'));
  return holder === 0 || isRunning(holder);
}

/** @param {string} path @returns {boolean} whether the lock is ours now */
function take(path) {
  try {
    writeFileSync(path, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
  }
  try {
    if (isHeld(path)) return false;
    // Moved aside before it is removed: another process may have taken over since we looked, and then gets it back.
    const aside = `${path}.${process.pid}`;
    renameSync(path, aside);
    if (isHeld(aside)) linkSync(aside, path);
    rmSync(aside);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  return false;
}

/**
 * Runs `work` while holding the lock file `path`; waits for another holder; takes over from one that died.
 * @template R
 * @param {string} path
 * @param {() => R | Promise<R>} work
 * @returns {Promise<R>}
 */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (let looks = 1; !take(path); looks += 1) {
    if (looks === 50) process.stderr.write(`Waiting for another command to finish (${path}) ...\n`);
    await sleep(100);
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}
