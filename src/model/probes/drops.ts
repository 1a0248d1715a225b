/** Drops: routes that asked for an expert which was full. A token whose routes all drop passes its layer unchanged. */
import type { Data } from '../../runtime/runtime.ts';
import { layerTap } from '../../tensor/taps.ts';
import { type Probe, tapsOfLayers } from './probe.ts';

/** Routes of a layer in one step. */
export interface Drops {
  readonly asked: number;
  /** Of those, the ones that no expert held. */
  readonly dropped: number;
}

/** The routes of each layer whose experts may be full, of a model of `layers` layers; empty where none may. */
export function dropsProbe(layers: number): Probe<Drops[]> {
  return {
    name: 'drops',
    every: 1,
    record: (_, taps) =>
      tapsOfLayers(taps, layers, 'held').flatMap(({ layer, range }) => [taps.get(layerTap(layer, 'asked'))!, range]),
    decode: (arrays) =>
      Array.from({ length: arrays.length / 2 }, (_, index) => {
        const [asked, held] = [last(arrays[2 * index]), last(arrays[2 * index + 1])];
        return { asked, dropped: asked - held };
      }),
  };
}

/** Where the routes of the last expert end: how many there are. */
function last(starts: Data): number {
  return starts[starts.length - 1];
}
