/** The numbers of an atlas from what was tallied: measures with standard errors over windows, and tables of counts. */
import {
  type Atlas,
  type AtlasClasses,
  type AtlasDomain,
  type AtlasLayer,
  type AtlasTokens,
  atlasLimits,
} from '../config/atlas.ts';
import { maxViolation } from '../model/probes/load.ts';
import {
  domainValuesOf,
  estimates,
  type Held,
  type HeldTable,
  heldBy,
  measuresOf,
  range,
  sum,
} from './atlasMeasures.ts';
import type { WindowDomain } from './domains.ts';
import { binOf, cubeBins } from './routing/cube.ts';
import { liftOf, meanOf, ratioOf } from './routing/errors.ts';
import { characterKinds, wordKinds } from './routing/kinds.ts';
import { coefficientOfVariation, normalisedEntropy } from './routing/load.ts';
import { type Tally, tokenRoles, type WindowTally } from './routing/tally.ts';
import { vocabularySpecialisation } from './routing/tokens.ts';

type Numbers = Pick<
  Atlas,
  | 'tokens'
  | 'windows'
  | 'measures'
  | 'byLayer'
  | 'cube'
  | 'characters'
  | 'words'
  | 'tokenRoles'
  | 'domains'
  | 'topWindows'
>;

interface Context {
  readonly domains: readonly WindowDomain[];
  readonly hasMasks: boolean;
  readonly textOf: (window: number) => string;
}

export function atlasNumbers(tally: Tally, { domains, hasMasks, textOf }: Context): Numbers {
  const { windows, layers } = tally;
  const E = layers[0].expertsPerToken.length - 1;
  const held = range(layers.length).map((layer) => windows.map((window) => heldBy(window, layer, E)));
  const topWindows = topWindowsOf(held, E);
  const cited = new Set(topWindows.window);
  return {
    tokens: windows.reduce((total, { sample }) => total + sample.end, 0),
    windows: {
      masks: windows.map(({ sample }) => sample.masks),
      of: windows.map(({ sample }) => sample.of),
      texts: windows.map((_, window) => (cited.has(window) ? textOf(window) : null)),
    },
    measures: measuresOf(tally, held, { domains, hasMasks, E }),
    byLayer: layers.map((_, index) => layerOf(tally, index, E)),
    cube: hasMasks ? cubeOf(tally, held) : null,
    characters: classesOf(windows, 'characters', characterKinds, E),
    words: classesOf(windows, 'words', wordKinds, E),
    tokenRoles: tokenRoles.map((role) => tokensOf(tally, role, E)),
    domains: domains.map((domain) => domainOf(domain, windows, held, E)),
    topWindows,
  };
}

function layerOf({ layers, windows }: Tally, index: number, E: number): AtlasLayer {
  const { layer, asked, dropped, pairs, expertsPerToken, flow, repeats, tokens } = layers[index];
  const load = range(E).map((e) => pairs[e * E + e]);
  const byBin = range(cubeBins).map((bin) => windows.filter(({ sample }) => binOf(sample.masks, sample.of) === bin));
  return {
    layer,
    asked,
    dropped,
    maxVio: maxViolation(load),
    variation: coefficientOfVariation(load),
    entropy: normalisedEntropy(load),
    expertsPerToken: [...expertsPerToken],
    pairs: [...pairs],
    flow: flow.length > 0 ? [...flow] : null,
    repeats: { ...repeats, tops: [...repeats.tops] },
    specialisation: {
      read: vocabularySpecialisation(tokens.read, E),
      target: vocabularySpecialisation(tokens.target, E),
      predicted: vocabularySpecialisation(tokens.predicted, E),
    },
    unique: estimates(byBin.map((some) => meanOf(some.map(({ unique }) => unique[index])))),
  };
}

function cubeOf({ windows, layers }: Tally, held: HeldTable): Atlas['cube'] {
  const bins = windows.map(({ sample }) => binOf(sample.masks, sample.of));
  const inBin = (bin: number, of: (window: number) => number) =>
    bins.reduce((total, each, window) => (each === bin ? total + of(window) : total), 0);
  const tokensOf = (window: number, masked: number) =>
    sum(windows[window].characters.tokens.filter((_, at) => at % 2 === masked));
  const E = held[0][0].all.length;
  return {
    windows: range(cubeBins).map((bin) => inBin(bin, () => 1)),
    tokens: range(cubeBins).flatMap((bin) => [0, 1].map((masked) => inBin(bin, (w) => tokensOf(w, masked)))),
    counts: layers.flatMap((_, layer) =>
      range(cubeBins).flatMap((bin) =>
        (['revealed', 'masked'] as const).flatMap((side) =>
          range(E).map((e) => inBin(bin, (w) => held[layer][w][side][e])),
        ),
      ),
    ),
  };
}

