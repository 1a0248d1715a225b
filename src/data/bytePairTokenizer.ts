/**
 * A tokenizer of byte pairs: encodes by applying the learned merges in their order within each word, as Hugging Face's
 * libraries do. Nothing is unknown to it, because every byte is a token. Not here: learning merges (`bytePairs.ts`).
 */
import { DataError, unnamedText } from '../base/errors.ts';
import { type BytePairs, forEachWord, idOfByte } from './bytePairs.ts';
import { bytePairsToJSON, maskToken } from './huggingFaceTokenizer.ts';
import { createNumberHeap } from './numberHeap.ts';
import type { Tokenizer } from './tokenizer.ts';
import { byteLabel, expectWholeCharacters, maskByte, textOfBytes } from './utf8.ts';

/** Distinct words kept with their ids: texts repeat themselves. */
const maximumCachedWords = 100_000;
const positions = 2 ** 32;

/** The tokenizer of learned merges. */
export function bytePairTokenizer(pairs: BytePairs): Tokenizer {
  const { tokens } = pairs;
  const maskId = tokens.length;
  const encodeWord = wordEncoder(pairs);
  const textEncoder = new TextEncoder();
  const words = new Map<string, Uint32Array>();
  const idsOf = (word: string): Uint32Array => {
    let ids = words.get(word);
    if (!ids) {
      ids = encodeWord(textEncoder.encode(word));
      if (words.size < maximumCachedWords) words.set(word, ids);
    }
    return ids;
  };
  /** Bytes of tokens, with `maskByte` for the mask. */
  const bytesOf = (ids: ArrayLike<number>): number[] =>
    Array.from(ids, (id) => {
      if (id === maskId) return [maskByte];
      if (!tokens[id]) throw new DataError(`token: expected an id from 0 to ${maskId}, got ${id}`);
      return [...tokens[id]];
    }).flat();
  // A character begins with every byte that does not continue one; a token may hold its end without its beginning.
  const begun = Uint32Array.from(tokens, (bytes) => bytes.filter((byte) => (byte & 0xc0) !== 0x80).length);
  return {
    kind: 'bpe',
    vocabularySize: maskId,
    maskId,
    encode: (text) => {
      expectWholeCharacters(text);
      expectNoMaskToken(text);
      let ids = new Uint32Array(Math.max(16, text.length));
      let length = 0;
      forEachWord(text, (word) => {
        const added = idsOf(word);
        if (length + added.length > ids.length) {
          const longer = new Uint32Array(2 * ids.length + added.length);
          longer.set(ids);
          ids = longer;
        }
        ids.set(added, length);
        length += added.length;
      });
      return ids.slice(0, length);
    },
    decode: (ids) => textOfBytes(bytesOf(ids)),
    tokenText: (id) => {
      const bytes = bytesOf([id]);
      return bytes.length === 1 ? byteLabel(bytes[0]) : textOfBytes(bytes);
    },
    countCharacters: (ids) => {
      let count = 0;
      for (let i = 0; i < ids.length; i++) count += ids[i] === maskId ? 1 : begun[ids[i]];
      return count;
    },
    toJSON: () => bytePairsToJSON(pairs),
  };
}

/**
 * Throws `DataError` with the place of the mask's name: libraries that read our `tokenizer.json` take it for the mask,
 * and a mask is nothing that a text could hold.
 */
export function expectNoMaskToken(text: string): void {
  const at = text.indexOf(maskToken);
  if (at < 0) return;
  const before = text.slice(0, at);
  let characters = 0;
  for (const _ of before) characters += 1;
  const line = before.split('\n').length;
  throw new DataError(
    `expected no "${maskToken}", which means the mask in tokenizer.json, got one at character ${characters + 1} (line ${line})`,
    { path: unnamedText },
  );
}

/**
 * Ids of a word's bytes: the earliest merge of all that apply, leftmost first, until none does. O(n log n) in the
 * word's length, since a text without spaces is one word.
 */
function wordEncoder({ tokens, merges }: BytePairs): (bytes: Uint8Array) => Uint32Array {
  const ranks = new Map(merges.map(({ left, right }, rank) => [left * tokens.length + right, rank]));
  return (bytes) => {
    const ids = Int32Array.from(bytes, (byte) => idOfByte[byte]);
    const end = ids.length;
    const next = Int32Array.from(ids, (_, at) => at + 1);
    const previous = Int32Array.from(ids, (_, at) => at - 1);
    // Entries order by rank, then by position; one that no longer holds is skipped.
    const heap = createNumberHeap();
    const offer = (at: number) => {
      if (at < 0 || next[at] >= end) return;
      const rank = ranks.get(ids[at] * tokens.length + ids[next[at]]);
      if (rank !== undefined) heap.push(rank * positions + at);
    };
    for (let at = 0; at < end; at++) offer(at);
    for (let entry = heap.pop(); entry !== undefined; entry = heap.pop()) {
      const at = entry % positions;
      const { left, right, into } = merges[Math.floor(entry / positions)];
      const after = next[at];
      if (ids[at] !== left || after >= end || ids[after] !== right) continue;
      ids[at] = into;
      ids[after] = -1;
      next[at] = next[after];
      if (next[after] < end) previous[next[after]] = at;
      offer(previous[at]);
      offer(at);
    }
    return Uint32Array.from(ids.filter((id) => id >= 0));
  };
}
