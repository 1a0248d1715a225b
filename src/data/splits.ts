/**
 * The split into text to train on and text held out: by position, the end is held out. Each side is encoded for
 * itself, so that no window reaches across. Not here: which windows of a side are drawn (`batches.ts`).
 */
import { DataError, unnamedText } from '../base/errors.ts';
import { whole } from '../base/format.ts';
import type { Experiment } from '../config/schema.ts';
import { expectNoMaskToken } from './bytePairTokenizer.ts';
import type { Tokenizer } from './tokenizer.ts';
import { tokenizerFor } from './tokenizers.ts';

export interface Split {
  /** Offset in the text, in UTF-16 units, where what is trained on ends. */
  readonly trainEnd: number;
  /** Offset in the text, in UTF-16 units, where the held-out part begins. */
  readonly boundary: number;
  /** Characters that are trained on, left out between the two sides, and held out. */
  readonly trainCharacters: number;
  readonly unusedCharacters: number;
  readonly validationCharacters: number;
}

/** What the tokens of a text depend on. */
export type DatasetSettings = Pick<
  Experiment['data'],
  'tokenizer' | 'vocabularySize' | 'validationShare' | 'trainingCharacters'
>;

export interface Dataset {
  readonly tokenizer: Tokenizer;
  readonly train: Uint32Array;
  readonly validation: Uint32Array;
  readonly split: Split;
  /** One sentence or two that say what is held out and what the model may know of it. */
  readonly description: string;
}

/**
 * Where the held-out part begins: after the first (1 - validationShare) of the text, never inside a character.
 */
export function splitBoundary(text: string, validationShare: number): number {
  return beforeCharacter(text, Math.floor(text.length * (1 - validationShare)));
}

/** Where the part that is trained on ends: at the boundary, or after `trainingCharacters` where that is sooner. */
export function trainingEnd(text: string, boundary: number, trainingCharacters: number): number {
  const isShortened = trainingCharacters > 0 && trainingCharacters < boundary;
  return isShortened ? beforeCharacter(text, trainingCharacters) : boundary;
}

/** An offset in UTF-16 units, moved back where it would cut a character in two. */
function beforeCharacter(text: string, offset: number): number {
  const isInside = offset > 0 && /[\ud800-\udbff]/.test(text[offset - 1]) && /[\udc00-\udfff]/.test(text[offset]);
  return isInside ? offset - 1 : offset;
}

/**
 * Tokenizes and splits a text, with the tokenizer of an earlier run if one is given. Throws `DataError` for a character
 * that the given tokenizer does not know, and for the mask's name where it means the mask; whether a side holds a window is for `expectWindows` to say.
 */
export function encodeDataset(text: string, data: DatasetSettings, given?: Tokenizer): Dataset {
  // Of the whole text, so that the place is one in it, and before merges are learned.
  if ((given?.kind ?? data.tokenizer) === 'bpe') expectNoMaskToken(text);
  const boundary = splitBoundary(text, data.validationShare);
  const trainEnd = trainingEnd(text, boundary, data.trainingCharacters);
  const trainingText = text.slice(0, trainEnd);
  const tokenizer = given ?? tokenizerFor(data, text, trainingText);
  const train = tokenizer.encode(trainingText);
  const validation = tokenizer.encode(text.slice(boundary));
  const split = {
    boundary,
    trainEnd,
    trainCharacters: tokenizer.countCharacters(train),
    unusedCharacters: Array.from(text.slice(trainEnd, boundary)).length,
    validationCharacters: tokenizer.countCharacters(validation),
  };
  return { tokenizer, train, validation, split, description: describeSplit(split, tokenizer.kind) };
}

/** Throws `DataError` unless both sides hold one window of T tokens. */
export function expectWindows(train: number, validation: number, T: number, path: string = unnamedText): void {
  if (train >= T && validation >= T) return;
  throw new DataError(
    `expected at least one window of ${T} tokens to train on and one held out, got ${train} and ${validation}; take a longer text, a shorter window (data.sequenceLength), another data.validationShare or more data.trainingCharacters`,
    { path },
  );
}

/** The split in words, for the page, the command line and the run directory. */
export function describeSplit(
  { trainCharacters, unusedCharacters, validationCharacters }: Split,
  kind: Tokenizer['kind'],
): string {
  const all = trainCharacters + unusedCharacters + validationCharacters;
  const percent = (part: number) => `${Number(((100 * part) / all).toFixed(1))} %`;
  const parts = `The first ${percent(trainCharacters)} of the text (${whole(trainCharacters)} characters) is trained on, the last ${percent(validationCharacters)} (${whole(validationCharacters)}) is held out and never trained on.`;
  switch (kind) {
    case 'character':
      return `${parts} Only the list of characters is taken from the whole text.`;
    case 'byte':
      return parts;
    case 'bpe':
      return `${parts} Subwords are learned from the first part alone; the last one is spelled with them, and with single bytes where they do not reach.`;
    default:
      return kind satisfies never;
  }
}
