/**
 * The text of a run, ready to train on: tokenizer, batches by step, held-out windows, and the floor of the loss where
 * it is known. The parts are in `src/data`.
 */

import { DataError, unnamedText } from '../base/errors.ts';
import { whole } from '../base/format.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import type { Experiment } from '../config/schema.ts';
import { createBatches, evaluationOffsets, evaluationWindows } from '../data/batches.ts';
import { expectNoMaskToken } from '../data/bytePairTokenizer.ts';
import { loadCorpus } from '../data/corpora.ts';
import { fingerprintOf } from '../data/fingerprint.ts';
import { defaultMarkovSource, entropyOfWindow } from '../data/markov.ts';
import { readableText, validateText } from '../data/ownText.ts';
import { createPairBatches, endIdOf, endText, type PairRows, pairRows, someRows } from '../data/pairBatches.ts';
import { type Pair, parsePairs, splitPairs } from '../data/pairs.ts';
import { type Dataset, encodeDataset, expectWindows } from '../data/splits.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { tokenizerFor } from '../data/tokenizers.ts';

/** The text of a run as the loop needs it. */
export interface TrainingText {
  /** Tokens (B, T) of a step: a function of the step alone, so that a resumed run goes on exactly. */
  batchAt(step: number): Uint32Array;
  /** Where the answers (B) of a step begin, if the text is prompts with answers. */
  answerStartsAt?(step: number): Uint32Array;
}

export interface RunText extends TrainingText {
  readonly tokenizer: Tokenizer;
  /** At most `count` windows (W, T) spread evenly over the held-out text. */
  validationWindows(count: number): Uint32Array;
  /** Of those, the place (W) of the middle token: the code points of the whole text before it. Null for prompts with answers. */
  middlesOf(count: number): Uint32Array | null;
  /** Windows in one pass over the text that is trained on. */
  readonly windowsPerEpoch: number;
  /** Tokens per character of the held-out text, counted in full: 1 for a character tokenizer. */
  readonly tokensPerCharacter: number;
  /** The same of the text trained on, for the loss of steps. */
  readonly trainTokensPerCharacter: number;
  /** Of all its tokens: differs for another text. */
  fingerprint(): string;
  /** Sentence about what is held out. */
  readonly split: string;
  /** Entropy of a window in bits per character, where the source's is known. */
  readonly floorBpc: number | null;
  /** Where the answers of held-out windows begin and what ends one; null for running text. */
  readonly answers: { readonly endId: number; startsOf(count: number): Uint32Array } | null;
}

/**
 * The text that a configuration names: a corpus, or the person's own (bytes or a string).
 * Throws `DataError` for own text that is missing, empty, too short, too long, binary or not UTF-8.
 */
export async function loadRunText(
  { data }: Experiment,
  own: { content: Uint8Array | string; where: string } | null,
  fetchText: (path: string) => Promise<string>,
): Promise<string> {
  if (data.corpus !== 'custom' && data.corpus !== 'pairs') return (await loadCorpus(data.corpus, fetchText)).text;
  if (!own)
    throw new DataError(`expected your own text for data.corpus "${data.corpus}", got none`, { path: unnamedText });
  return ownText(data, own.content, own.where);
}

/** A person's own text or pairs, checked. Throws `DataError` about `where`. */
export function ownText(data: Experiment['data'], content: Uint8Array | string, where: string): string {
  if (!corpusKind(data.corpus).isPairs) return validateText(content, data, where);
  const text = readableText(content, where);
  parsePairs(text, where);
  return text;
}

/**
 * Tokenizes, splits and batches a text, with the tokenizer of an earlier run if one is given. Throws `DataError` when it
 * is too short for the window, and `ConfigError` when a pair is too long for it.
 */
export function prepareText(experiment: Experiment, text: string, tokenizer?: Tokenizer): RunText {
  if (corpusKind(experiment.data.corpus).isPairs) return preparePairs(experiment, text, tokenizer);
  return batchText(experiment, encodeDataset(text, experiment.data, tokenizer));
}

/** Batches running text that is tokenized and split. Throws `DataError` when either side is shorter than a window. */
export function batchText({ data, training }: Experiment, dataset: Dataset): RunText {
  const { sequenceLength: T } = data;
  expectWindows(dataset.train.length, dataset.validation.length, T);
  const batches = createBatches(dataset.train, {
    sequenceLength: T,
    batchSize: training.batchSize,
    seed: training.seed,
  });
  const held = dataset.validation;
  // A window of subwords has no fixed number of symbols, and its ends tell of the symbols beyond them.
  const hasFloor = data.corpus === 'markov' && dataset.tokenizer.kind !== 'bpe';
  return {
    tokenizer: dataset.tokenizer,
    batchAt: (step) => batches.batchAt(step),
    validationWindows: (count) => evaluationWindows(held, T, count),
    middlesOf: (count) => {
      const before = dataset.split.trainCharacters + dataset.split.unusedCharacters;
      return evaluationOffsets(held.length, T, count).map(
        (offset) => before + dataset.tokenizer.countCharacters(held.subarray(0, offset + Math.floor(T / 2))),
      );
    },
    windowsPerEpoch: batches.windowsPerEpoch,
    fingerprint: () => fingerprintOf([dataset.train, held]),
    tokensPerCharacter: held.length / dataset.split.validationCharacters,
    trainTokensPerCharacter: dataset.train.length / dataset.split.trainCharacters,
    split: dataset.description,
    floorBpc: hasFloor ? entropyOfWindow(defaultMarkovSource(), T) : null,
    answers: null,
  };
}

