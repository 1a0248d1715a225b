/**
 * The tokenizer of byte pairs against Hugging Face's own JavaScript library, which reads our `tokenizer.json` and has
 * to give the same ids; and what their file may not hold.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';
import * as fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { corporaDirectory, prepareCorpora } from '../../scripts/corpora/prepare.mjs';
import { DataError } from '../../src/base/errors.ts';
import { type CorpusId, corpora, loadCorpus } from '../../src/data/corpora.ts';
import type { HuggingFaceJSON } from '../../src/data/huggingFaceTokenizer.ts';
import { encodeDataset } from '../../src/data/splits.ts';
import type { Tokenizer } from '../../src/data/tokenizer.ts';
import { encodePrompt, tokenizerFor, tokenizerFromJSON } from '../../src/data/tokenizers.ts';
import { parseRun } from '../../src/model/weights.ts';

const fetchText = async (path: string) => readFileSync(join(corporaDirectory, '..', path), 'utf8');
const learn = (text: string, vocabularySize: number) => tokenizerFor({ tokenizer: 'bpe', vocabularySize }, text, text);
const throughFile = (tokenizer: Tokenizer) => JSON.parse(JSON.stringify(tokenizer)) as HuggingFaceJSON;
const theirs = (tokenizer: Tokenizer) => new HuggingFaceTokenizer(throughFile(tokenizer), {});

const odd = [
  'naïve café — “quoted” … 日本語の文章、\u3000全角。 Ἀχιλῆος',
  '😀👩‍👩‍👧‍👦🏳️‍🌈 e\u0301 a\u0308\u0323 \u200d\ufe0f\ufeff',
  'line\r\nline\rline\n\n\n  indented\n\ttab \t \n',
  '   leading and trailing   ',
  ' ',
  '\n',
  "it's we'll they'd I'm you've IT'S ' 's",
  '12 345,678.90 x2 ２３ ½ Ⅷ',
  'snake_case __init__ a_b <mask> [MASK] <|endoftext|>',
  '\u0000\u0001\u007f\u0085\u00a0\u00ad\u2028\u2029\uffff\u{10ffff}',
  '---------- ========= .......... !!!???',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.repeat(40),
];

/** Any text of whole characters. */
const anyText = fc
  .string({ unit: 'binary', maxLength: 80 })
  .filter((text) => !/\p{Surrogate}/u.test(text) && !text.includes('<|mask|>'));

beforeAll(() => {
  prepareCorpora();
});

describe("Hugging Face's library", () => {
  test.each(Object.keys(corpora) as CorpusId[])('encodes %s identically', async (id) => {
    const whole = (await loadCorpus(id, fetchText)).text;
    // Their library takes seconds per million characters, and longer for the Markov source, which is a single word: of
    // the longest text the beginning and the end, of that word the beginning.
    const text =
      id === 'markov'
        ? whole.slice(0, 30_000)
        : whole.length > 2_000_000
          ? whole.slice(0, 400_000) + whole.slice(-400_000)
          : whole;
    const { tokenizer, train, validation } = encodeDataset(text, {
      tokenizer: 'bpe',
      vocabularySize: 2048,
      validationShare: 0.1,
      trainingCharacters: 0,
    });
    const library = theirs(tokenizer);
    const boundary = Math.floor(text.length * 0.9);
    expect(library.encode(text.slice(0, boundary)).ids).toEqual([...train]);
    expect(library.encode(text.slice(boundary)).ids).toEqual([...validation]);
    expect(library.decode([...validation], { clean_up_tokenization_spaces: false })).toBe(text.slice(boundary));
    expect(tokenizer.decode(validation)).toBe(text.slice(boundary));
  });

  test('encodes odd texts identically, trained on them or not', async () => {
    const { text } = await loadCorpus('sonnets', fetchText);
    for (const tokenizer of [learn(text, 512), learn(odd.join('\n').repeat(3), 1024)]) {
      const library = theirs(tokenizer);
      for (const one of odd) {
        expect([...tokenizer.encode(one)], JSON.stringify(one)).toEqual(library.encode(one).ids);
        expect(tokenizer.decode(tokenizer.encode(one))).toBe(one);
      }
      fc.assert(
        fc.property(anyText, (one) => {
          expect([...tokenizer.encode(one)]).toEqual(library.encode(one).ids);
          expect(tokenizer.decode(tokenizer.encode(one))).toBe(one);
        }),
      );
    }
  });

  test('knows the mask as a special token', () => {
    const tokenizer = learn('abcabc', 300);
    const library = theirs(tokenizer);
    expect(library.encode('a<|mask|>b').ids).toEqual([...encodePrompt(tokenizer, 'a_b')]);
    expect(library.decode([tokenizer.maskId])).toBe('<|mask|>');
    expect(library.get_vocab().size).toBe(tokenizer.vocabularySize + 1);
  });
});

test("the bundled model's subwords are those that its configuration learns", async () => {
  const bundled = (name: string) => readFileSync(join('public/pretrained', name), 'utf8');
  const { data } = parseRun(bundled('config.json'), 'config.json').experiment;
  const { text } = await loadCorpus(data.corpus as CorpusId, fetchText);
  expect(throughFile(encodeDataset(text, data).tokenizer)).toEqual(JSON.parse(bundled('tokenizer.json')));
});

