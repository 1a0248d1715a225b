/** The commands on a run with subwords: train, resume, eval, sample, forward, and the tokenizer for other programs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTensors } from '../../src/model/safetensors.ts';
import { cpu, expectRefusal, expectSameRun, jsonLines, place, tiny } from './run.ts';

const { sdlm, path } = place();
const subwords = ['--set', 'data.tokenizer=bpe', '--set', 'data.vocabularySize=512'];
const train = (out: string, steps: number, ...more: string[]) =>
  sdlm([
    ...['train', '--preset', 'expert-choice', ...tiny, ...subwords, ...cpu],
    ...['--steps', String(steps), '--out', path(out), ...more],
  ]);
const library = () => new Tokenizer(JSON.parse(readFileSync(path('run', 'tokenizer.json'), 'utf8')), {});

beforeAll(async () => {
  const { code, out, err } = await train('run', 20);
  expect(code, err).toBe(0);
  // Barely trained: about nine bits per token, some two characters long.
  const [{ loss, bpc }] = jsonLines(out) as { loss: number; bpc: number }[];
  expect(loss / Math.LN2 / bpc).toBeGreaterThan(1.8);
  expect(loss / Math.LN2 / bpc).toBeLessThan(3);
});

describe('a run with subwords', () => {
  it('goes on exactly', async () => {
    expect((await train('parts', 10)).code).toBe(0);
    const { code, err } = await sdlm(['train', '--resume', path('parts'), '--steps', '20', ...cpu]);
    expect(code, err).toBe(0);
    expectSameRun(path('run'), path('parts'));
  });

  it('is evaluated per character, on texts with unknown characters too', async () => {
    const evaluate = async (...more: string[]) => {
      const { code, out, err } = await sdlm(['eval', '--run', path('run'), ...cpu, '--json', ...more]);
      expect(code, err).toBe(0);
      return JSON.parse(out) as { bpc: number; tokens: number };
    };
    const { bpc, tokens } = await evaluate();
    expect(tokens).toBe(128 * 12);
    expect(bpc).toBeGreaterThan(3);
    expect(bpc).toBeLessThan(5);
    // Each letter is two bytes, and no subword of the sonnets holds any: about 18 bits.
    writeFileSync(path('greek.txt'), 'μῆνιν ἄειδε θεά '.repeat(40));
    expect((await evaluate('--data', path('greek.txt'))).bpc).toBeGreaterThan(2 * bpc);
  });

  it('fills holes of one token each', async () => {
    const { code, out, err } = await sdlm([
      ...['sample', '--run', path('run'), ...cpu, '--json', '--prompt', 'my love_thee_day', '--steps', '4'],
    ]);
    expect(code, err).toBe(0);
    const { text } = JSON.parse(out) as { text: string };
    for (const part of ['my love', 'thee', 'day']) expect(text).toContain(part);
    const long = await sdlm([
      ...['sample', '--run', path('run'), ...cpu, '--prompt', 'Shall I compare thee to a summer’s day? '.repeat(2)],
    ]);
    expectRefusal(long, /prompt: expected at most 12 tokens, got \d+/);
  });

  it('answers to the ids that the file gives elsewhere', async () => {
    const { ids } = library().encode('Shall I <|mask|> thee');
    const vocabulary = library().get_vocab().size;
    expect(Math.max(...ids)).toBe(vocabulary - 1);
    writeFileSync(path('tokens.json'), JSON.stringify(ids));
    const to = path('out.safetensors');
    const { code, err } = await sdlm([
      ...['forward', '--run', path('run'), '--tokens', path('tokens.json'), '--out', to, ...cpu],
    ]);
    expect(code, err).toBe(0);
    const { tensors } = decodeTensors(readFileSync(to), to);
    expect(tensors.get('logits')!.shape).toEqual([1, ids.length, vocabulary]);
  });

  it('refuses the tokenizer of another program, and a text that its subwords make too short', async () => {
    const own = path('own.txt');
    // Long enough in bytes, but one subword per word.
    writeFileSync(own, 'whale '.repeat(30));
    const settings = [...tiny, '--set', 'data.corpus=custom', ...subwords, ...cpu];
    const ended = await sdlm(['train', '--preset', 'dense', ...settings, '--data', own, '--steps', '1']);
    expectRefusal(ended, own);
    const file = path('parts', 'tokenizer.json');
    const { model, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    writeFileSync(file, JSON.stringify({ ...rest, model: { ...model, type: 'Unigram' } }));
    expectRefusal(await sdlm(['eval', '--run', path('parts'), ...cpu]), file);
  });
});
