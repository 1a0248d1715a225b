/**
 * Synthetic tasks as prompts with answers, whose answers are right or wrong: sums and sorted lists. Written as one pair
 * per line, prompt and answer with a tab between them, in the form of a person's own pairs (`pairs.ts`).
 */
import { integerAt, streams } from '../base/random.ts';
import { shuffle } from './batches.ts';

/** Steps of the tasks' random stream, apart from those of the Markov source (0 and 1). */
const draws = { lists: 2, order: 3 };
const seed = 20;

/** Sums of two numbers from 0 to this. */
const largestOperand = 99;
/** Lists of 3 to 5 digits. */
const listLengths = [3, 4, 5];
const listCount = 8000;

/**
 * `12+07=` and `019`: every sum of two numbers from 0 to 99, 10,000 in all, in a random order. Numbers have all their
 * places, so that each digit stands where its like do: a small model then learns sums within a minute.
 */
export function additionText(): string {
  const size = largestOperand + 1;
  const lines = Array.from({ length: size * size }, (_, i) => {
    const [a, b] = [Math.floor(i / size), i % size];
    return `${digits(a, 2)}+${digits(b, 2)}=\t${digits(a + b, 3)}`;
  });
  return inOrder(lines);
}

function digits(number: number, places: number): string {
  return String(number).padStart(places, '0');
}

/** `sort 3 1 2 = ` and `1 2 3`: 8,000 different lists of digits. */
export function sortingText(): string {
  const lists = new Set<string>();
  for (let draw = 0; lists.size < listCount; draw++) {
    const at = (i: number, bound: number) => integerAt(bound, seed, streams.source, draws.lists, draw * 8 + i);
    const length = listLengths[at(0, listLengths.length)];
    lists.add(Array.from({ length }, (_, i) => at(i + 1, 10)).join(' '));
  }
  return inOrder(Array.from(lists, (list) => `sort ${list} = \t${list.split(' ').sort().join(' ')}`));
}

function inOrder(lines: string[]): string {
  return shuffle(lines, (bound, i) => integerAt(bound, seed, streams.source, draws.order, i)).join('\n');
}