describe('byte pairs', () => {
  const tokenizer = learn('the thé the thé 😀😀 the 😀 ', 300);

  test('a token that is part of a character counts once over any cut of the sequence', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), (text, at) => {
        const ids = tokenizer.encode(text);
        const cut = at % (ids.length + 1);
        const whole = tokenizer.countCharacters(ids);
        expect(whole).toBe([...text].length);
        expect(tokenizer.countCharacters(ids.subarray(0, cut)) + tokenizer.countCharacters(ids.subarray(cut))).toBe(
          whole,
        );
      }),
    );
  });

  test('shows what is no character byte by byte, masks as holes and pieces of words as they are', () => {
    const [e2, x82, xac] = tokenizer.encode('€');
    expect(tokenizer.decode([e2, tokenizer.maskId, xac])).toBe('<0xE2>_<0xAC>');
    expect(tokenizer.decode([tokenizer.encode('a')[0], e2, x82, xac])).toBe('a€');
    expect([...tokenizer.encode(' the')].map(tokenizer.tokenText)).toEqual([' the']);
    expect([...tokenizer.encode('😀')].map(tokenizer.tokenText)).toEqual(['😀']);
    expect(tokenizer.tokenText(e2)).toBe('<0xE2>');
    expect(() => tokenizer.decode([tokenizer.maskId + 1])).toThrow('token: expected an id from 0 to');
  });

  test('a hole is one token, wherever it stands in a word', () => {
    const ids = encodePrompt(tokenizer, 'the_the __');
    expect(tokenizer.decode(ids)).toBe('the_the __');
    expect(ids.filter((id) => id === tokenizer.maskId)).toHaveLength(3);
  });

  test('are learned from the training part alone, and spell the rest in bytes', () => {
    const text = `${'abc '.repeat(200)}${'xyz '.repeat(20)}`;
    const settings = { tokenizer: 'bpe', vocabularySize: 4096, validationShare: 0.1 } as const;
    const data = encodeDataset(text, { ...settings, trainingCharacters: 0 });
    const learned = Array.from({ length: data.tokenizer.vocabularySize - 256 }, (_, i) =>
      data.tokenizer.tokenText(256 + i),
    );
    expect(learned.join('')).toMatch(/^[abc ]+$/);
    expect(data.tokenizer.decode(data.validation)).toBe(text.slice(data.split.boundary));
    expect(data.split.validationCharacters).toBe(text.length - data.split.boundary);
    const short = encodeDataset(`${'klm '.repeat(20)}${text}`, { ...settings, trainingCharacters: 80 });
    expect(short.tokenizer.vocabularySize).toBe(256 + 3);
  });

  test('encode a word of a million characters', () => {
    const start = performance.now();
    expect(tokenizer.decode(tokenizer.encode('the'.repeat(300_000)))).toHaveLength(900_000);
    expect(performance.now() - start).toBeLessThan(20_000);
  });
});

describe('tokenizer.json of Hugging Face', () => {
  const good = throughFile(learn('abc\nabc\nabd\nabd', 259));
  const model = (changed: object) => ({ ...good, model: { ...good.model, ...changed } });

  test('reads merges written as pairs, and a file from elsewhere that means the same', () => {
    const pairs = good.model.merges.map((merge) => merge.split(' '));
    const { version, ...rest } = model({ merges: pairs, dropout: undefined, unk_token: '<unk>' });
    const read = tokenizerFromJSON(JSON.parse(JSON.stringify({ ...rest, version })));
    expect(throughFile(read)).toEqual(good);
  });

  test.each<[string, unknown, string]>([
    ['another model', model({ type: 'WordPiece' }), 'byte-level BPE with model.type "BPE", got "WordPiece"'],
    ['BPE without bytes', { ...good, pre_tokenizer: { type: 'Metaspace' } }, 'pre_tokenizer.type "ByteLevel"'],
    ['no pre-tokenizer', { ...good, pre_tokenizer: null }, 'pre_tokenizer.type "ByteLevel", got nothing'],
    ['a normaliser', { ...good, normalizer: { type: 'NFC' } }, 'normalizer null, got {"type":"NFC"}'],
    [
      'a prefix space',
      { ...good, pre_tokenizer: { ...good.pre_tokenizer, add_prefix_space: true } },
      'pre_tokenizer.add_prefix_space false, got true',
    ],
    ['dropout', model({ dropout: 0.1 }), 'model.dropout null or 0, got 0.1'],
    ['no mask', { ...good, added_tokens: [] }, 'expected one special token, the mask, with id 259'],
    [
      'more special tokens',
      { ...good, added_tokens: [{ id: 259 }, { id: 260 }] },
      'expected one special token, the mask, with id 259',
    ],
    ['a mask within the vocabulary', { ...good, added_tokens: [{ id: 3 }] }, 'with id 259 (one past the vocabulary)'],
    ['ids with a gap', model({ vocab: { ...good.model.vocab, abcd: 300 } }), 'the ids from 0 to 259, got "abcd"'],
    ['an id twice', model({ vocab: { ...good.model.vocab, abcd: 3 } }), 'the ids from 0 to 259, got "abcd" with 3'],
    ['a token of no bytes', model({ vocab: { ...good.model.vocab, 日: 259 } }), 'got "日" with 259'],
    [
      'bytes in another order',
      model({ vocab: { ...good.model.vocab, a: good.model.vocab.b, b: good.model.vocab.a } }),
      'the 256 bytes in GPT-2\'s order, got another token 64 than "a"',
    ],
    ['no merges', model({ merges: undefined }), 'expected a list of model.merges, got nothing'],
    ['a merge into nothing', model({ merges: [...good.model.merges, 'd d'] }), 'got "d d"'],
    ['a merge of three', model({ merges: ['a b c'] }), 'got "a b c"'],
    ['a token without a merge', model({ merges: [] }), 'a merge into every longer token, got none into token 256'],
  ])('refuses %s', (_, value, sentence) => {
    expect(() => tokenizerFromJSON(value)).toThrow(DataError);
    expect(() => tokenizerFromJSON(value)).toThrow(sentence);
  });
});
