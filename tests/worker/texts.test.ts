/** The worker's texts: fetched once, and tokenized again only when what the tokens depend on has changed. */
import { expect, it } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Setting } from '../../src/config/settings.ts';
import { createTexts } from '../../src/worker/texts.ts';

const poem = 'Shall I compare thee to a summer day, or thee to winter nights? '.repeat(40);
const small = { 'data.corpus': 'sonnets', 'data.sequenceLength': 8, 'data.tokenizer': 'bpe' } as const;
const of = (settings: Record<string, Setting> = {}) => withSettings(defaultExperiment(), { ...small, ...settings });

it('learns subwords once for every configuration that shares them', async () => {
  const fetched: string[] = [];
  const texts = createTexts(async (path) => {
    fetched.push(path);
    return path.endsWith('.json') ? '[]' : poem;
  });
  const tokenizerOf = async (settings?: Record<string, Setting>) =>
    (await texts.textOf(of(settings), undefined)).tokenizer;
  const first = await tokenizerOf();
  expect(await tokenizerOf({ 'model.layers': 5, 'data.sequenceLength': 16, 'training.seed': 4 })).toBe(first);
  const others: Record<string, Setting>[] = [
    { 'data.vocabularySize': 270 },
    { 'data.validationShare': 0.3 },
    { 'data.trainingCharacters': 500 },
    { 'data.tokenizer': 'byte' },
  ];
  for (const settings of others) expect(await tokenizerOf(settings)).not.toBe(first);
  expect((await tokenizerOf({ 'data.vocabularySize': 270 })).vocabularySize).toBe(270);
  // Whoever holds the latest few keeps them; the vocabulary means nothing to characters.
  const characters = await tokenizerOf({ 'data.tokenizer': 'character' });
  expect(await tokenizerOf({ 'data.tokenizer': 'character', 'data.vocabularySize': 300 })).toBe(characters);
  expect(fetched.filter((path) => path.endsWith('.txt'))).toEqual(['corpora/sonnets.txt']);
});

it("knows a person's texts apart", async () => {
  const texts = createTexts(async () => '');
  const own = of({ 'data.corpus': 'custom' });
  const [one, other, again] = [
    await texts.textOf(own, poem),
    await texts.textOf(own, poem.toUpperCase()),
    await texts.textOf(own, poem),
  ];
  expect(again.tokenizer).toBe(one.tokenizer);
  expect(other.tokenizer).not.toBe(one.tokenizer);
  await expect(texts.textOf(own, undefined)).rejects.toThrow('text: expected your own text');
});

it('still refuses a text that is too short for the window', async () => {
  const texts = createTexts(async (path) => (path.endsWith('.json') ? '[]' : poem));
  await texts.textOf(of(), undefined);
  await expect(texts.textOf(of({ 'data.sequenceLength': 1024 }), undefined)).rejects.toThrow(
    'one window of 1024 tokens',
  );
});
