/**
 * Tokenizers: one token per character, per byte of UTF-8, or per subword (`bytePairTokenizer.ts`). Ids run from 0; the
 * mask is the last id, one past the vocabulary, and belongs to the diffusion process rather than to the text. What all of
 * them can do is in `tokenizer.ts`.
 *
 * The vocabulary of characters comes from the whole text, held-out part included. That gives away which characters
 * exist, never where. The alternative, a shared "unknown" token for characters that training never saw, would make
 * several characters one: the bound in bits per character would then no longer be a bound on the text.
 */
import { DataError, namingText, shown, unnamedText } from '../base/errors.ts';
import { greatest } from '../base/numbers.ts';
import type { Experiment } from '../config/schema.ts';
import { trainBytePairs } from './bytePairs.ts';
import { bytePairTokenizer, expectNoMaskToken } from './bytePairTokenizer.ts';
import { bytePairsFromJSON, isHuggingFaceJSON } from './huggingFaceTokenizer.ts';
import { besideHoles, type PromptPiece, pieceOf, piecesOf, textOfPiece } from './prompts.ts';
import type { PlainKind, PlainTokenizerJSON, Tokenizer } from './tokenizer.ts';
import { byteLabel, expectWholeCharacters, maskByte, maskText, textOfBytes } from './utf8.ts';

/**
 * The tokenizer for a text whose beginning is trained on. Characters are listed over the whole text; merges are learned
 * from the training part alone (bytes need neither). Throws `DataError` for an empty text or half a character.
 */
export function tokenizerFor(
  { tokenizer: kind, vocabularySize }: Pick<Experiment['data'], 'tokenizer' | 'vocabularySize'>,
  text: string,
  trainingText: string,
): Tokenizer {
  switch (kind) {
    case 'character':
      return characterTokenizer(charactersOf(text));
    case 'byte':
      return byteTokenizer();
    case 'bpe':
      expectWholeCharacters(trainingText);
      return bytePairTokenizer(trainBytePairs(trainingText, vocabularySize));
    default:
      return kind satisfies never;
  }
}

/** The distinct characters of a text in the order of their code points. Throws `DataError` when there is none. */
export function charactersOf(text: string): string[] {
  expectWholeCharacters(text);
  const isPresent = new Uint8Array(0x110000);
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    isPresent[code] = 1;
  }
  const codes: number[] = [];
  isPresent.forEach((present, code) => {
    if (present) codes.push(code);
  });
  if (codes.length === 0) throw new DataError('expected at least one character, got none', { path: unnamedText });
  return codes.map((code) => String.fromCodePoint(code));
}

/** A tokenizer whose ids are positions in `characters`: single code points, each once. */
export function characterTokenizer(characters: readonly string[]): Tokenizer {
  const maskId = characters.length;
  const codes = characters.map((character) => character.codePointAt(0)!);
  // Id + 1 by code point, 0 where there is none: texts have millions of characters.
  const idOf = new Uint32Array(greatest(codes) + 1);
  codes.forEach((code, id) => {
    idOf[code] = id + 1;
  });
  return {
    kind: 'character',
    vocabularySize: characters.length,
    maskId,
    encode: (text) => {
      const ids = new Uint32Array(text.length);
      let length = 0;
      for (let i = 0; i < text.length; i++) {
        const code = text.codePointAt(i)!;
        if (code > 0xffff) i++;
        const id = code < idOf.length ? idOf[code] : 0;
        if (id === 0) {
          throw new DataError(
            `expected only the ${characters.length} characters of the model's vocabulary, got ${codeName(code)} as character ${length + 1}`,
            { path: unnamedText },
          );
        }
        ids[length++] = id - 1;
      }
      return ids.slice(0, length);
    },
    decode: (ids) => Array.from(ids, (id) => textOf(characters, id)).join(''),
    tokenText: (id) => textOf(characters, id),
    countCharacters: (ids) => ids.length,
    toJSON: () => ({ ...header('character', maskId), characters }),
  };
}

/** The tokenizer of UTF-8 bytes: id = byte. */
export function byteTokenizer(): Tokenizer {
  const maskId = maskByte;
  return {
    kind: 'byte',
    vocabularySize: maskId,
    maskId,
    encode: (text) => {
      expectWholeCharacters(text);
      return new Uint32Array(new TextEncoder().encode(text));
    },
    decode: textOfBytes,
    tokenText: byteLabel,
    countCharacters: (ids) => {
      // Every byte but a continuation begins a character; the mask (256) counts as well.
      let count = 0;
      for (let i = 0; i < ids.length; i++) if ((ids[i] & 0xc0) !== 0x80) count++;
      return count;
    },
    toJSON: () => header('byte', maskId),
  };
}

