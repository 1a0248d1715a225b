/**
 * Byte-level byte pair encoding, learned from a text: the most frequent pair of neighbouring tokens becomes one token,
 * again and again (Sennrich et al. 2016, arXiv 1508.07909, algorithm 1; on bytes as in GPT-2, Radford et al. 2019,
 * section 2.2). Every byte is a token, so any text can be spelled. Deterministic: of equally frequent pairs the one with
 * the smaller ids is merged. Not here: encoding (`bytePairTokenizer.ts`) and the file (`huggingFaceTokenizer.ts`).
 */
import { createNumberHeap } from './numberHeap.ts';

/** Two neighbouring tokens that become one. */
export interface Merge {
  readonly left: number;
  readonly right: number;
  readonly into: number;
}

export interface BytePairs {
  /** Bytes of each token by id; the first 256 are the single bytes in the order of `byteOrder`. */
  readonly tokens: readonly Uint8Array[];
  /** In the order in which they apply. */
  readonly merges: readonly Merge[];
}

/** A pair that occurs once teaches nothing that its two tokens do not. */
const minimumCount = 2;

/** Longer tokens would only stand for rules drawn with dashes and the like. */
const maximumTokenBytes = 64;

/** Words of GPT-2: a word takes the space before it along, and no token reaches across two words. */
const wordPattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

const isPlainByte = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad);
const allBytes = Array.from({ length: 256 }, (_, byte) => byte);

/** How many bytes GPT-2 writes as themselves: they come first in `byteOrder`. */
export const plainByteCount = allBytes.filter(isPlainByte).length;

/** Bytes by id: first those that GPT-2 writes as themselves, then all others, as Hugging Face's trainer has them. */
export const byteOrder: Uint8Array = Uint8Array.from([
  ...allBytes.filter(isPlainByte),
  ...allBytes.filter((byte) => !isPlainByte(byte)),
]);

/** The id of each single byte: the inverse of `byteOrder`. */
export const idOfByte: Uint8Array = (() => {
  const ids = new Uint8Array(256);
  byteOrder.forEach((byte, id) => {
    ids[byte] = id;
  });
  return ids;
})();

/** Calls `take` with each word of a text, in order; together they are the text. */
export function forEachWord(text: string, take: (word: string) => void): void {
  wordPattern.lastIndex = 0;
  for (let found = wordPattern.exec(text); found; found = wordPattern.exec(text)) take(found[0]);
}

/**
 * Learns at most `vocabularySize` tokens (256 bytes included; at most 4,096) from a text; fewer where no pair is left
 * that occurs twice.
 */
export function trainBytePairs(text: string, vocabularySize: number): BytePairs {
  const tokens = Array.from(byteOrder, (byte) => Uint8Array.of(byte));
  const merges: Merge[] = [];
  // Two ways of merging may spell one token (a + bc, ab + c): it keeps its id.
  const idOf = new Map(tokens.map((bytes, id) => [keyOf(bytes), id]));
  const chain = chainOf(text);
  const pairs = createPairs();
  chain.next.forEach((after, at) => {
    if (after >= 0) pairs.add(chain.symbols[at], chain.symbols[after], chain.weights[at], at);
  });
  pairs.offerChanged();
  while (tokens.length < vocabularySize) {
    const best = pairs.takeBest();
    if (!best) break;
    const [left, right, positions] = best;
    if (tokens[left].length + tokens[right].length > maximumTokenBytes) {
      pairs.forget(left, right);
      continue;
    }
    const bytes = Uint8Array.of(...tokens[left], ...tokens[right]);
    const into = idOf.get(keyOf(bytes)) ?? tokens.push(bytes) - 1;
    idOf.set(keyOf(bytes), into);
    const merge = { left, right, into };
    merges.push(merge);
    applyMerge(chain, pairs, merge, positions);
    pairs.offerChanged();
  }
  return { tokens, merges };
}

/** A text that is equal for equal bytes. */
export const keyOf = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');

/** The distinct words of a text, spelled in tokens that are linked to their neighbours within the word. */
interface Chain {
  /** Token at each position; -1 where it has gone into the one before it. */
  readonly symbols: Int32Array;
  /** Neighbouring positions, -1 at the ends of a word. */
  readonly next: Int32Array;
  readonly previous: Int32Array;
  /** How often the position's word occurs. */
  readonly weights: Uint32Array;
}

