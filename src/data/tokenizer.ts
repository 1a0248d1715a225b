/** What every tokenizer can do. The kinds are in `tokenizers.ts` and `bytePairTokenizer.ts`. */
import type { Experiment } from '../config/schema.ts';
import type { HuggingFaceJSON } from './huggingFaceTokenizer.ts';

export type TokenizerKind = Experiment['data']['tokenizer'];

export interface Tokenizer {
  readonly kind: TokenizerKind;
  /** V: token ids without the mask. */
  readonly vocabularySize: number;
  /** V, the last id. */
  readonly maskId: number;
  /** Ids of a text. Throws `DataError` naming a character that has none, and where it stands. */
  encode(text: string): Uint32Array;
  /** Text of ids; masks become `_`, bytes that are no UTF-8 become `<0xNN>`. Throws `DataError` for other ids. */
  decode(ids: ArrayLike<number>): string;
  /** Text of one token, the mask included, for labels: bytes that spell no character alone become `<0xNN>`. */
  tokenText(id: number): string;
  /**
   * Characters (code points) that begin in the ids: what "per character" counts. A mask counts as one. Parts of a
   * sequence sum to the whole, wherever it is cut.
   */
  countCharacters(ids: ArrayLike<number>): number;
  /** Plain data for `tokenizer.json`, read back by `tokenizerFromJSON`. */
  toJSON(): PlainTokenizerJSON | HuggingFaceJSON;
}

export type PlainKind = Exclude<TokenizerKind, 'bpe'>;

export interface PlainTokenizerJSON {
  readonly format: 'sdlm-tokenizer';
  readonly version: 1;
  readonly kind: PlainKind;
  /** Characters by id; absent for bytes, where the id is the byte. */
  readonly characters?: readonly string[];
  readonly maskToken: string;
  readonly maskTokenId: number;
  /** Windows are always full. */
  readonly padTokenId: null;
}
