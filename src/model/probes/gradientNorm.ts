/** The global norm of the gradient before it is clipped; a peak tells of a loss that is about to diverge. */
import type { Probe } from './probe.ts';

/** Of a recorded training step. */
export const gradientNormProbe: Probe<number> = {
  name: 'gradient norm',
  every: 1,
  record: (_, taps) => {
    const clip = taps.get('clip');
    return clip ? [clip] : [];
  },
  decode: ([clip]) => clip[0],
};
