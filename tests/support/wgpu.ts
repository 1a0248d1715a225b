/**
 * Runs tests on a second WebGPU implementation: bundles an entry and runs it under Deno (wgpu, Naga).
 * Each case becomes a Vitest test of its own. Not a second test runner: the entry only reports what it found.
 *
 * An entry is a plain module (no Node built-ins, no Vitest) with one export:
 *   `export async function* runCases(gpu: GPU, isWanted: IsWanted): AsyncGenerator<CaseResult>`
 * and a test file names it: `await defineWgpuTests(new URL('./kernels.entry.ts', import.meta.url));`
 */
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { expect, inject, test } from 'vitest';
import { findDeno, findGraphics } from '../../scripts/environment.mjs';
import { wat } from '../../scripts/wat-plugin.mjs';
import type { CaseResult } from './case-result.ts';
import type {} from './wgpu-setup.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a line of the bundle's output says; anything else it prints is passed on as it is. */
type Line = { adapter: string } | { result: CaseResult } | { finished: number };

/** Everything that one run reported. `adapter` and `finished` are null when the run did not get that far. */
export interface WgpuRun {
  adapter: string | null;
  results: CaseResult[];
  finished: number | null;
  exitCode: number | null;
  errors: string;
}

/** Source and flags of the regular expression that the names of wanted cases match; null for all. */
type NamePattern = readonly [source: string, flags: string] | null;

const PREFIX = '@wgpu ';

/** The module that Deno runs: it asks for an adapter first, so that its lack reads as such. */
function harness(entry: string): string {
  return `
    import { runCases } from ${JSON.stringify(entry)};
    const say = (line) => console.log(${JSON.stringify(PREFIX)} + JSON.stringify(line));
    const adapter = await navigator.gpu?.requestAdapter();
    if (!adapter) throw new Error('wgpu: expected an adapter, got none');
    say({ adapter: adapter.info.description || adapter.info.device || adapter.info.vendor });
    const pattern = Deno.args.length > 0 ? new RegExp(Deno.args[0], Deno.args[1]) : null;
    let count = 0;
    for await (const result of runCases(navigator.gpu, (name) => pattern === null || pattern.test(name))) { say({ result }); count += 1; }
    say({ finished: count });
    Deno.exit(0);
  `;
}

/** Bundles the entry with Vite, so that `.wgsl?raw` works as it does in the page, and returns the bundle's path. */
async function bundle(entry: string, folder: string): Promise<string> {
  const harnessPath = join(folder, 'harness.js');
  writeFileSync(harnessPath, harness(entry));
  await build({
    configFile: false,
    root,
    logLevel: 'error',
    plugins: [wat()],
    ssr: { target: 'webworker', noExternal: true },
    build: {
      ssr: harnessPath,
      outDir: folder,
      emptyOutDir: false,
      copyPublicDir: false,
      minify: false,
      target: 'es2023',
      rolldownOptions: { output: { entryFileNames: 'bundle.js', codeSplitting: false } },
    },
  });
  return join(folder, 'bundle.js');
}

/** Runs a bundle under Deno without network or file access, and collects its lines. */
async function execute(path: string, pattern: NamePattern, limitMs: number): Promise<WgpuRun> {
  const { environment } = await findGraphics();
  const child = spawn(findDeno(), ['run', '--no-remote', '--no-npm', '--no-prompt', path, ...(pattern ?? [])], {
    env: { ...process.env, ...environment, NO_COLOR: '1', DENO_NO_UPDATE_CHECK: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: limitMs,
  });
  const run: WgpuRun = { adapter: null, results: [], finished: null, exitCode: null, errors: '' };
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    run.errors += chunk;
  });
  run.exitCode = await new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  for (const text of output.split('\n')) {
    if (!text.startsWith(PREFIX)) {
      if (text) console.log(text);
      continue;
    }
    const line = JSON.parse(text.slice(PREFIX.length)) as Line;
    if ('adapter' in line) run.adapter = line.adapter;
    else if ('result' in line) run.results.push(line.result);
    else run.finished = line.finished;
  }
  return run;
}

/**
 * Bundles and runs one entry, all of its cases or those of a pattern; answers what it reported, good or bad.
 * Throws when the bundle does not build or Deno does not start.
 */
export async function runUnderWgpu(entry: URL, pattern: NamePattern = null, limitMs = 300_000): Promise<WgpuRun> {
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache', 'wgpu-'));
  try {
    return await execute(await bundle(fileURLToPath(entry), folder), pattern, limitMs);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Runs the entry while Vitest collects the file, then defines one test per case, and one that the run was whole:
 * an adapter was there, at least one case ran, and nothing ended early. Under Vitest's `-t` only the cases that it asks for
 * run; that test is not among them, so a run that ended early throws here.
 */
export async function defineWgpuTests(entry: URL): Promise<void> {
  const pattern = inject('namePattern');
  const run = await runUnderWgpu(entry, pattern);
  if (pattern !== null) expect(run, run.errors).toMatchObject({ exitCode: 0, finished: run.results.length });
  test(`wgpu ran every case on ${run.adapter ?? 'no adapter'}`, () => {
    expect(run, run.errors).toMatchObject({ exitCode: 0, finished: run.results.length });
    expect(run.results.length, 'cases that ran').toBeGreaterThan(0);
  });
  for (const { name, failure } of run.results)
    test(name, () => {
      if (failure !== null) throw new Error(failure);
    });
}
