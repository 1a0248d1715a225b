/**
 * The text of a run, ready to train on: tokenizer, batches by step, held-out windows, and the floor of the loss where
 * it is known. The parts are in `src/data`.
 */
import { DataError } from '../config/errors.ts';
import type { Experiment } from '../config/schema.ts';
import { createBatches, evaluationWindows } from '../data/batches.ts';
import { loadCorpus } from '../data/corpora.ts';
import { defaultMarkovSource, entropyOfWindow } from '../data/markov.ts';
import { validateText } from '../data/ownText.ts';
import { prepareDataset } from '../data/splits.ts';
import type { Tokenizer } from '../data/tokenizers.ts';
import type { TrainingText } from './trainingLoop.ts';

export interface RunText extends TrainingText {
  readonly tokenizer: Tokenizer;
  /** At most `count` windows (W, T) spread evenly over the held-out text. */
  validationWindows(count: number): Uint32Array;
  /** Tokens per character of the held-out text: 1 for a character tokenizer. */
  readonly tokensPerCharacter: number;
  /** Sentence about what is held out. */
  readonly split: string;
  /** Entropy of a window in bits per character, where the source's is known. */
  readonly floorBpc: number | null;
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
  if (data.corpus !== 'custom') return (await loadCorpus(data.corpus, fetchText)).text;
  if (!own) throw new DataError('text: expected your own text for data.corpus "custom", got none');
  return validateText(own.content, data, own.where);
}

/** Tokenizes, splits and batches a text. Throws `DataError` when it is too short for the window. */
export function prepareText({ data, training }: Experiment, text: string, tokenizer?: Tokenizer): RunText {
  const dataset = prepareDataset(text, data, tokenizer);
  const { sequenceLength: T } = data;
  const batches = createBatches(dataset.train, {
    sequenceLength: T,
    batchSize: training.batchSize,
    seed: training.seed,
  });
  const held = dataset.validation;
  return {
    tokenizer: dataset.tokenizer,
    batchAt: (step) => batches.batchAt(step),
    validationWindows: (count) => evaluationWindows(held, T, count),
    tokensPerCharacter: held.length / dataset.tokenizer.countCharacters(held),
    split: dataset.description,
    floorBpc: data.corpus === 'markov' ? entropyOfWindow(defaultMarkovSource(), T) : null,
  };
}

/** Windows of a whole text under a tokenizer, and its tokens per character: evaluation on text of one's own. */
export function windowsOfText(
  { data }: Experiment,
  text: string,
  tokenizer: Tokenizer,
  count: number,
): { windows: Uint32Array; tokensPerCharacter: number } {
  const tokens = tokenizer.encode(text);
  const windows = evaluationWindows(tokens, data.sequenceLength, count);
  return { windows, tokensPerCharacter: tokens.length / tokenizer.countCharacters(tokens) };
}
