/**
 * Files that outlive a full disk, a crash and a power cut: written beside their name, synced, then renamed, so that a name
 * always holds the old content or the new, whole. What the files of a run mean is in `runDirectory.ts`.
 */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, resolve } from 'node:path';
import process from 'node:process';
import { DataError } from '../base/errors.ts';

type Content = string | Uint8Array;

/** Where content waits for its name. */
export function besideOf(path: string): string {
  return `${path}.part`;
}

/**
 * Writes bytes whole or not at all. A device or a pipe is written into: a file must not take its name. Throws `DataError`
 * naming the file and the reason (a full disk, no permission).
 */
export function writeWhole(path: string, content: Content): void {
  const status = statusOf(path);
  if (status && !status.isFile() && !status.isDirectory()) writeInto(path, path, content);
  else writeAllWhole([{ path, content: () => content }]);
}

/**
 * Writes several files of one directory. All are on the disk beside their names before the first is renamed, so a full
 * disk changes none of them; after a crash between two renames the first ones are new, and the rest waits beside its
 * name. Contents are made one at a time. Throws `DataError` naming the file and the reason.
 */
export function writeAllWhole(files: readonly { readonly path: string; readonly content: () => Content }[]): void {
  const begun: string[] = [];
  try {
    for (const { path, content } of files) {
      begun.push(besideOf(path));
      writeInto(besideOf(path), path, content());
    }
  } catch (error) {
    begun.forEach(removeIfThere);
    throw error;
  }
  for (const { path } of files) takeName(path);
  syncDirectory(dirname(resolve(files[0].path)));
}

function writeInto(file: string, path: string, content: Content): void {
  try {
    writeSynced(file, 'w', content);
  } catch (error) {
    const isLost = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const reason = isLost ? 'no such directory' : reasonOf(error);
    throw new DataError(`${path}: expected to write ${content.length} bytes, got ${reason}`);
  }
}

/** Gives what waits beside a name that name. Throws `DataError`. */
function takeName(path: string): void {
  try {
    renameSync(besideOf(path), path);
  } catch (error) {
    removeIfThere(besideOf(path));
    throw new DataError(`${path}: expected to take the place of the old file, got ${reasonOf(error)}`);
  }
}

/** What cannot be there need not be removed, and what cannot be removed is said by whoever writes there next. */
function removeIfThere(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A path through a file, a name that is too long.
  }
}

/** Appends to a file; the end of it may be lost with a full disk or a crash. Throws `DataError`. */
export function append(path: string, lines: readonly string[]): void {
  try {
    if (lines.length > 0) writeSynced(path, 'a', lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    throw new DataError(`${path}: expected to append ${lines.length} lines, got ${reasonOf(error)}`);
  }
}

function writeSynced(path: string, flags: 'w' | 'a', content: Content): void {
  const descriptor = openSync(path, flags);
  try {
    writeFileSync(descriptor, content);
    sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A rename is on the disk once its directory is. */
function syncDirectory(directory: string): void {
  // Windows opens no directories, and needs none opened.
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    sync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Some file systems cannot sync, which is no reason to lose a run. */
function sync(descriptor: number): void {
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

/** Reads a file. Throws `DataError` with one sentence when it is missing or unreadable. */
export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new DataError(`${path}: expected a readable file, got ${reasonOf(error)}`);
  }
}

/** What is at a path; null where there is nothing. Throws `DataError` where that cannot be found out. */
export function statusOf(path: string): Stats | null {
  try {
    return statSync(path, { throwIfNoEntry: false }) ?? null;
  } catch (error) {
    throw new DataError(`${path}: expected a readable file, got ${reasonOf(error)}`);
  }
}

/** Makes the directory that an option names, with those above it. Throws `DataError` with the reason. */
export function makeDirectory(directory: string, option = '--out'): void {
  const above = dirname(resolve(directory));
  try {
    // Not `recursive` for the last step: Node goes round for ever where nothing can be made, as in /proc.
    if (!existsSync(above)) makeDirectory(above, option);
    if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) mkdirSync(directory);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(`${option} ${directory}: expected a directory that can be made, got ${reasonOf(error)}`);
  }
}

/** An error of the file system in words. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left on the disk';
    case 'ENOENT':
      return 'nothing there';
    case 'ENOTDIR':
      return 'a path through a file';
    case 'EEXIST':
      return 'a file';
    case 'EISDIR':
      return 'a directory';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'no permission';
    case 'ENAMETOOLONG':
      return 'a name that is too long';
    case 'ELOOP':
      return 'links that lead nowhere';
    case 'EIO':
      return 'a device that does not answer';
    case 'EPIPE':
      return 'a reader that is gone';
    case 'ERR_INVALID_ARG_VALUE':
      return 'a name that no file can have';
    case 'ERR_FS_FILE_TOO_LARGE':
      return 'a file larger than 2 GiB';
    default:
      return message;
  }
}
