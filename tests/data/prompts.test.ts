/** Prompts: every text can be written, holes stand where they are put, and what cannot be used is a fault of the prompt. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../../src/base/errors.ts';
import { piecesOf, textOfPiece } from '../../src/data/prompts.ts';
import { byteTokenizer, characterTokenizer, encodePrompt, tokenizerFor } from '../../src/data/tokenizers.ts';
import { promptWords } from '../../src/ui/decoding/promptWords.ts';

/** Writes texts with a hole between each two, by the words beside the field: `\_` is an underscore, `\\_` a hole. */
const written = (pieces: readonly string[]): string =>
  pieces
    .map((text, at) => {
      const escaped = text.replace(/(\\*)_/g, '$1$1\\_');
      return at < pieces.length - 1 ? escaped.replace(/(\\*)$/, '$1$1') : escaped;
    })
    .join('_');

const piece = fc.oneof(
  fc.string({ unit: fc.constantFrom('a', 'the', ' ', '_', '\\', '.', '\n', 'é', '😀'), maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }).filter((text) => !/\p{Surrogate}/u.test(text)),
);
const pieces = fc.array(piece, { minLength: 1, maxLength: 5 });

test('any text with any holes can be written, and is read as it was meant', () => {
  fc.assert(
    fc.property(pieces, (texts) => {
      expect(piecesOf(written(texts)).map(textOfPiece)).toEqual(texts);
    }),
    { numRuns: 1000 },
  );
});

test.each([
  ['snake\\_case', ['snake_case']],
  ['a_b', ['a', 'b']],
  ['a__b', ['a', '', 'b']],
  ['a\\\\_b', ['a\\', 'b']],
  ['a\\\\\\_b', ['a\\_b']],
  ['C:\\new\\\\files\\', ['C:\\new\\\\files\\']],
  ['', ['']],
])('%s', (prompt, texts) => {
  expect(piecesOf(prompt).map(textOfPiece)).toEqual(texts);
});

describe.each(['character', 'byte', 'bpe'] as const)('with a %s tokenizer', (kind) => {
  const over = (text: string) => tokenizerFor({ tokenizer: kind, vocabularySize: 300 }, text, text);

  test('a text that is written as a prompt encodes as itself, spaces and all', () => {
    fc.assert(
      fc.property(piece, (text) => {
        const tokenizer = over(`${text} _\\a the the`);
        expect(encodePrompt(tokenizer, written([text]))).toEqual(tokenizer.encode(text));
        expect(encodePrompt(tokenizer, text, false)).toEqual(tokenizer.encode(text));
      }),
    );
  });

  test('there is one mask per hole, between the tokens of what is around it', () => {
    fc.assert(
      fc.property(pieces, (texts) => {
        const tokenizer = over(`${texts.join('')} _\\a the the`);
        const ids = encodePrompt(tokenizer, written(texts));
        expect(ids.filter((id) => id === tokenizer.maskId)).toHaveLength(texts.length - 1);
        if (kind === 'bpe') return;
        const expected = texts.flatMap((text, at) => [
          ...(at > 0 ? [tokenizer.maskId] : []),
          ...tokenizer.encode(text),
        ]);
        expect([...ids]).toEqual(expected);
      }),
    );
  });

  test('a prompt of a hundred thousand characters and holes is read', () => {
    const tokenizer = over('a _');
    expect(encodePrompt(tokenizer, '_'.repeat(2e5))).toHaveLength(2e5);
    expect(encodePrompt(tokenizer, 'a\\_'.repeat(2e5)).length).toBeGreaterThan(0);
    expect(encodePrompt(tokenizer, `_${' '.repeat(2e5)}_`).length).toBeGreaterThan(1);
  });

  test('half a character is a fault of the prompt', () => {
    for (const [prompt, place] of [
      ['\ud800', 1],
      ['a_a\ud800', 4],
      ['a\\_\udc00a', 4],
    ] as const) {
      for (const hasHoles of [true, false]) {
        expect(() => encodePrompt(over('a_\\'), prompt, hasHoles)).toThrow(DataError);
        expect(() => encodePrompt(over('a_\\'), prompt, hasHoles)).toThrow(/^prompt: expected .* as character \d+$/);
        expect(() => encodePrompt(over('a_\\'), prompt)).toThrow(new RegExp(`as character ${place}$`));
      }
    }
  });
});

