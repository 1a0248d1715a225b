/** Load (SCIENCE 6): the routes that ask for each expert, as the router decided before any drop. */
import { greatest } from '../../base/numbers.ts';
import type { Data } from '../../runtime/runtime.ts';
import { type Probe, tapsOfLayers } from './probe.ts';

/** Routes for each expert (E), by layer with experts, of a model of `layers` layers. */
export function loadProbe(layers: number): Probe<Uint32Array[]> {
  return {
    name: 'load',
    every: 1,
    record: (_, taps) => tapsOfLayers(taps, layers, 'asked').map(({ range }) => range),
    decode: (arrays) => arrays.map(lengthsOf),
  };
}

/** From where each expert's routes begin, (E + 1), to how many each has (E). */
function lengthsOf(starts: Data): Uint32Array {
  return Uint32Array.from({ length: starts.length - 1 }, (_, e) => starts[e + 1] - starts[e]);
}

/** MaxVio = (max - mean) / mean of the routes per expert; 0 for a perfect balance. */
export function maxViolation(load: ArrayLike<number>): number {
  const values = Array.from(load);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > 0 ? (greatest(values) - mean) / mean : 0;
}
