/** `sdlm eval`, `sample` and `forward` on a trained run, and what they say about a run that is broken. */
import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { decoderNames } from '../../src/config/decoders.ts';
import { decodeFields } from '../../src/config/decodeSettings.ts';
import { parseTrace } from '../../src/diffusion/parseTrace.ts';
import { framesOf } from '../../src/diffusion/trace.ts';
import { decodeTensors, encodeTensors } from '../../src/model/safetensors.ts';
import { cpu, expectRefusal, place, tiny } from './run.ts';

const { sdlm, path } = place();

beforeAll(async () => {
  const { code, err } = await sdlm([
    ...['train', '--preset', 'token-choice', ...tiny, '--steps', '20', '--out', path('run'), ...cpu],
  ]);
  expect(code, err).toBe(0);
});

const evaluate = async (run: string, ...more: string[]) => sdlm(['eval', '--run', path(run), ...cpu, ...more]);
const sample = async (...more: string[]) => sdlm(['sample', '--run', path('run'), ...cpu, ...more]);

describe('eval', () => {
  it('measures the held-out text in bits per character', async () => {
    const { code, out, err } = await evaluate('run', '--json');
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const result = JSON.parse(out);
    expect(Object.keys(result)).toEqual(['bpc', 'stderr', 'tokens']);
    // Barely trained: near the uniform guess over the characters of the sonnets, not above it by much.
    const { characters } = JSON.parse(readFileSync(path('run', 'tokenizer.json'), 'utf8'));
    expect(result.bpc).toBeGreaterThan(3);
    expect(result.bpc).toBeLessThan(Math.log2(characters.length) + 0.1);
    expect(result.stderr).toBeGreaterThan(0);
    expect(result.stderr).toBeLessThan(0.1);
    expect(result.tokens).toBe(128 * 12);
    expect((await evaluate('run', '--json')).out).toBe(out);
    expect((await evaluate('run')).out).toMatch(/^\d\.\d{4} ± \d\.\d{4} bits per character .*\n$/);
    expect(JSON.parse((await evaluate('run', '--json', '--windows', '4')).out).tokens).toBe(48);
  });

  it('refuses numbers out of range', async () => {
    expectRefusal(await evaluate('run', '--windows', '1'), '--windows');
    expectRefusal(await evaluate('run', '--rounds', 'x'), '--rounds');
  });
});

