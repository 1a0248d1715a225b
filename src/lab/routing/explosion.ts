/**
 * Expert explosion (SCIENCE 6): the experts that must be loaded for one network call of a decoder, the distinct ones
 * that hold any open position, and how they change from call to call.
 */
import type { Routes } from './routes.ts';

type Chosen = Pick<Routes, 'chosen' | 'experts'>;

/** (E) 1 for the experts that hold any of the open positions; `open` (N) 0 or 1. U is their number. */
export function loadedExperts({ chosen, experts: E }: Chosen, open: ArrayLike<number>): Uint8Array {
  const loaded = new Uint8Array(E);
  for (let at = 0; at < chosen.length; at++) if (chosen[at] && open[Math.floor(at / E)]) loaded[at % E] = 1;
  return loaded;
}

/** |a intersect b| / |a union b| of two sets of experts; 1 for two empty ones. */
export function jaccard(a: Uint8Array, b: Uint8Array): number {
  let [both, either] = [0, 0];
  a.forEach((isIn, e) => {
    both += isIn & b[e];
    either += isIn | b[e];
  });
  return either > 0 ? both / either : 1;
}

/** One network call of a decoder. */
export interface DecodingCall {
  /** By layer. */
  readonly layers: readonly Chosen[];
  /** (N) 1 where the position was open. */
  readonly open: Uint8Array;
  /** Positions that the call committed. */
  readonly committed: number;
}

export interface DecodingRoutes {
  /** U of each (call, layer). */
  readonly unique: readonly (readonly number[])[];
  /** Of each (call, layer) with that of the call before; none of the first call. */
  readonly jaccard: readonly (readonly number[])[];
  /** Experts of all layers loaded per committed token: the sum of U over calls and layers / the tokens committed. */
  readonly loadedPerToken: number;
  /** Experts that hold an open position, on average over them, of each (call, layer); 0 without open positions. */
  readonly expertsPerToken: readonly (readonly number[])[];
}

/** What the calls of one decode loaded. */
export function decodingRoutes(calls: readonly DecodingCall[]): DecodingRoutes {
  const loaded = calls.map(({ layers, open }) => layers.map((layer) => loadedExperts(layer, open)));
  const unique = loaded.map((layers) => layers.map((set) => set.reduce((sum, one) => sum + one, 0)));
  const committed = calls.reduce((sum, call) => sum + call.committed, 0);
  const all = unique.flat().reduce((sum, count) => sum + count, 0);
  return {
    unique,
    jaccard: loaded.slice(1).map((layers, before) => layers.map((set, layer) => jaccard(set, loaded[before][layer]))),
    loadedPerToken: committed > 0 ? all / committed : Number.NaN,
    expertsPerToken: calls.map(({ layers, open }) => layers.map((layer) => meanHolders(layer, open))),
  };
}

function meanHolders({ chosen, experts: E }: Chosen, open: Uint8Array): number {
  let [held, tokens] = [0, 0];
  open.forEach((isOpen, n) => {
    if (!isOpen) return;
    tokens += 1;
    for (let e = 0; e < E; e++) held += chosen[n * E + e];
  });
  return tokens > 0 ? held / tokens : 0;
}
