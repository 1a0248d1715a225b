/**
 * Whether a run has left the numbers behind: a loss, a gradient norm or a weight that is not finite ends it, with a
 * sentence on what to lower. Looks only at what is read from the device anyhow.
 */
import type { Snapshot } from '../train/checkpoint.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';

const advice = 'lower the learning rate, learning rate x weight decay, or the clip';

/** Why the event of a run cannot be trusted, in one sentence; null where all is well. */
export function divergenceOf(event: TrainingEvent): string | null {
  const found = (name: string, value: number) =>
    Number.isFinite(value)
      ? null
      : `training: expected a finite ${name}, got ${value} at step ${event.step}; ${advice}`;
  if (event.kind === 'validation') return found('loss of held-out text', event.bpc);
  return found('loss', event.loss) ?? found('gradient norm', event.gradNorm);
}

/** The same of a state that is to be saved. */
export function divergenceOfState(snapshot: Snapshot): string | null {
  const found = notFiniteIn(snapshot);
  return found && `training: expected finite ${found.what}, got ${found.value} at step ${snapshot.step}; ${advice}`;
}

/** The first number of a state that is not finite, and what it is one of; null where all are. */
export function notFiniteIn(snapshot: Snapshot): { readonly what: string; readonly value: number } | null {
  const parts = [
    ['weights', snapshot.parameter],
    ['moments of the optimizer', snapshot.moment1],
    ['moments of the optimizer', snapshot.moment2],
    ['averaged weights', snapshot.average],
  ] as const;
  for (const [what, values] of parts) {
    for (const value of values) if (!Number.isFinite(value)) return { what, value };
  }
  return null;
}
