/**
 * Byte pairs as Hugging Face's `tokenizer.json`: a byte-level BPE model with the mask as its only special token, which
 * their libraries load. Written in full, read strictly: a file with anything that would encode otherwise (a normaliser,
 * a prefix space, more special tokens) is refused. Not here: other models than byte-level BPE.
 */
import { DataError, shown } from '../base/errors.ts';
import { type BytePairs, byteOrder, idOfByte, type Merge, plainByteCount } from './bytePairs.ts';

/** Unlike `_`, no text is likely to hold it: Hugging Face's libraries find special tokens inside texts. */
const maskToken = '<|mask|>';

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
  const file = value as Record<string, unknown>;
  const model = objectOf(file.model);
  for (const [name, got, wanted] of requirements(file, model)) {
    if (!wanted.includes(got ?? null)) {
      throw new DataError(
        `${where}: expected byte-level BPE with ${name} ${wanted.map(shown).join(' or ')}, got ${shown(got)}`,
      );
    }
  }
  const tokens = readTokens(model.vocab, where);
  const merges = readMerges(model.merges, tokens, where);
  const special = file.added_tokens;
  const isMask = Array.isArray(special) && special.length === 1 && objectOf(special[0]).id === tokens.length;
  if (!isMask) {
    throw new DataError(
      `${where}: expected one special token, the mask, with id ${tokens.length} (one past the vocabulary), got ${shown(special)}`,
    );
  }
  return { tokens, merges };
}

/** What must hold for a file to encode as we do: name, what is there, what may be. */
function requirements(file: Record<string, unknown>, model: Record<string, unknown>): [string, unknown, unknown[]][] {
  const before = objectOf(file.pre_tokenizer);
  return [
    ['model.type', model.type, ['BPE']],
    ['pre_tokenizer.type', before.type, ['ByteLevel']],
    ['pre_tokenizer.add_prefix_space', before.add_prefix_space, [false]],
    ['pre_tokenizer.use_regex', before.use_regex, [true, null]],
    ['decoder.type', objectOf(file.decoder).type, ['ByteLevel']],
    ['normalizer', file.normalizer, [null]],
    ['model.dropout', model.dropout, [null, 0]],
    ['model.continuing_subword_prefix', model.continuing_subword_prefix, [null, '']],
    ['model.end_of_word_suffix', model.end_of_word_suffix, [null, '']],
    ['model.ignore_merges', model.ignore_merges, [null, false]],
  ];
}

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
  const idOf = new Map(tokens.map((bytes, id) => [String.fromCharCode(...bytes), id]));
  const tokenOf = (spelled: unknown) =>
    typeof spelled === 'string'
      ? Array.from(spelled, (sign) => String.fromCharCode(byteOfSign.get(sign) ?? 0x100)).join('')
      : '\u0100';
  const merged = new Set<number>();
  const merges = value.map((entry: unknown) => {
    const parts: unknown[] = Array.isArray(entry) ? entry : String(entry).split(' ');
    const [first, second] = parts.map(tokenOf);
    const left = idOf.get(first);
    const right = idOf.get(second);
    const into = idOf.get(first + second);
    if (parts.length !== 2 || left === undefined || right === undefined || into === undefined) {
      throw new DataError(`${where}: expected merges of two tokens into a third, got ${shown(entry)}`);
    }
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
