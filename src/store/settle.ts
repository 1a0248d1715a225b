/** Entries of a form of which not all fit: as many as fit together are applied, the others come back with a sentence. */
import type { Setting } from '../config/settings.ts';
import { faultyPath, refusalOf } from './url.ts';

/** What a person typed and why it cannot be used. */
export interface InvalidEntry {
  entry: Setting;
  sentence: string;
}

export interface Settled<T> {
  value: T;
  /** The entries that were applied. */
  applied: Record<string, Setting>;
  invalid: Record<string, InvalidEntry>;
}

/** Applies as many entries as fit together; the last is the newest. `build` throws `ConfigError` where they do not. */
export function settle<T>(
  build: (entries: Readonly<Record<string, Setting>>) => T,
  entries: Readonly<Record<string, Setting>>,
): Settled<T> {
  const applied = { ...entries };
  const invalid: Record<string, InvalidEntry> = {};
  for (;;) {
    try {
      return { value: build(applied), applied, invalid };
    } catch (error) {
      const refusal = refusalOf(error);
      const path = faultyPath(refusal, Object.keys(applied));
      // Without entries left what they are applied to does not fit by itself: a fault of ours.
      if (path === undefined) throw error;
      invalid[path] = { entry: applied[path], sentence: refusal.message };
      delete applied[path];
    }
  }
}
