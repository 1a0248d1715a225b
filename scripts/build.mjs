/**
 * Builds the page (dist/page) and the command line (dist/cli) when something they are made of has changed.
 * Run as `node scripts/build.mjs page cli [--force]`; launchers call `ensureBuilt`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expectWritable, root } from './install.mjs';
import { withLock } from './lock.mjs';

/** @typedef {'page' | 'cli'} Target */

const COMMON = ['package-lock.json', 'scripts', 'shaders', 'src'];
/** What each target is made of; changes elsewhere cause no rebuild. */
const INPUTS = {
  page: { paths: [...COMMON, 'index.html', 'public', 'vite.config.ts'], except: ['src/cli'] },
  cli: { paths: COMMON, except: ['src/ui', 'src/store', 'src/main.tsx', 'src/worker'] },
};
/** @type {Record<Target, string>} */
const names = { page: 'page', cli: 'command line' };
const OUTPUTS = { page: 'dist/page/index.html', cli: 'dist/cli/main.js' };

/**
 * Path, size and time of every file below `path`, appended to `lines`.
 * @param {string} path @param {string[]} except @param {string[]} lines
 */
function describe(path, except, lines) {
  if (except.includes(path)) return;
  const full = join(root, path);
  const status = statSync(full, { throwIfNoEntry: false });
  if (!status) return;
  if (status.isDirectory()) for (const name of readdirSync(full)) describe(`${path}/${name}`, except, lines);
  else lines.push(`${path} ${status.size} ${status.mtimeMs}`);
}

/** The commit that is checked out, read without starting git; empty outside a checkout. */
function head() {
  const git = join(root, '.git');
  if (!existsSync(join(git, 'HEAD'))) return '';
  const text = readFileSync(join(git, 'HEAD'), 'utf8').trim();
  const reference = text.startsWith('ref: ') ? join(git, text.slice(5)) : null;
  return reference && existsSync(reference) ? readFileSync(reference, 'utf8').trim() : text;
}

/** @param {Target} target */
function fingerprint(target) {
  const { paths, except } = INPUTS[target];
  const lines = [head(), process.versions.node];
  for (const path of paths) describe(path, except, lines);
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

/** @param {Target} target */
const stampPath = (target) => join(root, '.cache', `build-${target}.stamp`);

/**
 * Whether the target stands and is made of what is there now. Takes a few milliseconds.
 * @param {Target} target
 */
export function isFresh(target) {
  const stamp = stampPath(target);
  if (!existsSync(stamp) || !existsSync(join(root, OUTPUTS[target]))) return false;
  return readFileSync(stamp, 'utf8') === fingerprint(target);
}

/** Vite's configuration of the command line: one Node bundle, WGSL inside, the native WebGPU module outside. */
async function cliConfig() {
  const { buildConstants } = await import('./build-info.mjs');
  const { corpora } = await import('./corpora/plugin.mjs');
  const { wat } = await import('./wat-plugin.mjs');
  return /** @type {import('vite').InlineConfig} */ ({
    configFile: false,
    define: buildConstants(),
    plugins: [wat(), corpora()],
    ssr: { noExternal: true, external: ['webgpu'] },
    build: { ssr: 'src/cli/main.ts', target: 'node20', minify: false, sourcemap: true, copyPublicDir: false },
  });
}

/** @param {Target} target */
async function buildTarget(target) {
  const { build } = await import('vite');
  const config = target === 'cli' ? await cliConfig() : { configFile: join(root, 'vite.config.ts') };
  const outDir = join(root, 'dist', target);
  // Built beside and swapped in, so that a command that starts meanwhile finds the old build or the new one, whole.
  const next = join(root, 'dist', `.${target}-next`);
  const old = join(root, 'dist', `.${target}-old`);
  await build({
    ...config,
    root,
    logLevel: 'warn',
    build: { ...config.build, outDir: next, emptyOutDir: true },
  });
  rmSync(old, { recursive: true, force: true });
  if (existsSync(outDir)) renameSync(outDir, old);
  renameSync(next, outDir);
  rmSync(old, { recursive: true, force: true });
}

/**
 * Builds the targets that are not fresh, in a process of their own. Progress on standard error.
 * Throws when a build fails.
 * @param {...Target} targets
 */
export function ensureBuilt(...targets) {
  const stale = targets.filter((target) => !isFresh(target));
  if (stale.length === 0) return;
  expectWritable(`the ${stale.map((target) => names[target]).join(' and the ')} has to be built`);
  const done = spawnSync(process.execPath, [fileURLToPath(import.meta.url), ...stale], {
    cwd: root,
    stdio: ['ignore', 2, 2],
    // A test run says "test" here, and would get React's slow development build instead of the page that people get.
    env: { ...process.env, NODE_ENV: 'production' },
  });
  if (done.status !== 0)
    throw new Error(`build: expected ${stale.join(' and ')} to build, got exit code ${done.status}`);
}

/** @param {string[]} args */
async function main(args) {
  const force = args.includes('--force');
  for (const target of args.filter((arg) => arg !== '--force')) {
    if (target !== 'page' && target !== 'cli') throw new Error(`build: expected page or cli, got ${target}`);
    mkdirSync(join(root, '.cache'), { recursive: true });
    await withLock(join(root, '.cache', `build-${target}.lock`), async () => {
      if (!force && isFresh(target)) return;
      // Taken before building: a file edited during the build makes the next command build again.
      const stamp = fingerprint(target);
      const start = performance.now();
      process.stderr.write(`Building the ${names[target]} ...\n`);
      await buildTarget(target);
      writeFileSync(stampPath(target), stamp);
      process.stderr.write(`Built in ${((performance.now() - start) / 1000).toFixed(1)} s\n`);
    });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
    process.exitCode = 1;
  }
