/** Prompts with answers: how they are read, what is held out, and which rows of tokens they become. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError, DataError } from '../../src/base/errors.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { createPairBatches, endText, pairRows, someRows } from '../../src/data/pairBatches.ts';
import { type Pair, parsePairs, splitPairs } from '../../src/data/pairs.ts';
import { additionText, sortingText } from '../../src/data/tasks.ts';
import { charactersOf, characterTokenizer } from '../../src/data/tokenizers.ts';
import { ownText, prepareText, promptsOf } from '../../src/train/text.ts';

test('lines with a tab and lines of JSON read alike; blank lines are left out', () => {
  const pairs = [
    { prompt: '1+1=', answer: '2' },
    { prompt: 'sort b a = ', answer: 'a b' },
  ];
  const tabbed = pairs.map(({ prompt, answer }) => `${prompt}\t${answer}`).join('\n\n');
  expect(parsePairs(`\n${tabbed}\n`)).toEqual(pairs);
  expect(parsePairs(pairs.map((pair) => JSON.stringify(pair)).join('\n'))).toEqual(pairs);
});

test.each([
  [
    'no tab',
    'a\tb\nc d',
    /^my\.tsv: in line 2, expected a prompt, a tab and an answer \(or JSON .*\), got no tab in "c d"$/,
  ],
  ['no answer', 'a\tb\n\nc=\t', /^my\.tsv: in line 3, expected an answer to "c=", got none$/],
  ['no prompt', '\tb\nc\td', /^my\.tsv: in line 1, expected a prompt before the answer "b", got none$/],
  ['two tabs', 'a\tb\nc\td\te', /in line 2, expected one tab .*, got 2/],
  ['one prompt only', 'a\tb\na\tc', /^my\.tsv: expected at least 2 different prompts, .*, got 1$/],
  ['broken JSON', '{"prompt":"a","answer":"b"}\n{"prompt":', /in line 2, expected JSON with "prompt" and "answer"/],
  [
    'JSON without an answer',
    '{"prompt":"a","answer":"b"}\n{"prompt":"c"}',
    /in line 2, expected "answer" as text, got/,
  ],
  ['an answer of two lines', '{"prompt":"a","answer":"b\\nc"}', /in line 1, expected an answer without line breaks/],
  ['JSON that is no object', '{"prompt":"a","answer":"b"}\nnull', /in line 2, expected "prompt" as text/],
])('a line that is no pair is one sentence with its number: %s', (_, text, sentence) => {
  const read = () => parsePairs(text, 'my.tsv');
  expect(read).toThrow(DataError);
  expect(read).toThrow(sentence);
  expect(() => ownText(withCorpus('pairs').data, text, 'my.tsv')).toThrow(sentence);
});

const withCorpus = (corpus: string, T = 32) =>
  withSettings(defaultExperiment(), { 'data.corpus': corpus, 'data.sequenceLength': T });

test('the tasks are what they say, every prompt once', () => {
  const sums = parsePairs(additionText());
  expect(sums).toHaveLength(10_000);
  expect(new Set(sums.map(({ prompt }) => prompt)).size).toBe(10_000);
  for (const { prompt, answer } of sums) {
    const [, a, b] = /^(\d\d)\+(\d\d)=$/.exec(prompt)!;
    expect(answer).toHaveLength(3);
    expect(Number(answer)).toBe(Number(a) + Number(b));
  }
  const lists = parsePairs(sortingText());
  expect(new Set(lists.map(({ prompt }) => prompt)).size).toBe(8000);
  for (const { prompt, answer } of lists) {
    const digits = /^sort ((?:\d ){3,5})= $/.exec(prompt)![1].trim().split(' ').map(Number);
    expect(answer).toBe(digits.sort((a, b) => a - b).join(' '));
  }
});

test('no held-out prompt is trained on, whatever is brought; both sides have one', () => {
  const pair = fc.record({ prompt: fc.constantFrom(...'abcdefgh'), answer: fc.constantFrom('x', 'y') });
  fc.assert(
    fc.property(fc.array(pair, { minLength: 2, maxLength: 60 }), fc.double({ min: 0.01, max: 0.5 }), (pairs, share) => {
      fc.pre(new Set(pairs.map(({ prompt }) => prompt)).size > 1);
      const { train, validation } = splitPairs(pairs, 'pairs', share);
      const key = ({ prompt, answer }: Pair) => `${prompt} ${answer}`;
      expect([...train, ...validation].map(key).sort()).toEqual(pairs.map(key).sort());
      expect(Math.min(train.length, validation.length)).toBeGreaterThan(0);
      const trained = new Set(train.map(({ prompt }) => prompt));
      expect(validation.some(({ prompt }) => trained.has(prompt))).toBe(false);
    }),
  );
});

test.each([
  ['addition', additionText, ({ prompt }: Pair) => prompt.slice(0, -1).split('+').sort().join('+')],
  ['sorting', sortingText, ({ answer }: Pair) => answer],
] as const)('held-out %s has no relative in training that tells its answer', (corpus, textOf, kin) => {
  const pairs = parsePairs(textOf());
  const { train, validation } = splitPairs(pairs, corpus, 0.1);
  expect(validation.length / pairs.length).toBeCloseTo(0.1, 2);
  const trained = new Set(train.map(kin));
  expect(validation.some((pair) => trained.has(kin(pair)))).toBe(false);
  expect(splitPairs(pairs, corpus, 0.1)).toEqual({ train, validation });
});

const tokenizer = characterTokenizer(['\n', '+', '1', '2', '3', '=']);

test('a row is the prompt, the answer, and its end to the end of the window', () => {
  const pairs = [
    { prompt: '1+1=', answer: '2' },
    { prompt: '2=', answer: '2' },
  ];
  const { tokens, answerStarts } = pairRows(pairs, tokenizer, 6);
  expect(tokenizer.decode(tokens)).toBe('1+1=2\n2=2\n\n\n');
  expect([...answerStarts]).toEqual([4, 2]);
  expect(() => pairRows(pairs, tokenizer, 5)).toThrow(ConfigError);
  expect(() => pairRows(pairs, tokenizer, 5)).toThrow(/^data\.sequenceLength: expected at least 6 .*"1\+1=".*, got 5$/);
  expect(() => pairRows([{ prompt: '9', answer: '1' }], tokenizer, 5)).toThrow(/expected only .*, got "9"/);
  expect(() => pairRows(pairs, characterTokenizer(['1']), 6)).toThrow(/"\\n"/);
});

test('every epoch sees each pair once, in an order of its own, as a function of seed and step', () => {
  const N = 21;
  const pairs = Array.from({ length: N }, (_, i) => ({
    prompt: `${'1'.repeat(1 + (i % 3))}=`,
    answer: '2'.repeat(i + 1),
  }));
  const rows = pairRows(pairs, tokenizer, 32);
  const settings = { sequenceLength: 32, batchSize: 7, seed: 3 };
  const batchAt = createPairBatches(rows, settings);
  const written = (step: number) =>
    Array.from({ length: 7 }, (_, b) => {
      const { tokens, answerStarts } = batchAt(step);
      const row = tokenizer.decode(tokens.subarray(b * 32, (b + 1) * 32)).split(endText)[0];
      expect(row.indexOf('=') + 1).toBe(answerStarts[b]);
      return row;
    });
  const epochs = [0, 1].map((epoch) => [0, 1, 2].flatMap((step) => written(3 * epoch + step)));
  const all = pairs.map(({ prompt, answer }) => prompt + answer).sort();
  for (const epoch of epochs) expect([...epoch].sort()).toEqual(all);
  expect(epochs[0]).not.toEqual(epochs[1]);
  expect(written(4)).toEqual(written(4));
  expect(createPairBatches(rows, { ...settings, seed: 4 })(0).tokens).not.toEqual(batchAt(0).tokens);
});

test('held-out rows are spread, and go with their answers', () => {
  const rows = pairRows(parsePairs('1=\t1\n11=\t2\n111=\t3'), tokenizer, 8);
  const { tokens, answerStarts } = someRows(rows, 8, 2);
  expect(tokenizer.decode(tokens)).toBe('1=1\n\n\n\n\n11=2\n\n\n\n');
  expect([...answerStarts]).toEqual([2, 3]);
  expect(someRows(rows, 8, 9)).toEqual(rows);
});

test('a run on pairs: its tokenizer knows the end, its windows come with answers, a checkpoint keeps its tokenizer', () => {
  const text = '12=\t3\n21=\t3\n11=\t2';
  const run = prepareText(withCorpus('pairs', 6), text);
  expect(run.tokenizer.toJSON()).toEqual(characterTokenizer(charactersOf('123=\n')).toJSON());
  expect(run.answers!.startsOf(9)).toEqual(Uint32Array.of(3));
  expect(run.validationWindows(9)).toHaveLength(6);
  expect(run.tokensPerCharacter).toBe(1);
  expect(run.split).toMatch(/^2 of 3 prompts .* 1 are held out/);
  expect(prepareText(withCorpus('pairs', 6), text, tokenizer).tokenizer).toBe(tokenizer);
  const held = run.tokenizer.decode(run.validationWindows(1));
  for (const index of [0, 5]) expect(run.tokenizer.decode(promptsOf(run)!(index))).toBe(`${held.slice(0, 3)}___`);
  expect(promptsOf(prepareText(withCorpus('custom', 6), 'running text, '.repeat(9)))).toBeNull();
});
