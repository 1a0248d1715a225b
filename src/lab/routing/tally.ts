/**
 * What an atlas counts, window by window: counts of every window by layer, class and expert, from which load, masked
 * share, cube, kinds and domains follow with their standard errors, and sums over all windows of the rest.
 */
import type { LayerDecision } from '../../model/forwardPass.ts';
import type { Sample } from '../samples.ts';
import { addPairs } from './coactivation.ts';
import { loadedExperts } from './explosion.ts';
import { addFlow, type Repeats, repeatsOf } from './flow.ts';
import { addClassCounts, characterKind, characterKinds, wordKinds, wordKindsOf } from './kinds.ts';
import { addExpertsPerToken, dropsOf, gateMass } from './load.ts';
import { rowsOf } from './routes.ts';
import { addTokenCounts, noToken } from './tokens.ts';

export const tokenRoles = ['read', 'target', 'predicted'] as const;
type Role = (typeof tokenRoles)[number];

/** Tokens of one window by class of text (K), revealed and masked. */
interface ClassTally {
  /** (K, 2) tokens. */
  readonly tokens: Uint16Array;
  /** By layer: (K, 2, E) tokens held. */
  readonly held: readonly Uint16Array[];
}

/** Counts of one window. */
export interface WindowTally {
  readonly sample: Sample;
  readonly characters: ClassTally;
  readonly words: ClassTally;
  /** By layer: (E) summed gates, and the number of distinct experts that hold a position to be predicted. */
  readonly gates: readonly Float64Array[];
  readonly unique: readonly number[];
}

/** Sums of a layer over all windows. */
export interface LayerTally {
  readonly layer: number;
  asked: number;
  dropped: number;
  readonly pairs: Uint32Array<ArrayBuffer>;
  readonly expertsPerToken: Uint32Array<ArrayBuffer>;
  /** To the next layer with experts; empty of the last. */
  readonly flow: Uint32Array<ArrayBuffer>;
  repeats: Repeats;
  /** (E, V + 1) by role. */
  readonly tokens: Readonly<Record<Role, Uint32Array>>;
}

export interface Tally {
  readonly windows: WindowTally[];
  readonly layers: readonly LayerTally[];
  /** (V + 1) occurrences by role. */
  readonly occurrences: Readonly<Record<Role, Uint32Array>>;
}

export function createTally(layers: readonly number[], E: number, columns: number): Tally {
  const byRole = (length: number) =>
    ({ read: new Uint32Array(length), target: new Uint32Array(length), predicted: new Uint32Array(length) }) as const;
  return {
    windows: [],
    layers: layers.map((layer, index) => ({
      layer,
      asked: 0,
      dropped: 0,
      pairs: new Uint32Array(E * E),
      expertsPerToken: new Uint32Array(E + 1),
      flow: new Uint32Array(index + 1 < layers.length ? E * E : 0),
      repeats: { pairs: 0, repeats: 0, tops: new Uint32Array(E) },
      tokens: byRole(E * columns),
    })),
    occurrences: byRole(columns),
  };
}

/** What stands at each position of a window, by role. Positions that do not count are left out of both. */
export interface PositionIds {
  /** (T) text that stands where the network reads, whether it is hidden from it or not. */
  readonly clean: Uint32Array;
  /** (T) what the network reads. */
  readonly read: Uint32Array;
  /** (T) most likely tokens. */
  readonly predicted: Uint32Array;
}

/** Adds a window: its routes by layer (T, E), `ids` of its positions, and the texts of the vocabulary with the mask. */
export function addWindow(
  tally: Tally,
  sample: Sample,
  routes: readonly LayerDecision[],
  ids: PositionIds,
  vocabulary: readonly string[],
): void {
  const { end } = sample;
  const layers = routes.map((layer) => rowsOf(layer, 0, end));
  const predicted = sample.predicted.subarray(0, end);
  const onlyPredicted = (values: Uint32Array) =>
    Uint32Array.from(predicted, (counts, n) => (counts ? values[n] : noToken));
  const byRole: Record<Role, Uint32Array> = {
    read: ids.read.subarray(0, end),
    target: onlyPredicted(sample.x0),
    predicted: onlyPredicted(ids.predicted),
  };
  for (const role of tokenRoles) {
    for (const id of byRole[role]) if (id !== noToken) tally.occurrences[role][id] += 1;
  }
  layers.forEach((layer, index) => {
    addToLayer(tally.layers[index], layer, layers[index + 1], end);
    for (const role of tokenRoles) addTokenCounts(tally.layers[index].tokens[role], layer, byRole[role]);
  });
  const texts = Array.from(ids.clean.subarray(0, end), (id) => vocabulary[id]);
  const masked = sample.masked.subarray(0, end);
  tally.windows.push({
    sample,
    characters: classTally(
      Uint8Array.from(texts, (text) => characterKinds.indexOf(characterKind(text))),
      { masked, layers, classes: characterKinds.length },
    ),
    words: classTally(wordKindsOf(texts), { masked, layers, classes: wordKinds.length }),
    gates: layers.map(gateMass),
    unique: layers.map((layer) => loadedExperts(layer, predicted).reduce((sum, one) => sum + one, 0)),
  });
}

function addToLayer(tally: LayerTally, layer: LayerDecision, next: LayerDecision | undefined, T: number): void {
  const { asked, dropped } = dropsOf(layer);
  tally.asked += asked;
  tally.dropped += dropped;
  addPairs(layer, tally.pairs);
  addExpertsPerToken(layer, tally.expertsPerToken);
  if (next) addFlow(layer, next, tally.flow);
  const { pairs, repeats, tops } = repeatsOf(layer, T);
  tally.repeats = {
    pairs: tally.repeats.pairs + pairs,
    repeats: tally.repeats.repeats + repeats,
    tops: tally.repeats.tops.map((count, e) => count + tops[e]),
  };
}

function classTally(
  classOf: Uint8Array,
  { masked, layers, classes }: { masked: Uint8Array; layers: readonly LayerDecision[]; classes: number },
): ClassTally {
  const tokens = new Uint16Array(2 * classes);
  classOf.forEach((kind, n) => {
    tokens[2 * kind + masked[n]] += 1;
  });
  const held = layers.map((layer) => {
    const counts = new Uint16Array(2 * classes * layer.experts);
    addClassCounts(counts, layer, classOf, masked);
    return counts;
  });
  return { tokens, held };
}
