/** Reads an atlas from JSON that may come from anywhere: every fault is one sentence, and every list has its length. */
import { configurationOf, DataError, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import {
  type Atlas,
  type AtlasClasses,
  type AtlasDomain,
  type AtlasLayer,
  type AtlasMeasure,
  type AtlasTokens,
  atlasLimits,
  type Estimates,
} from './atlas.ts';
import { parseExperiment } from './experiment.ts';
import { type Json, listIn, numberIn, numbersIn, objectIn, oneIn, stringIn } from './jsonFields.ts';
import type { Experiment } from './schema.ts';

const bins = 10;

/** An atlas from the text of a file. Throws `DataError` beginning with `where`. */
export function parseAtlas(text: string, where: string): Atlas {
  if (text.length > atlasLimits.bytes)
    throw new DataError(`${where}: expected at most ${atlasLimits.bytes} characters of an atlas, got ${text.length}`);
  return atlasOf(objectIn(parseJson(text, where, 'an atlas of routes as JSON'), where), where);
}

function atlasOf(file: Json, where: string): Atlas {
  const at = (name: string) => `${where}: ${name}`;
  if (file.format !== 'sdlm-atlas' || file.version !== 1)
    throw new DataError(
      `${where}: expected an atlas of format "sdlm-atlas", version 1, got ${shown(file.format)}, version ${shown(file.version)}`,
    );
  const model = objectIn(file.model, at('model'));
  const experiment = configurationOf(at('model.experiment'), () => parseExperiment(model.experiment));
  const layers = expertLayers(experiment, file, where);
  const size = { L: layers.length, E: experiment.model.experts };
  const vocabulary = textsIn(model.vocabulary, at('model.vocabulary'));
  const windows = windowsIn(file.windows, at('windows'));
  return {
    format: 'sdlm-atlas',
    version: 1,
    created: stringIn(file.created, at('created')),
    model: { weights: stringIn(model.weights, at('model.weights')), experiment, vocabulary },
    text: stringIn(file.text, at('text')),
    seed: countIn(file.seed, at('seed')),
    tokens: countIn(file.tokens, at('tokens')),
    layers,
    experts: size.E,
    windows,
    measures: each(file.measures, at('measures'), (value, place) => measureIn(value, place, size)),
    byLayer: each(
      file.byLayer,
      at('byLayer'),
      (value, place, index) => layerIn(value, place, { ...size, layers, index }),
      size.L,
    ),
    cube: file.cube === null ? null : cubeIn(file.cube, at('cube'), size),
    characters: classesIn(file.characters, at('characters'), size),
    words: classesIn(file.words, at('words'), size),
    tokenRoles: each(file.tokenRoles, at('tokenRoles'), (value, place) =>
      tokensIn(value, place, { ...size, V: vocabulary.length }),
    ),
    domains: each(file.domains, at('domains'), (value, place) => domainIn(value, place, size)),
    topWindows: topWindowsIn(file.topWindows, at('topWindows'), size, windows.masks.length),
    notes: textsIn(file.notes, at('notes')),
  };
}

interface Size {
  readonly L: number;
  readonly E: number;
}

/** Layers and experts must be those of the configuration beside them. */
function expertLayers({ model }: Experiment, { layers, experts }: Json, where: string): number[] {
  const wanted = Array.from({ length: model.layers }, (_, layer) => layer).filter(
    (layer) => layer >= model.denseLayers,
  );
  const found = numbersIn(layers, `${where}: layers`);
  if (model.feedForward === 'dense' || experts !== model.experts || String(found) !== String(wanted))
    throw new DataError(
      `${where}: expected the layers with experts of its model (${model.feedForward === 'dense' ? 'none' : wanted.join(', ')}, ${model.experts} experts each), got ${shown(layers)} and ${shown(experts)}`,
    );
  return found;
}

function each<T>(
  value: unknown,
  where: string,
  read: (value: unknown, where: string, index: number) => T,
  length?: number,
): T[] {
  const list = listIn(value, where);
  if (length !== undefined && list.length !== length)
    throw new DataError(`${where}: expected ${length} entries, got ${list.length}`);
  return list.map((item, index) => read(item, `${where}[${index}]`, index));
}

const textsIn = (value: unknown, where: string) => each(value, where, stringIn);

function countIn(value: unknown, where: string): number {
  const count = numberIn(value, where);
  if (Number.isSafeInteger(count) && count >= 0) return count;
  throw new DataError(`${where}: expected a whole number from 0 on, got ${shown(count)}`);
}

function countsIn(value: unknown, where: string, length?: number): number[] {
  return numbersIn(value, where, length).map((count) => countIn(count, where));
}

/** Values and errors; what is not known is null in the file. */
function estimatesIn(value: unknown, where: string, length: number): Estimates {
  const fields = objectIn(value, where);
  const read = (name: 'value' | 'standardError') =>
    numbersIn(
      listIn(fields[name], `${where}.${name}`).map((item) => item ?? Number.NaN),
      `${where}.${name}`,
      length,
    );
  return { value: read('value'), standardError: read('standardError') };
}

function windowsIn(value: unknown, where: string): Atlas['windows'] {
  const { masks, of, texts } = objectIn(value, where);
  const counts = countsIn(masks, `${where}.masks`);
  if (counts.length < 1 || counts.length > atlasLimits.windows)
    throw new DataError(`${where}: expected 1 to ${atlasLimits.windows} windows, got ${counts.length}`);
  const read = (text: unknown, place: string) => (text === null ? null : stringIn(text, place));
  return {
    masks: counts,
    of: countsIn(of, `${where}.of`, counts.length),
    texts: each(texts, `${where}.texts`, read, counts.length),
  };
}

function measureIn(value: unknown, where: string, { L, E }: Size): AtlasMeasure {
  const { name, about } = objectIn(value, where);
  return {
    name: stringIn(name, `${where}.name`),
    about: stringIn(about, `${where}.about`),
    ...estimatesIn(value, where, L * E),
  };
}

function layerIn(
  value: unknown,
  where: string,
  { L, E, layers, index }: Size & { layers: readonly number[]; index: number },
): AtlasLayer {
  const fields = objectIn(value, where);
  const at = (name: string) => `${where}.${name}`;
  const repeats = objectIn(fields.repeats, at('repeats'));
  const specialisation = objectIn(fields.specialisation, at('specialisation'));
  const isLast = index === L - 1;
  if ((fields.flow === null) !== isLast || fields.layer !== layers[index])
    throw new DataError(
      `${where}: expected layer ${layers[index]} and its flow to the next, got layer ${shown(fields.layer)}`,
    );
  return {
    layer: layers[index],
    asked: countIn(fields.asked, at('asked')),
    dropped: countIn(fields.dropped, at('dropped')),
    maxVio: numberIn(fields.maxVio, at('maxVio')),
    variation: numberIn(fields.variation, at('variation')),
    entropy: numberIn(fields.entropy, at('entropy')),
    expertsPerToken: countsIn(fields.expertsPerToken, at('expertsPerToken'), E + 1),
    pairs: countsIn(fields.pairs, at('pairs'), E * E),
    flow: isLast ? null : countsIn(fields.flow, at('flow'), E * E),
    repeats: {
      pairs: countIn(repeats.pairs, at('repeats.pairs')),
      repeats: countIn(repeats.repeats, at('repeats.repeats')),
      tops: countsIn(repeats.tops, at('repeats.tops'), E),
    },
    specialisation: {
      read: numberIn(specialisation.read, at('specialisation.read')),
      target: numberIn(specialisation.target, at('specialisation.target')),
      predicted: numberIn(specialisation.predicted, at('specialisation.predicted')),
    },
    unique: estimatesIn(fields.unique, at('unique'), bins),
  };
}

function cubeIn(value: unknown, where: string, { L, E }: Size): Atlas['cube'] {
  const { windows, tokens, counts } = objectIn(value, where);
  return {
    windows: countsIn(windows, `${where}.windows`, bins),
    tokens: countsIn(tokens, `${where}.tokens`, 2 * bins),
    counts: countsIn(counts, `${where}.counts`, L * bins * 2 * E),
  };
}

function classesIn(value: unknown, where: string, { L, E }: Size): AtlasClasses {
  const { names, tokens, counts, lift } = objectIn(value, where);
  const classes = textsIn(names, `${where}.names`);
  const K = classes.length;
  return {
    names: classes,
    tokens: countsIn(tokens, `${where}.tokens`, 2 * K),
    counts: countsIn(counts, `${where}.counts`, L * 2 * K * E),
    lift: estimatesIn(lift, `${where}.lift`, L * (K + 1) * E),
  };
}

function tokensIn(value: unknown, where: string, { L, E, V }: Size & { V: number }): AtlasTokens {
  const fields = objectIn(value, where);
  const ids = countsIn(fields.ids, `${where}.ids`);
  const isSound = ids.length <= atlasLimits.tokensPerRole && ids.every((id) => id < V);
  if (!isSound)
    throw new DataError(
      `${where}.ids: expected at most ${atlasLimits.tokensPerRole} token ids below ${V}, got ${shown(ids)}`,
    );
  return {
    role: oneIn(fields.role, ['read', 'target', 'predicted'], `${where}.role`),
    tokens: countIn(fields.tokens, `${where}.tokens`),
    held: countsIn(fields.held, `${where}.held`, L * E),
    ids,
    occurrences: countsIn(fields.occurrences, `${where}.occurrences`, ids.length),
    counts: countsIn(fields.counts, `${where}.counts`, L * E * ids.length),
  };
}

function domainIn(value: unknown, where: string, { L, E }: Size): AtlasDomain {
  const fields = objectIn(value, where);
  const values = textsIn(fields.values, `${where}.values`);
  if (values.length > atlasLimits.domainValues)
    throw new DataError(`${where}.values: expected at most ${atlasLimits.domainValues}, got ${values.length}`);
  return {
    name: stringIn(fields.name, `${where}.name`),
    values,
    windows: countsIn(fields.windows, `${where}.windows`, values.length),
    tokens: countsIn(fields.tokens, `${where}.tokens`, values.length),
    counts: countsIn(fields.counts, `${where}.counts`, L * values.length * E),
    share: estimatesIn(fields.share, `${where}.share`, L * values.length * E),
  };
}

function topWindowsIn(value: unknown, where: string, { L, E }: Size, windows: number): Atlas['topWindows'] {
  const { window, tokens } = objectIn(value, where);
  const length = L * E * atlasLimits.topWindows;
  const places = numbersIn(window, `${where}.window`, length);
  const wrong = places.find((place) => !Number.isInteger(place) || place < -1 || place >= windows);
  if (wrong !== undefined)
    throw new DataError(`${where}.window: expected windows below ${windows}, or -1, got ${shown(wrong)}`);
  return { window: places, tokens: countsIn(tokens, `${where}.tokens`, length) };
}