test('a character that the model does not know is named with its place in what was typed', () => {
  const tokenizer = characterTokenizer(['a', 'b']);
  const faultOf = (prompt: string, hasHoles = true) => {
    try {
      return encodePrompt(tokenizer, prompt, hasHoles).length;
    } catch (error) {
      return (error as DataError).message;
    }
  };
  expect(faultOf('a_é')).toBe('prompt: expected characters that the model knows, got "é" (U+00E9) as character 3');
  expect(faultOf('a_b\\_')).toBe('prompt: expected characters that the model knows, got "_" (U+005F) as character 5');
  expect(faultOf('a\\\\_')).toBe(
    'prompt: expected characters that the model knows, got "\\\\" (U+005C) as character 2',
  );
  expect(faultOf('a_', false)).toMatch(/^prompt: .*as it is, without holes\), got "_" \(U\+005F\) as character 2$/);
});

describe('a hole among subwords', () => {
  const text = 'Call me Ishmael. a fine day, a long day; say "so" (or not)!\nthe end '.repeat(9);
  const tokenizer = tokenizerFor({ tokenizer: 'bpe', vocabularySize: 400 }, text, text);
  const M = tokenizer.maskId;
  const ids = (prompt: string) => [...encodePrompt(tokenizer, prompt)];
  const of = (part: string) => [...tokenizer.encode(part)];

  test.each([
    // Its token brings the space before it; the next word has one of its own, and a full stop none.
    ['Call me _ .', [...of('Call me'), M, ...of('.')]],
    ['Call me _.', [...of('Call me'), M, ...of('.')]],
    ['a __ day', [...of('a'), M, M, ...of(' day')]],
    ['a _ _ day', [...of('a'), M, M, ...of(' day')]],
    ['a   _   day', [...of('a'), M, ...of(' day')]],
    ['say _ "so"', [...of('say'), M, ...of(' "so"')]],
    ['( _ )', [...of('('), M, ...of(')')]],
    ['a _ ', [...of('a'), M]],
    [' _ \nthe end', [M, ...of('\nthe end')]],
    // Within a word there is nothing to swallow.
    ['a_day', [...of('a'), M, ...of('day')]],
    ['snake\\_case', of('snake_case')],
    ['a \\_ day', of('a _ day')],
    ['a ', of('a ')],
  ])('%s', (prompt, expected) => {
    expect(ids(prompt)).toEqual(expected);
  });

  test('is never beside a token of spaces alone', () => {
    const part = fc.constantFrom('a', 'day', ' ', '  ', '_', '.', '"', '\n', '(');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const tokens = ids(parts.join(''));
        tokens.forEach((id, at) => {
          if (id !== M && /^ +$/.test(tokenizer.tokenText(id))) {
            expect(tokens[at + 1]).not.toBe(M);
            // A word whose first bytes are no token with the space before them keeps it as one of its own.
            if (tokens[at - 1] === M) expect(tokens.length).toBeGreaterThan(at + 1);
          }
        });
      }),
      { numRuns: 500 },
    );
  });

  test('cannot be written by the name of the mask', () => {
    expect(() => ids('a <|mask|> day')).toThrow('prompt: expected no "<|mask|>"');
    expect(() => ids('a_\n<|mask|> day')).toThrow('got one at character 4 (line 2)');
  });
});

test('with bytes and characters a space is a space', () => {
  expect(byteTokenizer().decode(encodePrompt(byteTokenizer(), 'Call me _ .'))).toBe('Call me _ .');
});

test('the words beside the field say how to write an underscore where there are holes', () => {
  for (const subwords of [true, false]) {
    for (const isPairs of [true, false]) {
      expect(promptWords('diffusion', subwords, isPairs).description).toContain(
        '_ is a hole to fill, \\_ an underscore.',
      );
    }
    expect(promptWords('block-diffusion', subwords, false).description).toContain('\\_ an underscore');
    expect(promptWords('autoregressive', subwords, false).description).not.toContain('hole');
  }
});
