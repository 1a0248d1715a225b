/** What an atlas says of one expert: pure readings for its card. "Times more than chance": a share over the share that a random expert of equal load would have. */
import { type Atlas, type AtlasClasses, type AtlasTokens, atlasLimits } from '../../config/atlas.ts';

/** An expert by its place: index among the layers of the atlas, and number. */
export interface Place {
  readonly layer: number;
  readonly expert: number;
}

export interface Lifted {
  readonly name: string;
  /** Tokens held. */
  readonly count: number;
  readonly lift: number;
  /** Of the lift, over windows; NaN where it is not known. */
  readonly standardError: number;
}

const range = (length: number) => Array.from({ length }, (_, i) => i);

export interface RatioRow {
  /** Mask ratio of the windows: above `from`, up to `to`. */
  readonly from: number;
  readonly to: number;
  /** Share of the tokens of a side that the expert holds; NaN where there are none. */
  readonly hidden: number;
  readonly revealed: number;
}

/** Its share of hidden and of revealed tokens by mask ratio; ratios without windows are left out. None without a cube. */
export function sharesByRatio(
  { cube, experts: E }: Pick<Atlas, 'cube' | 'experts'>,
  { layer, expert }: Place,
): RatioRow[] {
  if (!cube) return [];
  const bins = cube.windows.length;
  const share = (bin: number, side: number) =>
    cube.counts[((layer * bins + bin) * 2 + side) * E + expert] / cube.tokens[2 * bin + side];
  return range(bins)
    .filter((bin) => cube.windows[bin] > 0)
    .map((bin) => ({ from: bin / bins, to: (bin + 1) / bins, hidden: share(bin, 1), revealed: share(bin, 0) }));
}

/** Fewer tokens than this are an accident. */
const fewest = 3;

/**
 * The tokens that tell an expert from the text, in one role: by their part in the divergence, count times the logarithm of
 * the lift, so that a rare accident does not come first.
 */
export function topTokens(
  atlas: Pick<Atlas, 'model' | 'experts'>,
  role: AtlasTokens,
  { layer, expert }: Place,
  most = 8,
): Lifted[] {
  const at = layer * atlas.experts + expert;
  const { ids, held, tokens, occurrences, counts } = role;
  return ids
    .map((id, i) => ({
      name: atlas.model.vocabulary[id],
      count: counts[at * ids.length + i],
      lift: counts[at * ids.length + i] / held[at] / (occurrences[i] / tokens),
      standardError: Number.NaN,
    }))
    .filter(({ count, lift }) => count >= fewest && lift > 1)
    .sort((a, b) => b.count * Math.log(b.lift) - a.count * Math.log(a.lift))
    .slice(0, most);
}

/** Revealed kinds of token, and last the hidden ones, as times more than chance; kinds that the text lacks are left out. */
export function kinds({ names, counts, lift }: AtlasClasses, experts: number, { layer, expert }: Place): Lifted[] {
  const K = names.length;
  const held = (kind: number, side: number) => counts[((layer * K + kind) * 2 + side) * experts + expert];
  return [...names, 'hidden']
    .map((name, kind) => {
      const at = (layer * (K + 1) + kind) * experts + expert;
      const count = kind < K ? held(kind, 0) : range(K).reduce((sum, each) => sum + held(each, 1), 0);
      return { name, count, lift: lift.value[at], standardError: lift.standardError[at] };
    })
    .filter((each) => Number.isFinite(each.lift));
}

/** The experts of its layer that it shares tokens with, the most above chance first. */
export function partners(
  { byLayer, experts: E, tokens }: Pick<Atlas, 'byLayer' | 'experts' | 'tokens'>,
  { layer, expert }: Place,
): Lifted[] {
  const { pairs } = byLayer[layer];
  const load = (e: number) => pairs[e * E + e];
  return range(E)
    .filter((other) => other !== expert && pairs[expert * E + other] > 0)
    .map((other) => ({
      name: String(other),
      count: pairs[expert * E + other],
      lift: (pairs[expert * E + other] * tokens) / (load(expert) * load(other)),
      standardError: Number.NaN,
    }))
    .sort((a, b) => b.lift - a.lift);
}

/** The values of a domain as times more than the expert's share over all of them, in their order in the text. */
export function domainShares(
  { experts: E }: Pick<Atlas, 'experts'>,
  domain: Atlas['domains'][number],
  { layer, expert }: Place,
): Lifted[] {
  const { values, counts, share } = domain;
  const D = values.length;
  const countOf = (value: number, e: number) => counts[(layer * D + value) * E + e];
  const total = (of: (value: number) => number) => range(D).reduce((sum, value) => sum + of(value), 0);
  const mine = total((value) => countOf(value, expert));
  const all = total((value) => range(E).reduce((sum, e) => sum + countOf(value, e), 0));
  return values.map((name, value) => {
    const at = (layer * D + value) * E + expert;
    const scale = all / mine;
    return { name, count: counts[at], lift: share.value[at] * scale, standardError: share.standardError[at] * scale };
  });
}

/** The same, none where no value differs from another: there is nothing to tell. */
export function tellingShares(atlas: Pick<Atlas, 'experts'>, domain: Atlas['domains'][number], place: Place): Lifted[] {
  const shares = domainShares(atlas, domain, place);
  return shares.some(({ lift }) => Math.abs(lift - 1) > 1e-9) ? shares : [];
}

/** The texts of the windows that it takes most of, with the tokens taken. */
export function topTexts(
  { topWindows, windows, experts }: Pick<Atlas, 'topWindows' | 'windows' | 'experts'>,
  { layer, expert }: Place,
) {
  const first = (layer * experts + expert) * atlasLimits.topWindows;
  return range(atlasLimits.topWindows).flatMap((rank) => {
    const window = topWindows.window[first + rank];
    const text = window >= 0 ? windows.texts[window] : null;
    return text === null || text === undefined
      ? []
      : [{ text, tokens: topWindows.tokens[first + rank], of: windows.of[window] }];
  });
}