/** The same for prompts with answers; "per character" then counts the characters of answers, their ends included. */
function preparePairs({ data, training }: Experiment, text: string, given?: Tokenizer): RunText {
  // Of the whole text, so that the place is one in it.
  if ((given?.kind ?? data.tokenizer) === 'bpe') expectNoMaskToken(text);
  const pairs = parsePairs(text);
  const split = splitPairs(pairs, data.corpus, data.validationShare);
  const written = (some: readonly Pair[]) => some.map(({ prompt, answer }) => prompt + answer + endText).join('');
  const tokenizer = given ?? tokenizerFor(data, written(pairs), written(split.train));
  const { sequenceLength: T } = data;
  const [train, held] = [split.train, split.validation].map((side) => pairRows(side, tokenizer, T));
  const batchAt = createPairBatches(train, { sequenceLength: T, batchSize: training.batchSize, seed: training.seed });
  return {
    tokenizer,
    batchAt: (step) => batchAt(step).tokens,
    answerStartsAt: (step) => batchAt(step).answerStarts,
    validationWindows: (count) => someRows(held, T, count).tokens,
    middlesOf: () => null,
    windowsPerEpoch: train.answerStarts.length,
    fingerprint: () => fingerprintOf([train, held].flatMap(({ tokens, answerStarts }) => [tokens, answerStarts])),
    tokensPerCharacter: answerTokensPerCharacter(held, tokenizer, T),
    trainTokensPerCharacter: answerTokensPerCharacter(train, tokenizer, T),
    split: `${whole(split.train.length)} of ${whole(pairs.length)} prompts with answers are trained on, ${whole(split.validation.length)} are held out and never trained on.`,
    floorBpc: null,
    answers: { endId: endIdOf(tokenizer), startsOf: (count) => someRows(held, T, count).answerStarts },
  };
}

function answerTokensPerCharacter({ tokens, answerStarts }: PairRows, tokenizer: Tokenizer, T: number): number {
  let [count, characters] = [0, 0];
  answerStarts.forEach((start, row) => {
    count += T - start;
    characters += tokenizer.countCharacters(tokens.subarray(row * T + start, (row + 1) * T));
  });
  return count / characters;
}

/** Windows of a whole text under a tokenizer, to evaluate on text of one's own. */
export interface EvaluationText {
  readonly windows: Uint32Array;
  readonly tokensPerCharacter: number;
  /** Where the answers of the windows begin and what ends one, where the text is prompts with answers. */
  readonly answers: { readonly starts: Uint32Array; readonly endId: number } | null;
}

/** At most `count` windows of a readable text, all of it. Throws `DataError` for one that is shorter than a window. */
export function windowsOfText({ data }: Experiment, text: string, tokenizer: Tokenizer, count: number): EvaluationText {
  const { sequenceLength: T } = data;
  if (tokenizer.kind === 'bpe') expectNoMaskToken(text);
  if (corpusKind(data.corpus).isPairs) {
    const rows = pairRows(parsePairs(text), tokenizer, T);
    const { tokens: windows, answerStarts: starts } = someRows(rows, T, count);
    const tokensPerCharacter = answerTokensPerCharacter(rows, tokenizer, T);
    return { windows, tokensPerCharacter, answers: { starts, endId: endIdOf(tokenizer) } };
  }
  const tokens = tokenizer.encode(text);
  const windows = evaluationWindows(tokens, T, count);
  return { windows, tokensPerCharacter: tokens.length / tokenizer.countCharacters(tokens), answers: null };
}

/** The held-out part of a run's text, to evaluate on. */
export function heldOut(text: RunText, count: number): EvaluationText {
  const { answers, tokensPerCharacter } = text;
  return {
    windows: text.validationWindows(count),
    tokensPerCharacter,
    answers: answers && { starts: answers.startsOf(count), endId: answers.endId },
  };
}

const shownPrompts = 64;

/** Held-out prompts by number, their answers masked; null for running text. */
export function promptsOf(text: RunText): ((index: number) => Uint32Array) | null {
  if (!text.answers) return null;
  const windows = text.validationWindows(shownPrompts);
  const starts = text.answers.startsOf(shownPrompts);
  const T = windows.length / starts.length;
  return (index) => {
    const row = index % starts.length;
    return windows.slice(row * T, (row + 1) * T).fill(text.tokenizer.maskId, starts[row]);
  };
}