describe('sample', () => {
  it.each(['confidence', 'ancestral'])('denoises a text: %s', async (decoder) => {
    const args = ['--decoder', decoder, '--json', '--prompt', 'Th_u', '--seed', '3', '--steps', '6'];
    const { code, out, err } = await sample(...args);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    const { text, calls, tokensPerCall, ...rest } = JSON.parse(out);
    expect(rest).toEqual({ verifyCalls: 0, editCalls: 0, sequences: calls });
    expect([...text]).toHaveLength(12);
    expect(text).toMatch(/^Th[^_]u[^_]{8}$/s);
    // Nine of twelve tokens were open; the ancestral decoder may have steps that reveal none.
    if (decoder === 'confidence') expect(calls).toBe(6);
    expect(calls).toBeGreaterThan(0);
    expect(calls).toBeLessThanOrEqual(6);
    expect(tokensPerCall).toBeCloseTo(9 / calls, 10);
    expect((await sample(...args)).out).toBe(out);
    expect((await sample(...args, '--seed', '4')).out).not.toBe(out);
    expect((await sample(...args.filter((arg) => arg !== '--json'))).out).toBe(`${text}\n`);
  });

  it.each([
    ['threshold', 'decode.tau=0.05'],
    ['remdm-cap', 'decode.eta=0.3'],
    ['edit-quality', 'decode.editCalls=2'],
    ['draft-verify', 'decode.steps=9'],
    ['low-confidence', 'decode.guidance=1'],
  ])('decodes by parts, tells of every kind of call, and keeps the trace: %s', async (decoder, setting) => {
    const trace = path('trace.json');
    const args = ['--decoder', decoder, '--set', setting, '--prompt', 'Tho', '--trace', trace, '--json'];
    const { out, err } = await sample(...args);
    expect(err).toBe('');
    const { text, calls, verifyCalls, editCalls, sequences } = JSON.parse(out);
    const { steps, model, ...rest } = parseTrace(readFileSync(trace, 'utf8'), trace);
    expect(String(rest.settings[setting.slice(7, setting.indexOf('=')) as 'tau'])).toBe(setting.split('=')[1]);
    expect(model.checksum).toMatch(/^[0-9a-f]{8}$/);
    expect(steps.at(-1)!.call).toBe(calls);
    expect(new Set(steps.filter(({ kind }) => kind === 'edit').map(({ call }) => call)).size).toBe(editCalls);
    expect(verifyCalls > 0).toBe(decoder === 'draft-verify');
    if (decoder === 'low-confidence') expect(sequences).toBe(2 * calls);
    const characters = JSON.parse(readFileSync(path('run', 'tokenizer.json'), 'utf8')).characters as string;
    const { tokens } = framesOf({ ...rest, model, steps }).at(-1)!;
    expect(Array.from(tokens, (token) => [...characters][token]).join('')).toBe(text);
  });

  it('writes what the static sampler writes with drafts, in fewer calls', async () => {
    const [plain, drafted] = await Promise.all(
      ['0', '4'].map((depth) => sample('--decoder', 'draft-verify', '--set', `decode.draftDepth=${depth}`, '--json')),
    );
    expect(JSON.parse(drafted.out).text).toBe(JSON.parse(plain.out).text);
    expect(JSON.parse(drafted.out).calls).toBeLessThan(JSON.parse(plain.out).calls);
  });

  it('writes several texts from the seeds that follow', async () => {
    const alone = [await sample('--seed', '3'), await sample('--seed', '4')].map(({ out }) => out);
    expect((await sample('--seed', '3', '--samples', '2')).out).toBe(alone.join(''));
    expect(JSON.parse((await sample('--samples', '2', '--json')).out).samples).toHaveLength(2);
  });

  it('lists decoders and settings from the schema', async () => {
    const { code, out } = await sdlm(['sample', '--list']);
    expect(code).toBe(0);
    for (const name of decoderNames) expect(out).toMatch(new RegExp(`^${name} `, 'm'));
    for (const { path } of decodeFields) expect(out).toMatch(new RegExp(`^${path} `, 'm'));
    const listed = JSON.parse((await sdlm(['sample', '--list', '--json'])).out);
    expect(listed.decoders.map(({ name }: { name: string }) => name)).toEqual(decoderNames);
  });

  it('keeps to the length asked for, and calls nothing for a finished text', async () => {
    expect([...JSON.parse((await sample('--length', '5', '--json')).out).text]).toHaveLength(5);
    const full = JSON.parse((await sample('--length', '4', '--prompt', 'Thou', '--json')).out);
    expect(full).toEqual({ text: 'Thou', calls: 0, verifyCalls: 0, editCalls: 0, sequences: 0, tokensPerCall: 0 });
  });

  it('refuses what it cannot do', async () => {
    expectRefusal(await sample('--decoder', 'magic'), '--decoder');
    expectRefusal(await sample('--set', 'decode.tau=0.5'), 'decode.tau');
    expectRefusal(await sample('--decoder', 'threshold', '--set', 'decode.tau=2'), 'decode.tau');
    expectRefusal(await sample('--set', 'decode.steps=5', '--steps', '5'), '--steps');
    expectRefusal(await sample('--set', 'decode.guidance=1'), 'decode.guidance');
    expectRefusal(await sample('--set', 'decode.span=blocks', '--set', 'decode.blockSize=13'), 'decode.blockSize');
    expectRefusal(await sample('--samples', '2', '--trace', path('trace.json')), '--samples');
    expectRefusal(await sample('--length', '13'), '--length');
    expectRefusal(await sample('--steps', '0'), '--steps');
    expectRefusal(await sample('--temperature', '-1'), '--temperature');
    expectRefusal(await sample('--prompt', 'a prompt longer than the window'), /prompt/);
    expectRefusal(await sample('--prompt', 'Ж'), /prompt: .*"Ж" \(U\+0416\)/);
  });
});

