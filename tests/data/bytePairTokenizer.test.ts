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

  test('finds the mask in a text by its name, which we refuse with its place, and encodes all else as we do', () => {
    const tokenizer = learn('abc <|mask> mask|> abc '.repeat(9), 300);
    const library = theirs(tokenizer);
    const part = fc.constantFrom('<|mask|>', '<|', 'mask', '|>', '<|mask', '|mask|>', ' ', '\n', 'a', 'é', '😀', '_');
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), (parts) => {
        const text = parts.join('');
        const { ids } = library.encode(text);
        const at = text.indexOf('<|mask|>');
        expect(ids.includes(tokenizer.maskId)).toBe(at >= 0);
        if (at < 0) {
          expect([...tokenizer.encode(text)]).toEqual(ids);
          return;
        }
        const before = text.slice(0, at);
        const place = `at character ${[...before].length + 1} (line ${before.split('\n').length})`;
        expect(() => tokenizer.encode(text)).toThrow(
          `text: expected no "<|mask|>", which means the mask in tokenizer.json, got one ${place}`,
        );
      }),
      { numRuns: 500 },
    );
  });

  test.each([0.2, 0.85, 0.95])(
    'refuses a corpus with the name of the mask at %f of it, in either part or across',
    (at) => {
      const words = 'abc def\n'.repeat(100);
      const cut = Math.floor(words.length * at);
      const text = `${words.slice(0, cut)}<|mask|>${words.slice(cut)}`;
      const settings = { vocabularySize: 300, validationShare: 0.1, trainingCharacters: 100 };
      const place = `text: expected no "<|mask|>", which means the mask in tokenizer.json, got one at character ${cut + 1} (`;
      const given = learn(words, 300);
      for (const tokenizer of [undefined, given]) {
        expect(() => encodeDataset(text, { ...settings, tokenizer: 'bpe' }, tokenizer)).toThrow(place);
      }
      // To characters and bytes it is a text as any other.
      for (const tokenizer of ['character', 'byte'] as const) {
        const { validation, tokenizer: made, split } = encodeDataset(text, { ...settings, tokenizer });
        expect(made.decode(validation)).toBe(text.slice(split.boundary));
      }
    },
  );

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
    expect(tokenizer.decode(ids)).toBe('the_the__');
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
  const [mask] = good.added_tokens;
  const withMask = (changed: object) => ({ ...good, added_tokens: [{ ...mask, ...changed }] });

  test('reads merges written as pairs, and a file from elsewhere that means the same', () => {
    const pairs = good.model.merges.map((merge) => merge.split(' '));
    const { version, ...rest } = model({ merges: pairs, dropout: undefined, unk_token: '<unk>' });
    const read = tokenizerFromJSON(JSON.parse(JSON.stringify({ ...rest, version })));
    expect(throughFile(read)).toEqual(good);
  });

  test('what may differ changes no token in their library', () => {
    const byteLevel = { type: 'ByteLevel', add_prefix_space: true, trim_offsets: false, use_regex: false };
    const { use_regex: _, ...before } = good.pre_tokenizer;
    const { single_word: _single, ...bare } = mask;
    const same: unknown[] = [
      { ...good, post_processor: byteLevel },
      { ...good, decoder: byteLevel },
      { ...good, pre_tokenizer: { ...before, trim_offsets: false } },
      { ...good, added_tokens: [{ ...bare, normalized: true }] },
      model({ unk_token: '<unk>', fuse_unk: true, dropout: 0, continuing_subword_prefix: '', end_of_word_suffix: '' }),
    ];
    for (const value of same) {
      const file = JSON.parse(JSON.stringify(value));
      const [read, library] = [tokenizerFromJSON(file), new HuggingFaceTokenizer(file, {})];
      expect(throughFile(read)).toEqual(good);
      for (const text of odd) expect([...read.encode(text)]).toEqual(library.encode(text).ids);
    }
  });

  test.each<[string, unknown, string]>([
    [
      'a post-processor that adds tokens',
      { ...good, post_processor: { type: 'TemplateProcessing', single: [], pair: [], special_tokens: {} } },
      'post_processor.type "ByteLevel", got "TemplateProcessing"',
    ],
    ['a post-processor that is no object', { ...good, post_processor: 'x' }, 'post_processor.type "ByteLevel", got no'],
    ['truncation', { ...good, truncation: { max_length: 4 } }, 'truncation null, got {"max_length":4}'],
    ['padding', { ...good, padding: { strategy: 'BatchLongest' } }, 'padding null, got {"strategy":"BatchLongest"}'],
    ['a later version', { ...good, version: '2.0' }, 'version "1.0" or null, got "2.0"'],
    ['another mask', withMask({ content: '[MASK]' }), 'added_tokens[0].content "<|mask|>", got "[MASK]"'],
    ['a mask that is not special', withMask({ special: false }), 'added_tokens[0].special true, got false'],
    ['a mask that eats spaces', withMask({ lstrip: true }), 'added_tokens[0].lstrip null or false, got true'],
    ['a mask that eats spaces after it', withMask({ rstrip: true }), 'added_tokens[0].rstrip null or false, got true'],
    ['a mask between words alone', withMask({ single_word: true }), 'added_tokens[0].single_word null or false, got'],
    ['an unknown rule for the mask', withMask({ kept: true }), 'without added_tokens[0].kept, got true'],
    ['an unknown part', { ...good, prompt: 'x' }, 'byte-level BPE without prompt, got "x"'],
    ['an unknown rule of the model', model({ lowercase: true }), 'byte-level BPE without model.lowercase, got true'],
    [
      'a pattern of its own',
      { ...good, pre_tokenizer: { ...good.pre_tokenizer, pattern: '\\d' } },
      'without pre_tokenizer.pattern',
    ],
    [
      'words that are not split',
      { ...good, pre_tokenizer: { ...good.pre_tokenizer, use_regex: false } },
      'pre_tokenizer.use_regex true or null, got false',
    ],
    ['several pre-tokenizers', { ...good, pre_tokenizer: { type: 'Sequence', pretokenizers: [] } }, 'got "Sequence"'],
    ['bytes for what is unknown', model({ byte_fallback: true }), 'model.byte_fallback null or false, got true'],
    ['whole words first', model({ ignore_merges: true }), 'model.ignore_merges null or false, got true'],
    [
      'a prefix of pieces',
      model({ continuing_subword_prefix: '##' }),
      'continuing_subword_prefix null or "", got "##"',
    ],
    ['an end of words', model({ end_of_word_suffix: '</w>' }), 'model.end_of_word_suffix null or "", got "</w>"'],
    ['a merge twice', model({ merges: [...good.model.merges, good.model.merges[0]] }), 'expected each merge once'],
    ['a merge that is no text', model({ merges: [...good.model.merges, { a: 1 }] }), 'got {"a":1}'],
    ['tokens in a list', model({ vocab: ['a'] }), 'expected model.vocab to give bytes the ids from 0 to 0'],
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
      { ...good, added_tokens: [mask, { id: 260 }] },
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
