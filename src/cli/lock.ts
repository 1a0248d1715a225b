/**
 * One process at a time works on a directory: a file `lock` in it names the owner while it does. The lock of a process
 * that is gone is taken over. On another machine nobody can say whether a process is gone, so that lock holds.
 */
import { closeSync, linkSync, openSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataError } from '../base/errors.ts';
import { reasonOf } from './disk.ts';

interface Owner {
  readonly pid: number;
  readonly host: string;
  /** ISO 8601: when the lock was taken. */
  readonly since: string;
  /** When the process began, in the machine's own count: a number of a process is given again. Null where unknown. */
  readonly began: string | null;
}

/** Milliseconds for which a lock without an owner counts as one that is being written. */
const writingTime = 3000;

/**
 * Takes the lock of a directory and answers what lets go of it; it is let go of too when the process ends. Throws
 * `DataError` naming the owner. `where` is the option that named the directory.
 */
export function takeLock(directory: string, where: string): () => void {
  const path = join(directory, 'lock');
  const mine = JSON.stringify(ownerOf(process.pid));
  // Each turn either takes it, or takes a dead one away, or finds an owner, or one that has just let go of it.
  for (let turn = 0; !create(path, mine, where); turn++) {
    const found = read(path);
    if (turn > 100) throw new DataError(`${path}: expected a lock that can be read and removed, got another file`);
    if (found !== null && isHeld(path, found)) throw held(where, path, found);
    if (found !== null) takeAway(path, found);
  }
  const release = () => {
    process.off('exit', release);
    if (read(path) === mine) rmSync(path, { force: true });
  };
  process.on('exit', release);
  return release;
}

/** Throws `DataError` naming the owner where a process works on a directory. Takes nothing. */
export function expectFree(directory: string, where: string): void {
  const path = join(directory, 'lock');
  const found = read(path);
  if (found !== null && isHeld(path, found)) throw held(where, path, found);
}

/** Resolves when no process works on a directory, or after so many milliseconds: one that was asked to end needs a moment. */
export async function untilFree(directory: string, milliseconds: number): Promise<void> {
  const path = join(directory, 'lock');
  const end = Date.now() + milliseconds;
  for (let text = read(path); text !== null && isHeld(path, text) && Date.now() < end; text = read(path))
    await sleep(100);
}

/** Answers false where there is a lock already. */
function create(path: string, owner: string, where: string): boolean {
  try {
    const descriptor = openSync(path, 'wx');
    try {
      writeFileSync(descriptor, owner);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw new DataError(`${where}: expected a directory that can be written, got ${reasonOf(error)}`);
  }
}

/** Moved aside before it is removed: another process may have taken over since we looked, and then gets it back. */
function takeAway(path: string, expected: string): void {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (read(aside) !== expected) linkSync(aside, path);
    rmSync(aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** The text of a lock; null where there is none any more. */
function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

function isHeld(path: string, text: string): boolean {
  const owner = parsed(text);
  if (!owner) {
    const status = statSync(path, { throwIfNoEntry: false });
    return status !== undefined && Date.now() - status.mtimeMs < writingTime;
  }
  if (owner.host !== hostname()) return true;
  return isRunning(owner.pid) && (owner.began === null || owner.began === beginningOf(owner.pid));
}

function held(where: string, path: string, text: string): DataError {
  const owner = parsed(text);
  const isElsewhere = owner !== null && owner.host !== hostname();
  const who = owner ? `process ${owner.pid} on ${owner.host} since ${owner.since}` : 'a process that has just begun';
  return new DataError(
    `${where}: expected a directory that no other process works on, got one in use by ${who}${isElsewhere ? ` (remove ${path} if that one is gone)` : ''}`,
  );
}

function ownerOf(pid: number): Owner {
  return { pid, host: hostname(), since: new Date().toISOString(), began: beginningOf(pid) };
}

function parsed(text: string): Owner | null {
  try {
    const owner = JSON.parse(text) as Partial<Owner> | null;
    const isOwner = Number.isInteger(owner?.pid) && owner!.pid! > 0 && typeof owner!.host === 'string';
    return isOwner
      ? { pid: owner!.pid!, host: owner!.host!, since: `${owner!.since}`, began: owner!.began ?? null }
      : null;
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Field 22 of /proc/PID/stat (proc(5)): ticks since the machine started. The name before it may hold spaces. */
function beginningOf(pid: number): string | null {
  const status = read(`/proc/${pid}/stat`);
  return status === null ? null : (status.slice(status.lastIndexOf(')') + 2).split(' ')[19] ?? null);
}
