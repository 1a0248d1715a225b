/** Several processes on one directory, processes whose parent is gone, signals, and output that cannot be written. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { cpu, expectRefusal, expectSameRun, metricsOf, place, saved, tiny, trainer } from './run.ts';

const here = place();
const { sdlm, path } = here;
const { train, resume } = trainer(here);
const root = fileURLToPath(new URL('../..', import.meta.url));
const program = join(root, 'dist/cli/main.js');
const launcher = join(root, 'scripts/sdlm.mjs');

/** More steps than any test waits for. */
const endless = (out: string) => [
  ...['train', '--preset', 'dense', ...tiny, '--set', 'training.evaluateEvery=1000'],
  ...['--steps', '1000000', '--out', path(out), ...cpu],
];

/** Waits until something holds, for a minute at most. */
async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !holds(); await sleep(50)) if (Date.now() > end) throw new Error(what);
}

const ownerOf = (out: string) => JSON.parse(readFileSync(path(out, 'lock'), 'utf8')) as { pid: number };
const isAlive = (pid: number) => {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
};

/** Fails unless a run that was stopped somehow is whole, and goes on exactly. */
async function expectToGoOn(out: string): Promise<void> {
  expect(readdirSync(path(out)).sort()).toEqual([...saved, 'metrics.jsonl', 'record.json'].sort());
  const steps = metricsOf(path(out)).length;
  const more = ['--set', 'training.evaluateEvery=1000'];
  const { code, err } = await resume(out, steps + 2);
  expect(code, err).toBe(0);
  const straight = `${out}-straight`;
  expect((await train('dense', straight, steps + 2, [...cpu, ...more])).code).toBe(0);
  for (const file of ['model.safetensors', 'training.safetensors'])
    expect(readFileSync(path(out, file)).equals(readFileSync(path(straight, file))), file).toBe(true);
}

/** A command in the background, with its words. */
function begin(file: string, args: readonly string[], stdout: 'pipe' | number = 'pipe') {
  const child: ChildProcess = spawn(process.execPath, [file, ...args], {
    env: { ...process.env, XDG_CACHE_HOME: path('cache') },
    stdio: ['ignore', stdout, 'pipe'],
  });
  const heard = { out: '', err: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    heard.out += text;
  });
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    heard.err += text;
  });
  return { child, heard, ended: once(child, 'close') as Promise<[number | null, string | null]> };
}

describe('two processes on one directory', () => {
  it('the second is refused with the name of the first, which goes on', async () => {
    const first = begin(program, endless('both'));
    await until('a checkpoint', () => existsSync(path('both', 'training.safetensors')));
    const owner = new RegExp(
      `expected a directory that no other process works on, got one in use by process ${first.child.pid} on ${hostname()} since `,
    );
    const config = readFileSync(path('both', 'config.json'), 'utf8');
    const others = async () => {
      expectRefusal(await sdlm(['train', '--resume', path('both'), '--steps', '9', ...cpu]), owner);
      expectRefusal(await train('dense', 'both', 5), owner);
    };
    await others();
    // Whether it has written anything yet or not.
    rmSync(path('both', 'training.safetensors'));
    rmSync(path('both', 'model.safetensors'));
    await others();
    expect(readFileSync(path('both', 'config.json'), 'utf8')).toBe(config);
    expectRefusal(await sdlm(['study', 'dense-vs-moe', '--out', path('both'), ...cpu]), owner);
    first.child.kill('SIGTERM');
    expect(await first.ended).toEqual([0, null]);
    expect(existsSync(path('both', 'lock'))).toBe(false);
  });

  it('a lock whose owner is gone is taken over, one of another machine is not', async () => {
    await train('dense', 'stale', 3);
    const lock = (owner: unknown) => writeFileSync(path('stale', 'lock'), JSON.stringify(owner));
    const since = new Date(0).toISOString();
    lock({ pid: 1, host: 'another', since, began: null });
    const ended = await resume('stale', 4);
    expectRefusal(ended, /in use by process 1 on another since .+ \(remove .+lock if that one is gone\)/);
    // The number of this very process, in an earlier life.
    lock({ pid: process.pid, host: hostname(), since, began: '1' });
    expect((await resume('stale', 4)).code).toBe(0);
    lock({ pid: 2 ** 22 + 1, host: hostname(), since, began: null });
    expect((await resume('stale', 5)).code).toBe(0);
    expect(existsSync(path('stale', 'lock'))).toBe(false);
  });
});

