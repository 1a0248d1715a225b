/** What each step of a decode did, in numbers. */
import type { DecodeFrame, DecodeReason } from '../../worker/protocol.ts';

export interface CallRow {
  readonly call: number;
  readonly revealed: number;
  readonly edited: number;
  readonly hiddenAgain: number;
  /** Hidden after it. */
  readonly left: number;
}

/** One row per frame, the start first. */
export function callRows(frames: readonly DecodeFrame[], reasons: readonly DecodeReason[]): CallRow[] {
  return frames.map(({ call, committedAt }, index) => {
    const reason = reasons[index];
    return {
      call,
      revealed: reason?.commits.length ?? 0,
      edited: reason?.edits.length ?? 0,
      hiddenAgain: reason?.remasks.length ?? 0,
      left: committedAt.reduce((count, at) => count + (at < 0 ? 1 : 0), 0),
    };
  });
}