/** Reads what `toJSON` gave. Throws `DataError` beginning with `where` for anything else. */
export function tokenizerFromJSON(value: unknown, where = 'tokenizer.json'): Tokenizer {
  if (typeof value !== 'object' || value === null)
    throw new DataError(`${where}: expected an object, got ${shown(value)}`);
  if (isHuggingFaceJSON(value)) return bytePairTokenizer(bytePairsFromJSON(value, where));
  const { format, version, kind, characters, maskToken, maskTokenId, padTokenId, ...more } = value as Record<
    string,
    unknown
  >;
  if (format !== 'sdlm-tokenizer' || version !== 1) {
    throw new DataError(
      `${where}: expected format "sdlm-tokenizer", version 1, or Hugging Face's, got ${shown(format)}, version ${shown(version)}`,
    );
  }
  const [other] = Object.keys(more);
  if (other !== undefined)
    throw new DataError(
      `${where}: expected format, version, kind, characters and the mask, got ${shown(other)} as well`,
    );
  for (const [name, got, wanted] of [
    ['maskToken', maskToken ?? maskText, maskText],
    ['padTokenId', padTokenId ?? null, null],
  ] as const) {
    if (got !== wanted) throw new DataError(`${where}: expected ${name} ${shown(wanted)}, got ${shown(got)}`);
  }
  if (kind === 'byte' && characters !== undefined) {
    throw new DataError(`${where}: expected no characters of kind "byte", got ${shown(characters)}`);
  }
  const tokenizer = kind === 'byte' ? byteTokenizer() : readCharacters(where, kind, characters);
  if (maskTokenId !== tokenizer.maskId) {
    throw new DataError(
      `${where}: expected maskTokenId ${tokenizer.maskId} (one past the vocabulary), got ${shown(maskTokenId)}`,
    );
  }
  return tokenizer;
}

function readCharacters(where: string, kind: unknown, characters: unknown): Tokenizer {
  if (kind !== 'character') throw new DataError(`${where}: expected kind "character" or "byte", got ${shown(kind)}`);
  if (!Array.isArray(characters) || characters.length === 0) {
    throw new DataError(`${where}: expected a list of characters, got ${shown(characters)}`);
  }
  const seen = new Set<unknown>();
  characters.forEach((character: unknown, id) => {
    if (typeof character !== 'string' || !isCharacter(character)) {
      throw new DataError(`${where}: expected one character for token ${id}, got ${shown(character)}`);
    }
    if (seen.has(character)) {
      throw new DataError(`${where}: expected each character once, got ${shown(character)} again for token ${id}`);
    }
    seen.add(character);
  });
  return characterTokenizer(characters as string[]);
}

/** Whether a text is one code point, and no half of one. */
function isCharacter(text: string): boolean {
  const code = text.codePointAt(0) ?? 0xd800;
  return text.length === (code > 0xffff ? 2 : 1) && (code & 0x1ff800) !== 0xd800;
}

/**
 * Ids of a prompt as it is written (`prompts.ts`), or as it is where it has no holes. Among subwords a hole swallows the
 * spaces around it. Throws `DataError` about the prompt for characters outside the vocabulary.
 */
export function encodePrompt(tokenizer: Tokenizer, prompt: string, hasHoles = true): Uint32Array {
  return namingText('prompt', () => {
    if (tokenizer.kind === 'bpe') expectNoMaskToken(prompt);
    const pieces = hasHoles ? piecesOf(prompt) : [pieceOf(prompt)];
    const encoded = pieces.map((piece, at) => {
      const text = textOfPiece(piece);
      const beside = { isAfter: at > 0, isBefore: at < pieces.length - 1 };
      try {
        return tokenizer.encode(tokenizer.kind === 'bpe' ? besideHoles(text, beside) : text);
      } catch (error) {
        throw unknownIn(tokenizer, piece, hasHoles) ?? error;
      }
    });
    const ids = new Uint32Array(encoded.reduce((sum, { length }) => sum + length + 1, -1));
    let length = 0;
    for (const piece of encoded) {
      ids.set(piece, length);
      length += piece.length;
      if (length < ids.length) ids[length++] = tokenizer.maskId;
    }
    return ids;
  });
}

/** What is wrong with the first character that cannot be encoded alone; null where each can. */
function unknownIn(tokenizer: Tokenizer, piece: PromptPiece, hasHoles: boolean): DataError | null {
  for (const { character, place } of piece) {
    try {
      if (character !== null) tokenizer.encode(character);
    } catch {
      const how = !hasHoles && character === maskText ? ' (it continues the prompt as it is, without holes)' : '';
      return new DataError(
        `expected characters that the model knows${how}, got ${codeName(character!.codePointAt(0)!)} as character ${place}`,
        { path: unnamedText },
      );
    }
  }
  return null;
}

function header(kind: PlainKind, maskId: number): PlainTokenizerJSON {
  return { format: 'sdlm-tokenizer', version: 1, kind, maskToken: maskText, maskTokenId: maskId, padTokenId: null };
}

function textOf(characters: readonly string[], id: number): string {
  if (id === characters.length) return maskText;
  const text = characters[id];
  if (text === undefined) throw new DataError(`token: expected an id from 0 to ${characters.length}, got ${id}`);
  return text;
}

function codeName(code: number): string {
  return `${JSON.stringify(String.fromCodePoint(code))} (U+${code.toString(16).toUpperCase().padStart(4, '0')})`;
}
