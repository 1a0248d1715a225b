/**
 * Byte pairs as Hugging Face's `tokenizer.json`: a byte-level BPE model with the mask as its only special token, which
 * their libraries load. Written in full, read strictly: a file with anything that would encode otherwise (a normaliser,
 * a prefix space, a post-processor that adds tokens, truncation, other special tokens), or that we do not know, is
 * refused. Not here: other models than byte-level BPE.
 */
import { DataError, named, shown } from '../base/errors.ts';
import { type BytePairs, byteOrder, idOfByte, keyOf, type Merge, plainByteCount } from './bytePairs.ts';

/**
 * Unlike `_`, no text is likely to hold it: Hugging Face's libraries find special tokens inside texts, and we refuse
 * texts that hold it.
 */
export const maskToken = '<|mask|>';

export interface HuggingFaceJSON {
  readonly version: '1.0';
  readonly truncation: null;
  readonly padding: null;
  readonly added_tokens: readonly Readonly<Record<string, string | number | boolean>>[];
  readonly normalizer: null;
  readonly pre_tokenizer: Readonly<Record<string, string | boolean>>;
  readonly post_processor: null;
  readonly decoder: Readonly<Record<string, string | boolean>>;
  readonly model: {
    readonly type: 'BPE';
    readonly dropout: null;
    readonly unk_token: null;
    readonly continuing_subword_prefix: null;
    readonly end_of_word_suffix: null;
    readonly fuse_unk: false;
    readonly byte_fallback: false;
    readonly ignore_merges: false;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges: readonly string[];
  };
}

/** One printable character per byte (GPT-2): plain bytes stand for themselves, the rest follows from U+0100. */
const signs: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const id = idOfByte[byte];
  return String.fromCharCode(id < plainByteCount ? byte : 0x100 + id - plainByteCount);
});
const byteOfSign = new Map(signs.map((sign, byte) => [sign, byte]));

const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true } as const;

/** The file's content. */
export function bytePairsToJSON({ tokens, merges }: BytePairs): HuggingFaceJSON {
  const spelled = tokens.map((bytes) => Array.from(bytes, (byte) => signs[byte]).join(''));
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [{ id: tokens.length, content: maskToken, ...flags }],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(spelled.map((token, id) => [token, id])),
      merges: merges.map(({ left, right }) => `${spelled[left]} ${spelled[right]}`),
    },
  };
}

/** Whether a file is of Hugging Face's format, readable or not. */
export function isHuggingFaceJSON(value: object): boolean {
  return 'model' in value && 'added_tokens' in value;
}

/** Reads what `bytePairsToJSON` gave or what is equal to it in effect. Throws `DataError` naming what differs. */
export function bytePairsFromJSON(value: object, where: string): BytePairs {
  expectMeans(value, fileMeans, '', where);
  const { model, added_tokens: special } = value as { model: Record<string, unknown>; added_tokens: unknown };
  const tokens = readTokens(model.vocab, where);
  const merges = readMerges(model.merges, tokens, where);
  const [mask, ...more] = Array.isArray(special) ? special : [];
  if (more.length > 0 || objectOf(mask).id !== tokens.length) {
    throw new DataError(
      `${where}: expected one special token, the mask, with id ${tokens.length} (one past the vocabulary), got ${shown(special)}`,
    );
  }
  expectMeans(mask, maskMeans, 'added_tokens[0].', where);
  return { tokens, merges };
}

/**
 * What the parts of an object may say for a file to encode as we do: one of these values (null where it is left out, an
 * object where it has parts of its own), or anything, because it is read elsewhere or bears on no encoding.
 */
interface Means {
  readonly [name: string]: readonly (string | number | boolean | null | Means)[] | Means | 'any';
}

/** Elsewhere than before the model it moves offsets, and changes no token. */
const byteLevelAfter: Means = {
  type: ['ByteLevel'],
  add_prefix_space: 'any',
  trim_offsets: 'any',
  use_regex: 'any',
};

const fileMeans: Means = {
  version: ['1.0', null],
  truncation: [null],
  padding: [null],
  added_tokens: 'any',
  normalizer: [null],
  pre_tokenizer: { ...byteLevelAfter, add_prefix_space: [false], use_regex: [true, null] },
  post_processor: [null, byteLevelAfter],
  decoder: byteLevelAfter,
  model: {
    type: ['BPE'],
    dropout: [null, 0],
    // Every byte is a token, so nothing is unknown.
    unk_token: 'any',
    fuse_unk: 'any',
    continuing_subword_prefix: [null, ''],
    end_of_word_suffix: [null, ''],
    byte_fallback: [null, false],
    ignore_merges: [null, false],
    vocab: 'any',
    merges: 'any',
  },
};

