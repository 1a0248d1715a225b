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
  for (const name of ['parameter', 'moment1', 'moment2', 'average'] as const) {
    const value = firstNotFinite(snapshot[name]);
    if (value !== null) {
      const what = name === 'parameter' || name === 'average' ? 'weights' : 'moments of the optimizer';
      return `training: expected finite ${what}, got ${value} at step ${snapshot.step}; ${advice}`;
    }
  }
  return null;
}

/** The first value that is not finite; null where there is none. */
export function firstNotFinite(values: Float32Array): number | null {
  for (const value of values) if (!Number.isFinite(value)) return value;
  return null;
}