describe('forward', () => {
  const forward = (tokens: unknown) => {
    writeFileSync(path('tokens.json'), typeof tokens === 'string' ? tokens : JSON.stringify(tokens));
    return sdlm([
      ...['forward', '--run', path('run'), '--tokens', path('tokens.json'), '--out', path('out.safetensors'), ...cpu],
    ]);
  };

  it('writes logits and routes of given tokens', async () => {
    const { code, err } = await forward([
      [1, 2, 3, 4, 5],
      [5, 4, 3, 2, 1],
    ]);
    expect(code, err).toBe(0);
    const { tensors } = decodeTensors(readFileSync(path('out.safetensors')), 'out.safetensors');
    const { characters } = JSON.parse(readFileSync(path('run', 'tokenizer.json'), 'utf8'));
    expect([...tensors.values()].map(({ name, shape }) => [name, shape])).toEqual([
      ['logits', [2, 5, characters.length + 1]],
      ['layers.0.router_scores', [2, 5, 4]],
      ['layers.0.gates', [2, 5, 4]],
      ['layers.0.chosen', [2, 5, 4]],
    ]);
    const chosen = tensors.get('layers.0.chosen')!.data;
    for (let token = 0; token < 10; token++)
      expect(Array.from(chosen.subarray(4 * token, 4 * token + 4)).filter((one) => one === 1)).toHaveLength(2);
  });

  it('refuses a place that is not there', async () => {
    writeFileSync(path('two.json'), '[1, 2]');
    const out = path('nowhere', 'out.safetensors');
    const ended = await sdlm([
      ...['forward', '--run', path('run'), '--tokens', path('two.json'), '--out', out, ...cpu],
    ]);
    expectRefusal(ended, out);
    expect(ended.err).toContain('no such directory');
  });

  it.each([
    ['no JSON', 'one, two'],
    ['no lists', '{"a": 1}'],
    ['nothing', '[]'],
    ['unequal lists', [[1, 2], [3]]],
    ['a number that is no id', [[1, 2.5]]],
    ['an id past the mask', [[1, 100000]]],
  ])('refuses tokens: %s', async (_, tokens) => {
    expectRefusal(await forward(tokens), path('tokens.json'));
  });
});

describe('a broken run', () => {
  const breakages: Record<string, { file: string; by: (file: string) => void }> = {
    'weights cut off': { file: 'model.safetensors', by: (file) => truncateSync(file, 3000) },
    'weights cut off in the header': { file: 'model.safetensors', by: (file) => truncateSync(file, 100) },
    'weights of a few bytes': { file: 'model.safetensors', by: (file) => truncateSync(file, 3) },
    'weights of another format': { file: 'model.safetensors', by: (file) => writeFileSync(file, 'PK'.repeat(500)) },
    'weights of another program': {
      file: 'model.safetensors',
      by: (file) => writeFileSync(file, encodeTensors([{ name: 'wte', shape: [2], data: new Float32Array(2) }])),
    },
    'weights of another type than their size': {
      file: 'model.safetensors',
      by: (file) => rewriteHeader(file, '"F32"', '"F16"'),
    },
    'a header without offsets': {
      file: 'model.safetensors',
      by: (file) => rewriteHeader(file, 'data_offsets', 'xata_offsets'),
    },
    'no configuration': { file: 'config.json', by: (file) => rmSync(file) },
    'configuration cut off': { file: 'config.json', by: (file) => truncateSync(file, 200) },
    'configuration of another program': { file: 'config.json', by: (file) => writeFileSync(file, '{"model": "x"}') },
    'no tokenizer': { file: 'tokenizer.json', by: (file) => rmSync(file) },
    'tokenizer cut off': { file: 'tokenizer.json', by: (file) => truncateSync(file, 40) },
    'tokenizer of another text': {
      file: 'tokenizer.json',
      by: (file) => {
        const tokenizer = JSON.parse(readFileSync(file, 'utf8'));
        tokenizer.characters.push('Ж');
        tokenizer.maskTokenId++;
        writeFileSync(file, JSON.stringify(tokenizer));
      },
    },
  };

  it.each(Object.entries(breakages))('is refused: %s', async (name, { file, by }) => {
    const run = name.replaceAll(' ', '-');
    cpSync(path('run'), path(run), { recursive: true });
    by(path(run, file));
    expectRefusal(await evaluate(run), path(run, file));
  });

  it.each([
    ['model.layers', 2, /model\.safetensors: expected tensor model\.layers\.1/],
    ['model.width', 16, /model\.safetensors: expected tensor model\.embed_tokens\.weight \(\d+, 16\)/],
    ['model.feedForward', 'dense', /model\.safetensors: expected tensor .*mlp\.gate_proj/],
    ['model.qkNorm', false, /model\.safetensors: expected only .*q_norm/],
    ['model.layers', 0, /config\.json.*model\.layers: expected/],
  ])('is refused: a configuration of another architecture, %s %s', async (setting, value, sentence) => {
    const [group, name] = setting.split('.');
    const run = `other-${name}-${value}`;
    cpSync(path('run'), path(run), { recursive: true });
    const config = JSON.parse(readFileSync(path(run, 'config.json'), 'utf8'));
    config[group][name] = value;
    writeFileSync(path(run, 'config.json'), JSON.stringify(config));
    expectRefusal(await evaluate(run), sentence);
  });
});

/** Replaces text of the same length in the header of a safetensors file. */
function rewriteHeader(file: string, from: string, to: string): void {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = bytes.toString('utf8', 8, 8 + length).replaceAll(from, to);
  bytes.write(header, 8, 'utf8');
  writeFileSync(file, bytes);
}
