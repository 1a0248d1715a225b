/**
 * Taps: tensors that a model marks by name while it is recorded, for whoever wants to read them (`src/model/probes`).
 * A tap costs nothing by itself: what no probe reads is not kept.
 */
import { KernelError } from '../base/errors.ts';
import type { Range } from '../runtime/recording.ts';

/** Ranges by name, such as `layer.0.asked`. */
export type Taps = ReadonlyMap<string, Range>;

/** Marks a range under a name. Throws `KernelError` for a name that is taken. */
export function tap(graph: { readonly taps: Map<string, Range> }, name: string, range: Range): void {
  if (graph.taps.has(name)) throw new KernelError(`tap: expected a name for each tensor, got "${name}" twice`);
  graph.taps.set(name, range);
}

/** The name of a tap that every layer of a kind has: `layer.N.name`. */
export function layerTap(layer: number, name: string): string {
  return `layer.${layer}.${name}`;
}
