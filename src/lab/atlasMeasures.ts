/** The numbers of an atlas for every layer and expert, with their standard errors over windows. */
import { type AtlasMeasure, atlasLimits, type Estimates } from '../config/atlas.ts';
import type { WindowDomain } from './domains.ts';
import { type Estimate, ratioOf } from './routing/errors.ts';
import type { Tally, WindowTally } from './routing/tally.ts';

export const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

/** Tokens that experts hold in a window: (2, E), revealed and masked. */
export interface Held {
  readonly revealed: Uint32Array;
  readonly masked: Uint32Array;
  readonly all: Uint32Array;
}

export function heldBy({ characters }: WindowTally, layer: number, E: number): Held {
  const counts = characters.held[layer];
  const [revealed, masked] = [new Uint32Array(E), new Uint32Array(E)];
  counts.forEach((count, at) => {
    (Math.floor(at / E) % 2 === 0 ? revealed : masked)[at % E] += count;
  });
  return { revealed, masked, all: revealed.map((count, e) => count + masked[e]) };
}

/** (E) of a layer by expert, from one number per window. */
export function estimates(rows: readonly Estimate[]): Estimates {
  return { value: rows.map(({ value }) => value), standardError: rows.map(({ standardError }) => standardError) };
}

/** Kullback-Leibler divergence in bits of `counts` from `all`, both as shares; 0 without counts. */
export function divergenceBits(counts: ArrayLike<number>, all: ArrayLike<number>): number {
  const [mine, total] = [sum(counts), sum(all)];
  if (mine === 0) return 0;
  return sum(
    Array.from(counts, (count, i) => (count > 0 ? (count / mine) * Math.log2(count / mine / (all[i] / total)) : 0)),
  );
}

/** By layer and window. */
export type HeldTable = readonly (readonly Held[])[];

/** What a heatmap of layers and experts can show. */
export function measuresOf(
  tally: Tally,
  held: HeldTable,
  { domains, hasMasks, E }: { domains: readonly WindowDomain[]; hasMasks: boolean; E: number },
): AtlasMeasure[] {
  const { windows, layers } = tally;
  const measure = (name: string, about: string, of: (layer: number, e: number) => Estimate): AtlasMeasure => ({
    name,
    about,
    ...estimates(layers.flatMap((_, layer) => range(E).map((e) => of(layer, e)))),
  });
  const load = measure('load', 'Share of the routes of its layer that an expert holds.', (layer, e) =>
    ratioOf(
      held[layer].map(({ all }) => all[e]),
      held[layer].map(({ all }) => sum(all)),
    ),
  );
  const mass = measure('gate mass', 'Share of the summed gates of its layer.', (layer, e) =>
    ratioOf(
      windows.map(({ gates }) => gates[layer][e]),
      windows.map(({ gates }) => sum(gates[layer])),
    ),
  );
  const masked = measure('masked share', 'Share of masked tokens among those that an expert holds.', (layer, e) =>
    ratioOf(
      held[layer].map((window) => window.masked[e]),
      held[layer].map(({ all }) => all[e]),
    ),
  );
  const unknown = (value: number): Estimate => ({ value, standardError: Number.NaN });
  const tokens = measure(
    'specialisation',
    'Divergence in bits of the tokens that an expert reads from those of the text.',
    (layer, e) => {
      const columns = tally.occurrences.read.length;
      const own = layers[layer].tokens.read.subarray(e * columns, (e + 1) * columns);
      return unknown(divergenceBits(own, tally.occurrences.read));
    },
  );
  const byDomain = domains.map(({ name, values }) => {
    const { tokens: inText } = grouped(values, windows, () => 0);
    return measure(
      `specialisation by ${name}`,
      `Divergence in bits of an expert's tokens from those of the text, by ${name}.`,
      (layer, e) => unknown(divergenceBits(grouped(values, windows, (w) => held[layer][w].all[e]).counts, inText)),
    );
  });
  return [load, ...(hasMasks ? [masked] : []), mass, tokens, ...byDomain];
}

/** Values of a domain in their order in the text, at most `atlasLimits.domainValues`; the rest is left out. */
export const domainValuesOf = (values: readonly string[]) =>
  [...new Set(values)].filter((value) => value !== '').slice(0, atlasLimits.domainValues);

/** Tokens of the windows of each value, and the sum of a number of each window. */
function grouped(values: readonly string[], windows: readonly WindowTally[], of: (window: number) => number) {
  const names = domainValuesOf(values);
  const inEach = (count: (window: number) => number) =>
    names.map((name) => sum(values.flatMap((value, w) => (value === name ? [count(w)] : []))));
  return { tokens: inEach((w) => windows[w].sample.end), counts: inEach(of) };
}
