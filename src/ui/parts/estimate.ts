/** A run's predicted time in words. */
import { duration } from '../../base/format.ts';
import type { RunEstimate } from '../../store/run.ts';

/** "3 min", or that this machine's speed is still being measured. */
export function estimateWords(estimate: RunEstimate): string {
  switch (estimate.kind) {
    case 'estimated':
      return duration(estimate.seconds);
    case 'unmeasured':
      return 'not measured yet';
    default:
      return estimate satisfies never;
  }
}