function chainOf(text: string): Chain {
  const counts = new Map<string, number>();
  forEachWord(text, (word) => counts.set(word, (counts.get(word) ?? 0) + 1));
  const encoder = new TextEncoder();
  const words = Array.from(counts, ([word, count]) => ({ bytes: encoder.encode(word), count }));
  const length = words.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const chain = {
    symbols: new Int32Array(length),
    next: new Int32Array(length),
    previous: new Int32Array(length),
    weights: new Uint32Array(length),
  };
  let at = 0;
  for (const { bytes, count } of words) {
    bytes.forEach((byte, i) => {
      chain.symbols[at] = idOfByte[byte];
      chain.previous[at] = i === 0 ? -1 : at - 1;
      chain.next[at] = i === bytes.length - 1 ? -1 : at + 1;
      chain.weights[at++] = count;
    });
  }
  return chain;
}

/** Merges a pair wherever it stands, from left to right, and keeps the counts of the pairs around it. */
function applyMerge(chain: Chain, pairs: Pairs, { left, right, into }: Merge, positions: readonly number[]): void {
  const { symbols, next, previous, weights } = chain;
  for (const at of positions) {
    const after = next[at];
    // A position may have changed since it was noted.
    if (symbols[at] !== left || after < 0 || symbols[after] !== right) continue;
    const before = previous[at];
    const beyond = next[after];
    const weight = weights[at];
    if (before >= 0) pairs.remove(symbols[before], left, weight);
    if (beyond >= 0) pairs.remove(right, symbols[beyond], weight);
    symbols[at] = into;
    symbols[after] = -1;
    next[at] = beyond;
    if (beyond >= 0) previous[beyond] = at;
    if (before >= 0) pairs.add(symbols[before], into, weight, before);
    if (beyond >= 0) pairs.add(into, symbols[beyond], weight, at);
  }
  pairs.forget(left, right);
}

/** How often each pair occurs and where; the most frequent one is found without looking at all. */
interface Pairs {
  add(left: number, right: number, weight: number, position: number): void;
  remove(left: number, right: number, weight: number): void;
  /** Drops a pair that has been merged away. */
  forget(left: number, right: number): void;
  /** Lets `takeBest` know of the pairs that have gained since. */
  offerChanged(): void;
  /** The most frequent pair and the positions that it may stand at, in order; null when none occurs twice. */
  takeBest(): [left: number, right: number, positions: number[]] | null;
}

function createPairs(): Pairs {
  const idBits = 2 ** 12;
  const keys = idBits * idBits;
  const counts = new Map<number, number>();
  const positions = new Map<number, number[]>();
  const gained = new Set<number>();
  // The heap holds key - count * keys: the largest count first, then the smallest ids. Entries grow stale when a count
  // falls; they are offered again with what is left.
  const heap = createNumberHeap();
  const offer = (key: number, count: number) => {
    if (count >= minimumCount) heap.push(key - count * keys);
  };
  return {
    add: (left, right, weight, position) => {
      const key = left * idBits + right;
      counts.set(key, (counts.get(key) ?? 0) + weight);
      const known = positions.get(key);
      if (known) known.push(position);
      else positions.set(key, [position]);
      gained.add(key);
    },
    remove: (left, right, weight) => {
      const key = left * idBits + right;
      counts.set(key, (counts.get(key) ?? 0) - weight);
    },
    forget: (left, right) => {
      counts.delete(left * idBits + right);
      positions.delete(left * idBits + right);
    },
    offerChanged: () => {
      for (const key of gained) offer(key, counts.get(key) ?? 0);
      gained.clear();
    },
    takeBest: () => {
      for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
        const offered = Math.ceil(-entry / keys);
        const key = entry + offered * keys;
        const count = counts.get(key) ?? 0;
        if (count === offered) {
          const sorted = (positions.get(key) ?? []).sort((a, b) => a - b);
          return [Math.floor(key / idBits), key % idBits, sorted];
        }
        if (count < offered) offer(key, count);
      }
      return null;
    },
  };
}