describe('a process whose parent was killed', () => {
  it('saves and ends: of the launcher', async () => {
    const { child, ended } = begin(launcher, endless('orphan'));
    await until('a checkpoint', () => existsSync(path('orphan', 'training.safetensors')));
    const { pid } = ownerOf('orphan');
    expect(pid).not.toBe(child.pid);
    child.kill('SIGKILL');
    await ended;
    await until('the end of the child', () => !isAlive(pid));
    await expectToGoOn('orphan');
  });

  it('saves and ends: of a study, which goes on afterwards', async () => {
    const settings = [
      ...['data.corpus=sonnets', 'data.sequenceLength=12', 'model.layers=1', 'model.width=8', 'model.heads=1'],
      ...['model.experts=4', 'model.expertWidth=6', 'training.batchSize=2', 'training.evaluateEvery=100'],
    ].flatMap((setting) => ['--set', setting]);
    const study = ['study', 'dense-vs-moe', ...settings, '--seeds', '1', '--jobs', '2', '--out', path('study'), ...cpu];
    const { child, ended } = begin(program, [...study, '--set', 'training.steps=2000']);
    const arms = ['flop-dense-seed-1', 'expert-choice-seed-1'].map((arm) => join('study', arm));
    await until('two arms', () => arms.every((arm) => existsSync(path(arm, 'training.safetensors'))));
    const pids = arms.filter((arm) => existsSync(path(arm, 'lock'))).map((arm) => ownerOf(arm).pid);
    child.kill('SIGKILL');
    await ended;
    const again = await sdlm([...study, '--set', 'training.steps=2000', '--json']);
    expect(again.code, again.err).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(JSON.parse(again.out).runs).toHaveLength(4);
  }, 120_000);
});

describe('a signal', () => {
  it.each(['SIGHUP', 'SIGTERM', 'SIGINT'] as const)('%s saves', async (signal) => {
    const { child, heard, ended } = begin(program, endless(signal));
    await until('a step', () => heard.out.includes('"step":5,'));
    child.kill(signal);
    expect(await ended, heard.err).toEqual([0, null]);
    expect(heard.err).toMatch(/stopped at step \d+, saved in/);
    await expectToGoOn(signal);
  });

  it('SIGHUP stops a study, which saves', async () => {
    const study = ['study', 'dense-vs-moe', '--set', 'data.corpus=sonnets', '--out', path('hung'), ...cpu];
    const { child, heard, ended } = begin(program, study);
    const arm = join('hung', 'flop-dense-seed-1');
    await until('an arm', () => existsSync(path(arm, 'training.safetensors')));
    child.kill('SIGHUP');
    expect(await ended, heard.err).toEqual([0, null]);
    expect(heard.err).toContain('the same command goes on');
    expect(existsSync(path(arm, 'lock'))).toBe(false);
  });
});

describe('output that cannot be written', () => {
  it('a full device: the run is saved, and one sentence says why it ended', async () => {
    const full = openSync('/dev/full', 'w');
    const { heard, ended } = begin(program, endless('full'), full);
    expect(await ended).toEqual([1, null]);
    closeSync(full);
    const lines = heard.err.trimEnd().split('\n');
    expect(lines.at(-1)).toBe('sdlm: standard output: expected to write to it, got no space left on the disk');
    expect(heard.err).not.toMatch(/^ {4}at /m);
    await expectToGoOn('full');
  });

  it.each([
    ['match', '--preset', 'dense', '--by', 'flops'],
    ['study', '--list'],
    ['train', '--help'],
  ])('a full device: %s %s says so with exit code 1', async (...args) => {
    const full = openSync('/dev/full', 'w');
    const { heard, ended } = begin(program, args, full);
    expect(await ended).toEqual([1, null]);
    closeSync(full);
    expect(heard.err).toBe('sdlm: standard output: expected to write to it, got no space left on the disk\n');
  });

  it('a reader that has enough: the run is saved, without an error', async () => {
    const { child, heard, ended } = begin(program, endless('head'));
    await until('a step', () => heard.out.includes('"step":2,'));
    child.stdout!.destroy();
    expect(await ended, heard.err).toEqual([0, null]);
    expect(heard.err).not.toContain('sdlm:');
    await expectToGoOn('head');
  });

  it('a terminal that is gone: the run is saved', async () => {
    // `script` holds the terminal; with it both the terminal and the process group's signals go.
    const command = [process.execPath, program, ...endless('terminal')].map((word) => `'${word}'`).join(' ');
    const script = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, XDG_CACHE_HOME: path('cache') },
      stdio: 'ignore',
    });
    await until('a checkpoint', () => existsSync(path('terminal', 'training.safetensors')));
    const { pid } = ownerOf('terminal');
    script.kill('SIGKILL');
    await until('the end of the run', () => !isAlive(pid));
    await expectToGoOn('terminal');
  });
});

it('--json is taken by train, which prints JSON anyhow', async () => {
  const { code, out } = await train('dense', 'json', 2, [...cpu, '--json']);
  expect(code).toBe(0);
  await train('dense', 'plain', 2);
  expectSameRun(path('json'), path('plain'));
  expect(out.split('\n')).toHaveLength(3);
});
