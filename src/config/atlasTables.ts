/** An atlas as tables, for CSV: one row per number that a view shows, with its layer, expert and what it is of. */
import { type Atlas, type AtlasClasses, atlasLimits } from './atlas.ts';

export interface AtlasTable {
  /** Of its file, without the extension. */
  readonly name: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly (string | number)[])[];
}

/** Every table of an atlas. */
export function atlasTables(atlas: Atlas): AtlasTable[] {
  return [
    measuresTable(atlas),
    layersTable(atlas),
    expertsPerTokenTable(atlas),
    squareTable(atlas, 'co-activation', 'pairs'),
    squareTable(atlas, 'flow', 'flow'),
    ...(atlas.cube ? [cubeTable(atlas, atlas.cube)] : []),
    classesTable(atlas, 'characters', atlas.characters),
    classesTable(atlas, 'words', atlas.words),
    ...atlas.tokenRoles.map((role) => tokensTable(atlas, role)),
    ...atlas.domains.map((domain) => domainTable(atlas, domain)),
    topWindowsTable(atlas),
  ];
}

const range = (length: number) => Array.from({ length }, (_, i) => i);

/** Rows for every layer and expert, the layer by its index in the model. */
function byExpert<T>(
  { layers, experts }: Atlas,
  row: (place: number, layer: number, expert: number, index: number) => T,
): T[] {
  return layers.flatMap((layer, index) => range(experts).map((e) => row(index * experts + e, layer, e, index)));
}

function measuresTable(atlas: Atlas): AtlasTable {
  return {
    name: 'measures',
    columns: ['measure', 'layer', 'expert', 'value', 'standard error'],
    rows: atlas.measures.flatMap(({ name, value, standardError }) =>
      byExpert(atlas, (at, layer, e) => [name, layer, e, value[at], standardError[at]]),
    ),
  };
}

function layersTable({ byLayer }: Atlas): AtlasTable {
  return {
    name: 'layers',
    columns: [
      ...['layer', 'routes asked', 'routes dropped', 'MaxVio', 'coefficient of variation', 'normalised entropy'],
      ...['consecutive pairs', 'repeats', 'specialisation read', 'specialisation target', 'specialisation predicted'],
    ],
    rows: byLayer.map((layer) => [
      ...[layer.layer, layer.asked, layer.dropped, layer.maxVio, layer.variation, layer.entropy],
      ...[layer.repeats.pairs, layer.repeats.repeats],
      ...[layer.specialisation.read, layer.specialisation.target, layer.specialisation.predicted],
    ]),
  };
}

function expertsPerTokenTable({ byLayer }: Atlas): AtlasTable {
  return {
    name: 'experts-per-token',
    columns: ['layer', 'experts', 'tokens'],
    rows: byLayer.flatMap(({ layer, expertsPerToken }) => expertsPerToken.map((tokens, held) => [layer, held, tokens])),
  };
}

/** Tokens of pairs of experts: within a layer, or in one and the next. */
function squareTable({ byLayer, experts: E }: Atlas, name: string, of: 'pairs' | 'flow'): AtlasTable {
  return {
    name,
    columns:
      of === 'pairs'
        ? ['layer', 'expert', 'other expert', 'tokens']
        : ['layer', 'expert', 'expert of the next layer', 'tokens'],
    rows: byLayer.flatMap((layer) =>
      (layer[of] ?? []).map((tokens, at) => [layer.layer, Math.floor(at / E), at % E, tokens]),
    ),
  };
}

function cubeTable(atlas: Atlas, { windows, tokens, counts }: NonNullable<Atlas['cube']>): AtlasTable {
  const { layers, experts: E } = atlas;
  const bins = windows.length;
  return {
    name: 'cube',
    columns: ['layer', 'mask ratio above', 'up to', 'side', 'expert', 'tokens held', 'tokens', 'windows'],
    rows: counts.map((count, at) => {
      const side = Math.floor(at / E) % 2;
      const bin = Math.floor(at / (2 * E)) % bins;
      return [
        ...[layers[Math.floor(at / (2 * E * bins))], bin / bins, (bin + 1) / bins, side === 1 ? 'masked' : 'revealed'],
        ...[at % E, count, tokens[2 * bin + side], windows[bin]],
      ];
    }),
  };
}

function classesTable(
  { layers, experts: E }: Atlas,
  name: string,
  { names, tokens, counts, lift }: AtlasClasses,
): AtlasTable {
  const K = names.length;
  return {
    name,
    columns: ['layer', 'kind', 'expert', 'tokens held', 'tokens', 'times more than chance', 'standard error'],
    rows: lift.value.map((value, at) => {
      const kind = Math.floor(at / E) % (K + 1);
      const index = Math.floor(at / (E * (K + 1)));
      const heldOf = (each: number, side: number) => counts[((index * K + each) * 2 + side) * E + (at % E)];
      const hidden = (of: (each: number) => number) => range(K).reduce((sum, each) => sum + of(each), 0);
      const isHidden = kind === K;
      return [
        ...[layers[index], isHidden ? 'hidden' : names[kind], at % E],
        isHidden ? hidden((each) => heldOf(each, 1)) : heldOf(kind, 0),
        isHidden ? hidden((each) => tokens[2 * each + 1]) : tokens[2 * kind],
        ...[value, lift.standardError[at]],
      ];
    }),
  };
}

function tokensTable(
  atlas: Atlas,
  { role, tokens, held, ids, occurrences, counts }: Atlas['tokenRoles'][number],
): AtlasTable {
  return {
    name: `tokens-${role}`,
    columns: ['layer', 'expert', 'token id', 'token', 'tokens held', 'occurrences', 'times more than chance'],
    rows: byExpert(atlas, (at, layer, e) =>
      ids.map((id, i) => {
        const count = counts[at * ids.length + i];
        const lift = held[at] > 0 ? count / held[at] / (occurrences[i] / tokens) : 0;
        return [layer, e, id, atlas.model.vocabulary[id], count, occurrences[i], lift];
      }),
    ).flat(),
  };
}

function domainTable(
  { layers, experts: E }: Atlas,
  { name, values, tokens, counts, share }: Atlas['domains'][number],
): AtlasTable {
  const D = values.length;
  return {
    name: `domain-${name}`,
    columns: ['layer', name, 'expert', 'tokens held', 'tokens', 'share of its routes', 'standard error'],
    rows: counts.map((count, at) => {
      const value = Math.floor(at / E) % D;
      const layer = layers[Math.floor(at / (E * D))];
      return [layer, values[value], at % E, count, tokens[value], share.value[at], share.standardError[at]];
    }),
  };
}

function topWindowsTable(atlas: Atlas): AtlasTable {
  const { topWindows, windows } = atlas;
  const perExpert = atlasLimits.topWindows;
  return {
    name: 'top-windows',
    columns: ['layer', 'expert', 'window', 'tokens held', 'masks', 'text'],
    rows: byExpert(atlas, (at, layer, e) =>
      range(perExpert).flatMap((rank): (string | number)[][] => {
        const window = topWindows.window[at * perExpert + rank];
        if (window < 0) return [];
        return [
          [
            layer,
            e,
            window,
            topWindows.tokens[at * perExpert + rank],
            windows.masks[window],
            windows.texts[window] ?? '',
          ],
        ];
      }),
    ).flat(),
  };
}
