/** Odd inputs of every kind: each ends in one sentence and exit code 2, and nothing of a person's is written over. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { beforeAll, expect, it } from 'vitest';
import { readCheckpoint } from '../../src/cli/runDirectory.ts';
import { encodeCheckpoint } from '../../src/model/weights.ts';
import { cpu, expectRefusal, place, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;
const { train } = trainer(here);

const long = 'a'.repeat(5000);
/** Files by name: what is in them; null for a directory. */
const files: Record<string, string | Uint8Array | null> = {
  empty: '',
  'empty.safetensors': '',
  directory: null,
  'directory.safetensors': null,
  nul: 'ab\0cd',
  short: 'abc',
  'pairs.tsv': 'a\tb\n',
  'pairs.jsonl': '{"prompt": 1}\n',
  'nested.json': '['.repeat(100_000),
  'null.json': 'null',
  'cubes.json': '[[[1]]]',
  // A header of 2^63 bytes.
  'huge.safetensors': Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x80, 0x7b),
};

beforeAll(async () => {
  for (const [name, content] of Object.entries(files)) {
    if (content === null) mkdirSync(path(name));
    else writeFileSync(path(name), content);
  }
  symlinkSync('loop', path('loop'));
  const { code, err } = await train('dense', 'run', 2);
  expect(code, err).toBe(0);
  writeFileSync(path('tokens.json'), '[1, 2]');
  const breakages: Record<string, () => void> = {
    'null-tokenizer': () => writeFileSync(path('null-tokenizer', 'tokenizer.json'), 'null'),
    'list-config': () => writeFileSync(path('list-config', 'config.json'), '[]'),
    'directory-metrics': () => {
      rmSync(path('directory-metrics', 'metrics.jsonl'));
      mkdirSync(path('directory-metrics', 'metrics.jsonl'));
    },
    'directory-lock': () => mkdirSync(path('directory-lock', 'lock')),
    'huge-state': () => writeFileSync(path('huge-state', 'training.safetensors'), files['huge.safetensors']!),
  };
  for (const [name, by] of Object.entries(breakages)) {
    cpSync(path('run'), path(name), { recursive: true });
    by();
  }
});

/** What follows a name in capitals is a file of this test's own. */
const cases = [
  ...['empty', 'empty.safetensors', 'directory', 'directory.safetensors', 'nul', 'loop', 'huge.safetensors'].flatMap(
    (name) => [`eval --run @${name}`, `sample --run @${name}`, `train --from @${name}`, `train --resume @${name}`],
  ),
  ...[`eval --run ${long}`, `train --from ${long}`, `train --resume ${long}`, 'eval --run /dev/null'],
  ...['null-tokenizer', 'list-config'].map((name) => `eval --run @${name}`),
  ...['directory-metrics', 'directory-lock', 'huge-state'].map((name) => `train --steps 9 --resume @${name}`),
  ...['run/model.safetensors', 'run/config.json'].map((name) => `train --resume @${name}`),
  ...['empty', 'directory', 'nul', 'short', 'loop', 'nowhere', 'pairs.tsv', 'pairs.jsonl'].flatMap((name) => [
    `eval --run @run --data @${name}`,
    `train --preset dense --steps 1 --data @${name}`,
  ]),
  `train --data ${long}`,
  'train --data /proc/self/mem',
  ...['empty', 'directory', 'nested.json', 'null.json', 'cubes.json', 'loop'].map(
    (name) => `forward --run @run --out @never --tokens @${name}`,
  ),
  ...['@directory', '@empty/x', '@nowhere/x', long].map(
    (out) => `forward --run @run --tokens @tokens.json --out ${out}`,
  ),
  ...['1', '0', '1e9', '1e400', '2.5', 'NaN', '١'].map((count) => `eval --run @run --windows ${count}`),
  ...['0', '1e400', '-1', '13'].map((count) => `sample --run @run --length ${count}`),
  ...['1e999', '-1'].map((value) => `train --preset dense --steps ${value}`),
  ...['=', 'a', '__proto__=1', 'model.layers=1e999', 'data.corpus=custom'].map((setting) => `train --set ${setting}`),
  ...['constructor', long, 'bench', 'bench step --workload W9', 'study constructor', 'train --preset __proto__'],
];

it(`ends ${cases.length} odd inputs in one sentence each`, async () => {
  const one = async (line: string) => {
    const args = line.split(' ').map((word) => (word.startsWith('@') ? path(word.slice(1)) : word));
    // Only commands that compute know the option.
    const more = /^(eval|sample|train|forward)/.test(line) ? cpu : [];
    const { code, out, err } = await sdlm([...args, ...more]);
    expect({ code, out }, `${line.slice(0, 100)}: ${err}`).toEqual({ code: 2, out: '' });
    expect(err).toMatch(/^sdlm: .*expected .+, got .+\n$/);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  };
  const waiting = [...cases];
  const work = async () => {
    for (let line = waiting.shift(); line !== undefined; line = waiting.shift()) await one(line);
  };
  await Promise.all([work(), work()]);
}, 300_000);

it('a file that the page exported is a model in every place', async () => {
  writeFileSync(path('page.safetensors'), encodeCheckpoint(readCheckpoint(path('run')), 2));
  const forward = ['forward', '--tokens', path('tokens.json'), '--out', path('logits.safetensors')];
  for (const command of [['eval', '--json'], ['sample', '--json'], forward]) {
    const of = async (run: string) => {
      const { code, out, err } = await sdlm([...command, '--run', path(run), ...cpu]);
      expect(code, err).toBe(0);
      return command === forward ? readFileSync(path('logits.safetensors')).toString('hex') : out;
    };
    expect(await of('page.safetensors')).toBe(await of('run'));
  }
});

it('writes into a device, and does not take its name', async () => {
  // Only root may make one.
  if (spawnSync('mknod', [path('device'), 'c', '1', '7']).status !== 0) {
    expect(process.getuid?.()).not.toBe(0);
    return;
  }
  const forward = ['forward', '--run', path('run'), '--tokens', path('tokens.json'), '--out', path('device'), ...cpu];
  expectRefusal(await sdlm(forward), /no space left on the disk/);
  expect(statSync(path('device')).isCharacterDevice()).toBe(true);
});
