/**
 * Tokens per second of a run, from when its steps come home: the same figure on the page and in the command line. Steps
 * in flight come home in bursts, so it is a mean over several; a pause, a save or a validation takes time that is not
 * theirs.
 */
import { maxInFlight } from '../runtime/runtime.ts';

/** Steps that the speed is a mean of. */
const meanSteps = 32;

export interface Speedometer {
  /** A step has come home. `now` in milliseconds. */
  step(now: number): void;
  /** The next steps say nothing of the speed: something else took its time. */
  interrupt(): void;
  /** Tokens per second; not a number while it is not known. */
  rate(): number;
}

export function createSpeedometer(tokensPerStep: number): Speedometer {
  let rate = Number.NaN;
  let times: number[] = [];
  // Steps that were submitted together come home together: the time between them says nothing.
  let untimed = maxInFlight;
  return {
    step: (now) => {
      if (untimed > 0) untimed -= 1;
      else times = [...times.slice(-meanSteps), now];
      const elapsed = now - times[0];
      // Fewer may have come home in one burst.
      if (elapsed > 0 && times.length > maxInFlight) {
        rate = (1000 * tokensPerStep * (times.length - 1)) / elapsed;
      }
    },
    interrupt: () => {
      times = [];
      untimed = maxInFlight;
    },
    rate: () => rate,
  };
}
