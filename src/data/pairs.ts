/**
 * Prompts with answers, for learning to answer (LLaDA 2502.09992, section 2.3): reading them, and holding some out. How
 * they become tokens is in `pairBatches.ts`.
 *
 * One pair per line: prompt, tab, answer; or JSON with "prompt" and "answer". The answer follows its prompt directly,
 * so a prompt ends as it should be read, e.g. with "=" or a space. A line break ends an answer, so no answer holds one.
 */
import { DataError, shown, unnamedText } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { integerAt, streams } from '../base/random.ts';
import type { Experiment } from '../config/schema.ts';
import { shuffle } from './batches.ts';

export interface Pair {
  readonly prompt: string;
  readonly answer: string;
}

export interface PairSplit {
  readonly train: readonly Pair[];
  readonly validation: readonly Pair[];
}

/** What a line holds; a `DataError`'s words from "expected" on, without the line. */
type Outcome = Pair | string;

/**
 * The pairs of a text, blank lines left out. Throws `DataError` naming the line for one that is no pair, and for a text
 * with fewer than two different prompts.
 */
export function parsePairs(text: string, where: string = unnamedText): Pair[] {
  const isJson = text.trimStart().startsWith('{');
  const pairs: Pair[] = [];
  text.split('\n').forEach((line, index) => {
    if (line.trim() === '') return;
    const outcome = expectBoth(isJson ? readJson(line) : readTabbed(line));
    if (typeof outcome === 'string') throw new DataError(`in line ${index + 1}, expected ${outcome}`, { path: where });
    pairs.push(outcome);
  });
  const prompts = new Set(pairs.map(({ prompt }) => prompt)).size;
  if (prompts < 2) {
    throw new DataError(`expected at least 2 different prompts, one to train on and one held out, got ${prompts}`, {
      path: where,
    });
  }
  return pairs;
}

function readTabbed(line: string): Outcome {
  const [prompt, answer, ...more] = line.split('\t');
  if (answer === undefined)
    return `a prompt, a tab and an answer (or JSON from the first line on), got no tab in ${shown(line)}`;
  if (more.length > 0) return `one tab between prompt and answer, got ${more.length + 1} in ${shown(line)}`;
  return { prompt, answer };
}

function readJson(line: string): Outcome {
  let value: unknown;
  try {
    value = parseJson(line, 'line');
  } catch {
    return `JSON with "prompt" and "answer" as on the first line, got ${shown(line)}`;
  }
  const { prompt, answer } = (value ?? {}) as Record<string, unknown>;
  if (typeof prompt !== 'string') return `"prompt" as text, got ${shown(prompt)}`;
  if (typeof answer !== 'string') return `"answer" as text, got ${shown(answer)}`;
  return { prompt, answer };
}

function expectBoth(outcome: Outcome): Outcome {
  if (typeof outcome === 'string') return outcome;
  const { prompt, answer } = outcome;
  if (prompt === '') return `a prompt before the answer ${shown(answer)}, got none`;
  if (answer.trim() === '') return `an answer to ${shown(prompt)}, got none`;
  if (answer.includes('\n')) return `an answer without line breaks (one ends it), got ${shown(answer)}`;
  return outcome;
}

/**
 * What of a pair must not be on both sides of a split. Sums with the numbers swapped, and lists with the same digits,
 * would give their answers away.
 */
const kinships: Readonly<Partial<Record<Experiment['data']['corpus'], (pair: Pair) => string>>> = {
  addition: ({ prompt }) => prompt.slice(0, -1).split('+').sort().join('+'),
  sorting: ({ answer }) => answer,
};

/**
 * Holds out about `share` of the pairs: whole families of related ones, pairs with the same prompt at least, chosen at
 * random but alike for every run. There is at least one on each side.
 */
export function splitPairs(pairs: readonly Pair[], corpus: Experiment['data']['corpus'], share: number): PairSplit {
  const kinship = kinships[corpus] ?? (({ prompt }: Pair) => prompt);
  const families = new Map<string, Pair[]>();
  for (const pair of pairs) {
    const family = families.get(kinship(pair));
    if (family) family.push(pair);
    else families.set(kinship(pair), [pair]);
  }
  const order = shuffle([...families.values()], (bound, i) =>
    integerAt(bound, splitSeed, streams.source, splitStep, i),
  );
  const validation: Pair[] = [...order[0]];
  let next = 1;
  while (next < order.length - 1 && validation.length < share * pairs.length)
    for (const pair of order[next++]) validation.push(pair);
  const train = order.slice(next).flat();
  return { train, validation };
}

const splitSeed = 20;
const splitStep = 4;