function classesOf(
  windows: readonly WindowTally[],
  of: 'characters' | 'words',
  names: readonly string[],
  E: number,
): AtlasClasses {
  const K = names.length;
  const all = windows.map(({ sample }) => sample.end);
  const layers = range(windows[0][of].held.length);
  // Of windows: tokens of a class by side, and those that an expert holds. A class K stands for all masked tokens.
  const tokensIn = (w: number, kind: number) =>
    kind < K ? windows[w][of].tokens[2 * kind] : sum(windows[w][of].tokens.filter((_, at) => at % 2 === 1));
  const heldIn = (w: number, layer: number, kind: number, e: number) => {
    const counts = windows[w][of].held[layer];
    return kind < K ? counts[2 * kind * E + e] : sum(range(K).map((each) => counts[(2 * each + 1) * E + e]));
  };
  const allHeld = (w: number, layer: number, e: number) =>
    sum(range(2 * K).map((at) => windows[w][of].held[layer][at * E + e]));
  const each = range(windows.length);
  const lift = layers.flatMap((layer) =>
    range(K + 1).flatMap((kind) =>
      range(E).map((e) =>
        liftOf(
          each.map((w) => heldIn(w, layer, kind, e)),
          each.map((w) => allHeld(w, layer, e)),
          each.map((w) => tokensIn(w, kind)),
          all,
        ),
      ),
    ),
  );
  return {
    names,
    tokens: range(2 * K).map((at) => sum(windows.map((window) => window[of].tokens[at]))),
    counts: layers.flatMap((layer) =>
      range(2 * K * E).map((at) => sum(windows.map((window) => window[of].held[layer][at]))),
    ),
    lift: estimates(lift),
  };
}

function tokensOf({ layers, occurrences }: Tally, role: AtlasTokens['role'], E: number): AtlasTokens {
  const all = occurrences[role];
  const columns = all.length;
  const ids = range(columns)
    .filter((id) => all[id] > 0)
    .sort((a, b) => all[b] - all[a] || a - b)
    .slice(0, atlasLimits.tokensPerRole);
  const byExpert = layers.flatMap(({ tokens }) =>
    range(E).map((e) => tokens[role].subarray(e * columns, (e + 1) * columns)),
  );
  return {
    role,
    tokens: sum(all),
    held: byExpert.map(sum),
    ids,
    occurrences: ids.map((id) => all[id]),
    counts: byExpert.flatMap((counts) => ids.map((id) => counts[id])),
  };
}

function domainOf(
  { name, values }: WindowDomain,
  windows: readonly WindowTally[],
  held: HeldTable,
  E: number,
): AtlasDomain {
  const names = domainValuesOf(values);
  const byValue = names.map((each) => values.flatMap((value, w) => (value === each ? [w] : [])));
  const inLayers = <V>(of: (windowsOfValue: readonly Held[], e: number) => V): V[] =>
    held.flatMap((layer) =>
      byValue.flatMap((some) =>
        range(E).map((e) =>
          of(
            some.map((w) => layer[w]),
            e,
          ),
        ),
      ),
    );
  return {
    name,
    values: names,
    windows: byValue.map((some) => some.length),
    tokens: byValue.map((some) => sum(some.map((w) => windows[w].sample.end))),
    counts: inLayers((some, e) => sum(some.map(({ all }) => all[e]))),
    share: estimates(
      inLayers((some, e) =>
        ratioOf(
          some.map(({ all }) => all[e]),
          some.map(({ all }) => sum(all)),
        ),
      ),
    ),
  };
}

/** The windows of which an expert holds the largest number of tokens, ties to the earlier. */
function topWindowsOf(held: HeldTable, E: number): Atlas['topWindows'] {
  const places = held.flatMap((layer) =>
    range(E).flatMap((e) => {
      const counts = layer.map(({ all }) => all[e]);
      const order = range(counts.length)
        .filter((w) => counts[w] > 0)
        .sort((a, b) => counts[b] - counts[a] || a - b);
      return range(atlasLimits.topWindows).map((rank) => {
        const window = order[rank] ?? -1;
        return { window, tokens: window < 0 ? 0 : counts[window] };
      });
    }),
  );
  return { window: places.map(({ window }) => window), tokens: places.map(({ tokens }) => tokens) };
}
