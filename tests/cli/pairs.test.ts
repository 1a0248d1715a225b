/** Prompts with answers on the command line: training, going on from a checkpoint, exact scores, and files that are none. */
import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { cpu, expectRefusal, jsonLines, metricsOf, place, tiny } from './run.ts';

const { sdlm, path } = place();

const larger = {
  'model.width': 16,
  'model.hiddenWidth': 32,
  'data.sequenceLength': 8,
  'training.batchSize': 16,
  'training.optimizer': 'muon',
};
const settings = [...tiny, ...Object.entries(larger).flatMap(([path, value]) => ['--set', `${path}=${value}`])];
const own = settings.filter((_, i) => !settings[i - (i % 2) + 1].startsWith('data.corpus='));
const train = (file: string, more: string[] = []) =>
  sdlm(['train', '--preset', 'dense', ...own, ...cpu, '--data', path(file), ...more]);

/** Prompts of three letters, answered by the second. */
const letters = [...'abcdefgh'];
const pairs = letters.flatMap((a) =>
  letters.flatMap((b) => letters.map((c) => ({ prompt: `${a}${b}${c}=`, answer: b }))),
);
const asText = (some: typeof pairs) => some.map(({ prompt, answer }) => `${prompt}\t${answer}\n`).join('');

it('learns pairs of either format alike, and scores held-out prompts exactly', async () => {
  writeFileSync(path('pairs.tsv'), asText(pairs));
  writeFileSync(path('pairs.jsonl'), pairs.map((pair) => JSON.stringify(pair)).join('\n'));
  const { code, out, err } = await train('pairs.tsv', [
    '--steps',
    '450',
    '--set',
    'training.learningRate=0.01',
    '--out',
    path('run'),
  ]);
  expect(code, err).toBe(0);
  const lines = jsonLines(out);
  expect(lines[4].accuracy).toBeLessThan(0.3);
  expect(lines.at(-1)!.accuracy).toBeGreaterThan(0.6);
  expect(lines[3]).not.toHaveProperty('accuracy');
  expect(metricsOf(path('run'))).toEqual(lines);
  const json = await train('pairs.jsonl', ['--steps', '1', '--set', 'training.learningRate=0.01']);
  expect(jsonLines(json.out)[0].loss).toBe(lines[0].loss);

  const evaluate = ['eval', '--run', path('run'), ...cpu, '--data', path('pairs.tsv')];
  const result = JSON.parse((await sdlm([...evaluate, '--json', '--windows', '64'])).out);
  expect(Object.keys(result)).toEqual(['bpc', 'stderr', 'tokens', 'accuracy', 'pairs']);
  expect(result).toMatchObject({ pairs: 64, tokens: 64 * 4 });
  expect(result.accuracy).toBeGreaterThan(0.6);
  expect((await sdlm(evaluate)).out).toMatch(/\n\d+\.\d % of 128 prompts answered exactly\n$/);
  writeFileSync(path('wrong.tsv'), asText(pairs.map(({ prompt }) => ({ prompt, answer: `${prompt[0]}${prompt[0]}` }))));
  const wrong = await sdlm(['eval', '--run', path('run'), ...cpu, '--data', path('wrong.tsv'), '--json']);
  expect(JSON.parse(wrong.out).accuracy).toBe(0);
});

it('goes on from a run on text whose characters it shares, and resumes', async () => {
  const base = await sdlm(['train', '--preset', 'dense', ...tiny, ...cpu, '--steps', '2', '--out', path('text')]);
  expect(base.code, base.err).toBe(0);
  writeFileSync(path('words.tsv'), 'the \tday\nof \tnight\nin \tmay\n');
  const from = (file: string, ...more: string[]) =>
    sdlm(['train', '--from', path('text'), ...cpu, '--data', path(file), '--steps', '3', ...more]);
  const { code, out, err } = await from('words.tsv', '--out', path('post'));
  expect(code, err).toBe(0);
  expect(jsonLines(out).at(-1)).toHaveProperty('accuracy');
  const resumed = await sdlm(['train', '--resume', path('post'), ...cpu, '--steps', '4', '--data', path('words.tsv')]);
  expect(resumed.code, resumed.err).toBe(0);
  expectRefusal(await from('pairs.tsv'), /expected only the \d+ characters of the model's vocabulary, got "="/);
});

it.each([
  ['no-answer.tsv', 'a=\tb\nc=\t\n', 'in line 2, expected an answer to "c=", got none'],
  [
    'no-tab.tsv',
    'a=\tb\n\nc= d\n',
    'in line 3, expected a prompt, a tab and an answer (or JSON from the first line on), got no tab',
  ],
  ['one.tsv', 'a=\tb\n', 'expected at least 2 different prompts'],
  [
    'broken.jsonl',
    '{"prompt":"a","answer":"b"}\n{"prompt":"c"}\n',
    'in line 2, expected "answer" as text, got nothing',
  ],
  ['empty.tsv', '', 'expected text, got nothing'],
  ['latin.tsv', Buffer.from('caf\xe9\tau lait', 'latin1'), 'expected UTF-8'],
])('refuses %s', async (name, content, sentence) => {
  writeFileSync(path(name), content);
  const ended = await train(name, ['--steps', '1']);
  expect({ code: ended.code, out: ended.out }).toEqual({ code: 2, out: '' });
  expect(ended.err).toContain(`sdlm: ${path(name)}: ${sentence}`);
  expect(ended.err.trimEnd().split('\n')).toHaveLength(1);
});

it('matches a dense model on pairs as on any text', async () => {
  const match = ['match', '--preset', 'expert-choice', ...own, '--by', 'flops', '--data', path('pairs.tsv')];
  const { code, out, err } = await sdlm([...match, '--json']);
  expect(code, err).toBe(0);
  expect(JSON.parse(out).experiment.data.corpus).toBe('pairs');
  expectRefusal(await sdlm([...match, '--set', 'data.corpus=sonnets']), '--data');
});

it('refuses a pair that does not fit the window, pairs that are not given, and a file beside a built-in task', async () => {
  writeFileSync(path('long.tsv'), `a=\tb\nc=\t${'d'.repeat(12)}\n`);
  expectRefusal(await train('long.tsv'), 'data.sequenceLength');
  const preset = ['train', '--preset', 'dense', ...own, ...cpu, '--steps', '1'];
  expectRefusal(await sdlm([...preset, '--set', 'data.corpus=pairs']), '--data');
  expectRefusal(await train('pairs.tsv', ['--set', 'data.corpus=addition']), '--data');
});
