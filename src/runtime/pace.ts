/**
 * Into how many submits a run is cut, so that a slow adapter does not hold up the page that shares it.
 * Not here: the cutting (`gpuPlan.ts`).
 */
import { least } from '../base/numbers.ts';

/** A submit longer than this, in milliseconds, would be felt in a page that shares the adapter. */
const longSubmit = 100;
const mostParts = 16;

/** Of so many runs the quickest counts: a machine that was busy for a moment is not slow. */
const pacingRuns = 4;

/**
 * Into how many submits a run is cut, by how long the last few took: from their start, or from the end of the one
 * before where runs overlap. The first run does not count, as drivers finish compiling in it.
 */
export function createPace(now: () => number = () => performance.now()): {
  begin(): { readonly parts: number; end(): void };
  /** Submits of the next run. */
  readonly parts: number;
} {
  let parts = 1;
  let durations: number[] = [];
  let lastEnd: number | null = null;
  return {
    get parts() {
      return parts;
    },
    begin: () => {
      const start = now();
      return {
        parts,
        end: () => {
          const end = now();
          if (lastEnd !== null) {
            durations = [...durations.slice(1 - pacingRuns), end - Math.max(start, lastEnd)];
            const isKnown = durations.length === pacingRuns;
            parts = isKnown ? Math.min(mostParts, Math.max(1, Math.ceil(least(durations) / longSubmit))) : 1;
          }
          lastEnd = end;
        },
      };
    },
  };
}
