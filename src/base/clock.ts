/**
 * Clocks that time short things: how finely one counts. Browsers
 * round `performance.now()`: to 0.005 or 0.1 ms in Chromium, to 1 ms in Firefox, to 100 ms where fingerprinting is
 * resisted.
 */

/** Milliseconds since some fixed moment, never decreasing. */
export type Clock = () => number;

export const systemClock: Clock = () => performance.now();

/** Steps that are watched, and readings after which a clock counts as standing still. */
const watchedSteps = 3;
const mostReadings = 5e6;

/**
 * The smallest step that a clock is seen to make, in milliseconds; null for a clock that stands still. Waits for three
 * steps without letting go of the thread: 300 ms at worst for a clock of 100 ms.
 */
export function clockResolution(now: Clock): number | null {
  let smallest: number | null = null;
  let last = now();
  for (let steps = 0, readings = 0; steps <= watchedSteps && readings < mostReadings; readings++) {
    const reading = now();
    if (reading <= last) continue;
    // The first step began before anybody looked.
    if (steps > 0) smallest = Math.min(smallest ?? Number.POSITIVE_INFINITY, reading - last);
    steps += 1;
    last = reading;
  }
  return smallest;
}
