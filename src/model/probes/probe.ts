/**
 * Probes: what is measured inside a model, as data. A probe names taps (`src/tensor/taps.ts`) and says how their numbers
 * are read; one file each. What compiles the recording reads the ranges, and hands their arrays back to be decoded.
 */
import type { Range } from '../../runtime/recording.ts';
import type { Data } from '../../runtime/runtime.ts';
import { layerTap, type Taps } from '../../tensor/taps.ts';
import type { Graph } from '../../tensor/tensor.ts';

export interface Probe<Value> {
  readonly name: string;
  /** Steps between two readings; 1 is read with the report of each step. */
  readonly every: number;
  /**
   * Records what accumulates its numbers, where the taps do not hold them as they are, and answers the ranges to read:
   * none where the model marks nothing that concerns it.
   */
  readonly record: (graph: Graph, taps: Taps) => readonly Range[];
  /** From the arrays of those ranges, in their order. */
  readonly decode: (arrays: readonly Data[]) => Value;
}

type Probes = Readonly<Record<string, Probe<unknown>>>;

export type Readings<P extends Probes> = { readonly [name in keyof P]: ReturnType<P[name]['decode']> };

/** Probes in a recording. */
export interface Instruments<P extends Probes> {
  /** What to read, each range once. */
  readonly ranges: readonly Range[];
  /** The reading of every probe from the arrays of `ranges`. */
  readonly decode: (arrays: readonly Data[]) => Readings<P>;
}

/** Records probes on a graph whose model is recorded. */
export function recordProbes<P extends Probes>(graph: Graph, probes: P): Instruments<P> {
  const ranges: Range[] = [];
  const placeOf = (range: Range): number => {
    const known = ranges.findIndex(
      ({ storage, offset, length }) => storage === range.storage && offset === range.offset && length === range.length,
    );
    return known >= 0 ? known : ranges.push(range) - 1;
  };
  const placed = Object.entries(probes).map(([name, probe]) => {
    const places = probe.record(graph, graph.taps).map(placeOf);
    return { name, probe, places };
  });
  const decode = (arrays: readonly Data[]) =>
    Object.fromEntries(placed.map(({ name, probe, places }) => [name, probe.decode(places.map((at) => arrays[at]))]));
  return { ranges, decode: (arrays) => decode(arrays) as Readings<P> };
}

/** A tap that layers have in common, and what it holds. */
export interface LayerTap {
  readonly layer: number;
  readonly range: Range;
}

/** What the first `layers` layers mark under one name, in their order; layers that do not mark it are left out. */
export function tapsOfLayers(taps: Taps, layers: number, name: string): LayerTap[] {
  return Array.from({ length: layers }, (_, layer) => ({ layer, range: taps.get(layerTap(layer, name)) })).filter(
    (found): found is LayerTap => found.range !== undefined,
  );
}
