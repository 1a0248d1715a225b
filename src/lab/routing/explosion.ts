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
export interface CallRoutes {
  /** (N) 1 where the position was open. */
  readonly open: Uint8Array;
  /** By layer: (E) 1 for the experts that were loaded. */
  readonly loaded: readonly Uint8Array[];
  /** By layer: experts that hold an open position, on average over them; 0 without open positions. */
  readonly expertsPerToken: readonly number[];
}

/** What a call loaded, from its routes by layer. */
export function callRoutes(layers: readonly Chosen[], open: Uint8Array): CallRoutes {
  return {
    open,
    loaded: layers.map((layer) => loadedExperts(layer, open)),
    expertsPerToken: layers.map((layer) => meanHolders(layer, open)),
  };
}

export interface DecodingRoutes {
  /** U of each (call, layer). */
  readonly unique: readonly (readonly number[])[];
  /** Of each (call, layer) with that of the call before; none of the first call. */
  readonly jaccard: readonly (readonly number[])[];
  /** Of each (call, layer): see `CallRoutes`. */
  readonly expertsPerToken: readonly (readonly number[])[];
  /** Positions that each call committed: open in it, and not open after it. */
  readonly committed: readonly number[];
  /** Experts of all layers loaded per committed token: the sum of U over calls and layers / the tokens committed. */
  readonly loadedPerToken: number;
}

/** What the calls of one decode loaded; `openAtEnd` (N) what was still open after the last one. */
export function decodingRoutes(calls: readonly CallRoutes[], openAtEnd: Uint8Array): DecodingRoutes {
  const unique = calls.map(({ loaded }) => loaded.map(total));
  const committed = calls.map(({ open }, call) => {
    const after = calls[call + 1]?.open ?? openAtEnd;
    return total(open.map((isOpen, n) => Number(isOpen === 1 && after[n] === 0)));
  });
  const tokens = total(committed);
  return {
    unique,
    jaccard: calls
      .slice(1)
      .map(({ loaded }, before) => loaded.map((set, layer) => jaccard(set, calls[before].loaded[layer]))),
    expertsPerToken: calls.map(({ expertsPerToken }) => expertsPerToken),
    committed,
    loadedPerToken: tokens > 0 ? total(unique.flat()) / tokens : Number.NaN,
  };
}

function total(values: ArrayLike<number>): number {
  return Array.from(values).reduce((sum, value) => sum + value, 0);
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