const maskMeans: Means = {
  id: 'any',
  content: [maskToken],
  single_word: [null, false],
  lstrip: [null, false],
  rstrip: [null, false],
  // Of a text that is not normalised both are the same.
  normalized: 'any',
  special: [true],
};

/** Throws `DataError` naming the first part that says something else, or that is not known. */
function expectMeans(value: unknown, means: Means, path: string, where: string): void {
  const parts = objectOf(value);
  for (const [name, wanted] of Object.entries(means)) {
    if (wanted === 'any') continue;
    const got = parts[name] ?? null;
    const values = isList(wanted) ? wanted : [];
    const inside = isList(wanted) ? wanted.find(isMeans) : wanted;
    if (values.some((one) => one === got)) continue;
    if (inside && (got !== null || values.length === 0)) {
      expectMeans(got, inside, `${path}${name}.`, where);
      continue;
    }
    const words = values.map(shown).join(' or ');
    throw new DataError(`${where}: expected byte-level BPE with ${path}${name} ${words}, got ${shown(parts[name])}`);
  }
  const other = Object.keys(parts).find((name) => !Object.hasOwn(means, name));
  if (other !== undefined) {
    throw new DataError(`${where}: expected byte-level BPE without ${path}${named(other)}, got ${shown(parts[other])}`);
  }
}

function isList<T>(value: readonly T[] | Means): value is readonly T[] {
  return Array.isArray(value);
}

const isMeans = (value: unknown): value is Means => typeof value === 'object' && value !== null;

function readTokens(vocab: unknown, where: string): Uint8Array[] {
  const entries = Object.entries(objectOf(vocab));
  const tokens = new Array<Uint8Array | undefined>(entries.length).fill(undefined);
  for (const [token, id] of entries) {
    const bytes = Array.from(token, (sign) => byteOfSign.get(sign) ?? -1);
    const isFree = typeof id === 'number' && id in tokens && tokens[id] === undefined;
    if (!isFree || bytes.length === 0 || bytes.includes(-1)) {
      throw new DataError(
        `${where}: expected model.vocab to give bytes the ids from 0 to ${entries.length - 1}, got ${shown(token)} with ${shown(id)}`,
      );
    }
    tokens[id] = Uint8Array.from(bytes);
  }
  const whole = tokens as Uint8Array[];
  const misplaced = byteOrder.findIndex((byte, id) => whole[id]?.length !== 1 || whole[id][0] !== byte);
  if (misplaced >= 0) {
    throw new DataError(
      `${where}: expected model.vocab to begin with the 256 bytes in GPT-2's order, got another token ${misplaced} than ${shown(signs[byteOrder[misplaced]])}`,
    );
  }
  return whole;
}

/** Merges as pairs or as text with a space between the two, which no token holds. */
function readMerges(value: unknown, tokens: readonly Uint8Array[], where: string): Merge[] {
  if (!Array.isArray(value)) throw new DataError(`${where}: expected a list of model.merges, got ${shown(value)}`);
  const idOf = new Map(tokens.map((bytes, id) => [keyOf(bytes), id]));
  const tokenOf = (spelled: unknown) =>
    typeof spelled === 'string'
      ? Array.from(spelled, (sign) => String.fromCharCode(byteOfSign.get(sign) ?? 0x100)).join('')
      : '\u0100';
  const merged = new Set<number>();
  const pairs = new Set<number>();
  const merges = value.map((entry: unknown) => {
    const parts: unknown[] = Array.isArray(entry) ? entry : typeof entry === 'string' ? entry.split(' ') : [];
    const [first, second] = parts.map(tokenOf);
    const left = idOf.get(first);
    const right = idOf.get(second);
    const into = idOf.get(first + second);
    if (parts.length !== 2 || left === undefined || right === undefined || into === undefined) {
      throw new DataError(`${where}: expected merges of two tokens into a third, got ${shown(entry)}`);
    }
    const pair = left * tokens.length + right;
    if (pairs.has(pair)) throw new DataError(`${where}: expected each merge once, got ${shown(entry)} again`);
    pairs.add(pair);
    merged.add(into);
    return { left, right, into };
  });
  const unreached = tokens.findIndex((_, id) => id >= byteOrder.length && !merged.has(id));
  if (unreached >= 0) {
    throw new DataError(`${where}: expected a merge into every longer token, got none into token ${unreached}`);
  }
  return merges;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
