/** Runs the built command line as a person does. Not a test itself. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect } from 'vitest';
import { ensureBuilt } from '../../scripts/build.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

export interface Place {
  /** A file or directory of this test file's own. */
  path(...names: string[]): string;
  sdlm(args: readonly string[], options?: RunOptions): Promise<Ended>;
}

export interface RunOptions {
  readonly environment?: Record<string, string>;
  /** Goes through `npm run sdlm`'s launcher, in a process group of its own as in a terminal. */
  readonly isLaunched?: boolean;
  /** Called with everything on standard output so far; `interrupt` is Ctrl+C. */
  readonly onOutput?: (out: string, interrupt: () => void) => void;
  /** The same of standard error. */
  readonly onError?: (err: string, interrupt: () => void) => void;
}

/** A temporary directory and the command line in it; the directory goes when the test file ends. */
export function place(): Place {
  let directory = '';
  beforeAll(() => {
    ensureBuilt('cli');
    directory = mkdtempSync(join(tmpdir(), 'sdlm-cli-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return {
    path: (...names) => join(directory, ...names),
    sdlm: (args, options = {}) => run(args, { XDG_CACHE_HOME: join(directory, 'cache') }, options),
  };
}

/** The Vulkan driver is in this process's environment already (`vitest.config.ts`). */
function run(args: readonly string[], environment: Record<string, string>, options: RunOptions): Promise<Ended> {
  const program = options.isLaunched ? 'scripts/sdlm.mjs' : 'dist/cli/main.js';
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, program), ...args], {
      env: { ...process.env, ...environment, ...options.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: options.isLaunched ?? false,
    });
    const interrupt = () => process.kill(options.isLaunched ? -child.pid! : child.pid!, 'SIGINT');
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text;
      options.onOutput?.(out, interrupt);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      err += text;
      options.onError?.(err, interrupt);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

/** Exit code 2, nothing on standard output, and one line on standard error that begins with what it is about. */
export function expectRefusal({ code, out, err }: Ended, about: string | RegExp): void {
  expect({ code, out, lines: err.trimEnd().split('\n').length }, err).toEqual({ code: 2, out: '', lines: 1 });
  expect(err).toMatch(/^sdlm: .+: expected .+, got .+\n$/);
  if (typeof about === 'string') expect(err.slice('sdlm: '.length).startsWith(`${about}: expected`), err).toBe(true);
  else expect(err).toMatch(about);
}

/** Lines of JSON; fails on anything else. */
export function jsonLines(text: string): Record<string, unknown>[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Lines without the one value that differs from run to run. */
export function withoutSpeed(lines: readonly Record<string, unknown>[]): Record<string, unknown>[] {
  return lines.map(({ tokensPerSecond, ...line }) => {
    expect(tokensPerSecond).toBeGreaterThan(0);
    return line;
  });
}

export function metricsOf(directory: string): Record<string, unknown>[] {
  return jsonLines(readFileSync(join(directory, 'metrics.jsonl'), 'utf8'));
}

/** A model of a few hundred parameters on the sonnets; the rate does not depend on the length of the run. */
export const tiny = Object.entries({
  'data.corpus': 'sonnets',
  'data.sequenceLength': 12,
  'model.layers': 1,
  'model.width': 8,
  'model.heads': 1,
  'model.hiddenWidth': 12,
  'model.experts': 4,
  'model.expertWidth': 6,
  'training.batchSize': 2,
  'training.schedule': 'constant',
  'training.evaluateEvery': 5,
}).flatMap(([path, value]) => ['--set', `${path}=${value}`]);

export const cpu = ['--backend', 'cpu'];

/** Training the tiny model into a directory by name, and going on with it; on the CPU unless `more` says otherwise. */
export function trainer({ sdlm, path }: Place) {
  return {
    train: (preset: string, out: string, steps: number, more: readonly string[] = cpu) =>
      sdlm(['train', '--preset', preset, ...tiny, '--steps', String(steps), '--out', path(out), ...more]),
    resume: (out: string, steps: number) => sdlm(['train', '--resume', path(out), '--steps', String(steps), ...cpu]),
  };
}

/** The files of a run that hold no times. */
export const saved = ['model.safetensors', 'training.safetensors', 'tokenizer.json', 'config.json'];

/** Fails unless two runs are equal in every byte and every metric but the speed. */
export function expectSameRun(one: string, other: string): void {
  for (const file of saved)
    expect(readFileSync(join(one, file)).equals(readFileSync(join(other, file))), file).toBe(true);
  expect(withoutSpeed(metricsOf(one))).toEqual(withoutSpeed(metricsOf(other)));
}
