/** Runs of every objective through the command line: trained, measured in its own terms, decoded by what fits it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decodeTensors } from '../../src/model/safetensors.ts';
import { cpu, expectRefusal, metricsOf, place, tiny } from './run.ts';

const { sdlm, path } = place();

async function train(preset: string, out: string, ...more: string[]): Promise<void> {
  const run = ['train', '--preset', preset, ...tiny, ...more, '--steps', '20', '--out', path(out), ...cpu];
  const { code, err } = await sdlm(run);
  expect(code, err).toBe(0);
  expect(metricsOf(path(out))).toHaveLength(20);
}

const of = (run: string) => ({
  config: () => JSON.parse(readFileSync(path(run, 'config.json'), 'utf8')),
  evaluate: () => sdlm(['eval', '--run', path(run), ...cpu]),
  sample: (...more: string[]) => sdlm(['sample', '--run', path(run), ...cpu, ...more]),
  forward: async (tokens: number[][]) => {
    writeFileSync(path('tokens.json'), JSON.stringify(tokens));
    const out = path('forward.safetensors');
    const { code, err } = await sdlm([
      'forward',
      '--run',
      path(run),
      '--tokens',
      path('tokens.json'),
      '--out',
      out,
      ...cpu,
    ]);
    expect(code, err).toBe(0);
    return decodeTensors(readFileSync(out), out).tensors.get('logits')!.data;
  },
});

describe('block diffusion', () => {
  const { config, evaluate, sample } = of('blocks');
  beforeAll(() => train('block-diffusion', 'blocks', '--set', 'objective.blockSize=4'));

  it('states its blocks', () => {
    expect(config().architecture).toMatchObject({
      objective: 'block-diffusion',
      bidirectional: false,
      attention_block: 4,
      input_shift: false,
      noise_schedule: 'linear',
    });
  });

  it('measures a bound', async () => {
    expect((await evaluate()).out).toMatch(/ bits per character \(NELBO, 1536 tokens, 8 mask levels per window\)\n$/);
  });

  it('fills blocks in order with the decoders of diffusion, holes included', async () => {
    // Masks in three blocks of four: 2, 3 and 4 of them, in 6 calls.
    const { out, err } = await sample('--prompt', 'T__uA', '--steps', '6', '--json');
    expect(err).toBe('');
    const { text, calls } = JSON.parse(out);
    expect(text).toMatch(/^T[^_]{2}uA[^_]{7}$/s);
    expect(calls).toBe(6);
    expect(JSON.parse((await sample('--steps', '1', '--json')).out).calls).toBe(3);
    expectRefusal(await sample('--decoder', 'greedy'), '--decoder');
  });

  it('refuses blocks that do not fill the window', async () => {
    expectRefusal(
      await sdlm(['train', '--preset', 'block-diffusion', '--set', 'objective.blockSize=5', ...cpu]),
      /blockSize/,
    );
  });
});

describe('autoregressive', () => {
  const { config, evaluate, sample, forward } = of('ar');
  beforeAll(() => train('ar-moe', 'ar'));

  it('states what others need to rebuild it', () => {
    expect(config().architecture).toMatchObject({
      objective: 'autoregressive',
      bidirectional: false,
      attention_block: 1,
      input_shift: true,
      logit_shift: false,
    });
  });

  it('measures the exact likelihood', async () => {
    expect((await evaluate()).out).toMatch(/^\d\.\d{4} ± \d\.\d{4} bits per character \(NLL, 1536 tokens\)\n$/);
  });

  it('continues a prompt, one token per call', async () => {
    for (const [decoder, ...options] of [
      ['greedy'],
      ['sampling', '--temperature', '0.8'],
      ['top-k', '--top-k', '3'],
      ['top-p', '--top-p', '0.5'],
    ]) {
      const { out, err } = await sample('--decoder', decoder, ...options, '--prompt', 'Thou', '--json');
      expect(err).toBe('');
      expect(JSON.parse(out)).toMatchObject({ calls: 8, tokensPerCall: 1 });
      expect([...JSON.parse(out).text].join('')).toMatch(/^Thou[^_]{8}$/s);
    }
  });

  it('refuses decoders of other models, options that a decoder does not read, and holes', async () => {
    expectRefusal(await sample('--decoder', 'confidence'), '--decoder');
    expectRefusal(await sample('--steps', '4'), '--steps');
    expectRefusal(await sample('--decoder', 'greedy', '--temperature', '1'), '--temperature');
    expectRefusal(await sample('--decoder', 'top-p', '--top-p', '0'), '--top-p');
    expectRefusal(await sample('--prompt', 'Th_u'), /prompt: .*without holes/);
  });

  it('gives as row i the prediction of token i from those before it', async () => {
    const one = await forward([[1, 2, 3, 4]]);
    const other = await forward([[1, 2, 3, 5]]);
    // Token 3 is read by none of the four rows; token 1 by those after it.
    expect([...other]).toEqual([...one]);
    expect([...(await forward([[1, 6, 3, 4]])).slice(0, one.length / 2)]).toEqual([...one.slice(0, one.length / 2)]);
    expect([...(await forward([[1, 6, 3, 4]]))]).not.toEqual([...one]);
  });

  it('refuses experts that read the future', async () => {
    const settings = ['--set', 'objective.kind=autoregressive', '--set', 'model.feedForward=expert-choice'];
    const ended = await sdlm(['train', '--preset', 'dense', ...settings, ...cpu]);
    expectRefusal(ended, /model\.feedForward: .*read the future/);
  });
});
