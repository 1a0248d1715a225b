/**
 * A file system that fails on purpose: the nth change below a directory, and all that follow. Counts changes where
 * nothing fails. For commands that run in this process (`checkpoints.test.ts`). Not a test itself.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { relative } from 'node:path';

/** `full`: no space for anything more, though files can be removed and renamed. `cut`: the power goes. */
export type Fault = 'full' | 'cut';

interface Options {
  readonly directory: string;
  /** Counted from 1; null where nothing fails. */
  readonly at: number | null;
  readonly fault: Fault;
}

type Change = 'openSync' | 'writeFileSync' | 'fsyncSync' | 'renameSync' | 'rmSync' | 'mkdirSync' | 'linkSync';

/** Runs `work`, which may throw what it likes; answers how many changes it made, and what they were. */
export async function withFault({ directory, at, fault }: Options, work: () => Promise<void>): Promise<string[]> {
  const own = { ...fs };
  const changes: string[] = [];
  /** Paths of open files; what a file held when it was last synced. */
  const open = new Map<number, string>();
  const synced = new Map<string, Buffer>();
  let isFailing = false;

  /** Throws where a change fails; what a write leaves half done is done by then. */
  const pass = (change: Change, path: string, half?: () => void) => {
    if (!path.startsWith(directory)) return;
    if (!isFailing) changes.push(`${change} ${relative(directory, path)}`);
    const isFirst = !isFailing && changes.length === at;
    isFailing ||= isFirst;
    if (!isFailing || (fault === 'full' && (change === 'rmSync' || change === 'renameSync'))) return;
    if (isFirst) half?.();
    if (isFirst && fault === 'cut') loseUnsynced();
    throw Object.assign(new Error(`ENOSPC: ${change}`), { code: 'ENOSPC' });
  };
  const loseUnsynced = () => {
    for (const [path, content] of synced) {
      if (!own.existsSync(path)) continue;
      // Not `writeFileSync`, which opens by what is replaced here.
      const descriptor = own.openSync(path, 'w');
      own.writeSync(descriptor, content);
      own.closeSync(descriptor);
    }
  };
  const replaced = {
    openSync: (path: string, flags: string, ...rest: []) => {
      if (flags !== 'r') pass('openSync', path);
      const before = flags === 'r' || !own.existsSync(path) ? null : own.readFileSync(path);
      const descriptor = own.openSync(path, flags, ...rest);
      if (flags !== 'r' && path.startsWith(directory)) {
        open.set(descriptor, path);
        // A name that was never synced may be there, with nothing in it.
        synced.set(path, flags === 'a' && before ? before : Buffer.alloc(0));
      }
      return descriptor;
    },
    writeFileSync: (file: number | string, content: string | Uint8Array) => {
      const path = typeof file === 'number' ? (open.get(file) ?? '') : file;
      const bytes = Buffer.from(content as Uint8Array);
      pass('writeFileSync', path, () => own.writeFileSync(file, bytes.subarray(0, bytes.length >> 1)));
      own.writeFileSync(file, content);
    },
    fsyncSync: (descriptor: number) => {
      const path = open.get(descriptor);
      if (path) pass('fsyncSync', path);
      own.fsyncSync(descriptor);
      if (path) synced.delete(path);
    },
    closeSync: (descriptor: number) => {
      open.delete(descriptor);
      own.closeSync(descriptor);
    },
    renameSync: (from: string, to: string) => {
      pass('renameSync', to);
      own.renameSync(from, to);
      const content = synced.get(from);
      synced.delete(from);
      synced.delete(to);
      if (content !== undefined) synced.set(to, content);
    },
    rmSync: (path: string, ...rest: []) => {
      pass('rmSync', path);
      own.rmSync(path, ...rest);
      synced.delete(path);
    },
    mkdirSync: (path: string) => {
      pass('mkdirSync', path);
      return own.mkdirSync(path);
    },
    linkSync: (from: string, to: string) => {
      pass('linkSync', to);
      own.linkSync(from, to);
    },
  };
  Object.assign(fs, replaced);
  syncBuiltinESMExports();
  try {
    await work();
  } catch {
    // The fault, in the words of the command.
  } finally {
    for (const change of Object.keys(replaced) as (keyof typeof replaced)[])
      Object.assign(fs, { [change]: own[change] });
    syncBuiltinESMExports();
  }
  return changes;
}
