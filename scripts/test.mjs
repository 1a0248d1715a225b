/**
 * `npm test [-- filters and Vitest options]`: installs what is missing, finds a browser and an adapter (on Debian as
 * root it installs them), and runs every test: Node on Dawn, kernels on wgpu, journeys in Chromium.
 * Never green without having run: no adapter, no browser, a skipped test or an empty project is a failure.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import process from 'node:process';
import { ensureInstalled, requireNode, root } from './install.mjs';

/**
 * @typedef {{ name: string, assertionResults: { status: string, fullName: string }[] }} FileReport
 * @typedef {{ passed: number, failed: number, other: string[] }} Count
 */

/** The kind of a test file, by the same patterns as vitest.config.ts. @param {string} path */
function kindOf(path) {
  const name = relative(root, path).split(sep).join('/');
  if (name.startsWith('tests/journeys/')) return 'journeys';
  return name.endsWith('.wgpu.test.ts') ? 'wgpu' : 'node';
}

/** @param {FileReport[]} files @returns {Record<'node' | 'wgpu' | 'journeys', Count>} */
function count(files) {
  const counts = {
    node: { passed: 0, failed: 0, other: [] },
    wgpu: { passed: 0, failed: 0, other: [] },
    journeys: { passed: 0, failed: 0, other: [] },
  };
  for (const file of files) {
    /** @type {Count} */
    const entry = counts[kindOf(file.name)];
    for (const { status, fullName } of file.assertionResults) {
      if (status === 'passed') entry.passed += 1;
      else if (status === 'failed') entry.failed += 1;
      else entry.other.push(fullName);
    }
  }
  return counts;
}

/** Finds a browser and an adapter, installing Debian's Chromium if that is what is missing. */
async function prepareMachine() {
  const environment = await import('./environment.mjs');
  let graphics = await environment.findGraphics();
  let browser = await environment.findChromium().catch((/** @type {Error} */ error) => error);
  if ((graphics.adapter === null || browser instanceof Error) && environment.canInstall()) {
    environment.installChromium();
    graphics = await environment.findGraphics();
    browser = await environment.findChromium();
  }
  if (graphics.adapter === null) throw new Error(graphics.whyNone ?? 'WebGPU: expected an adapter, got none');
  if (browser instanceof Error) throw browser;
  process.stderr.write(`Dawn: ${graphics.adapter}\nBrowser: ${browser.version} (${browser.path})\n`);
  return graphics.environment;
}

/** @param {string[]} args @returns {Promise<number>} the exit code */
async function main(args) {
  requireNode();
  await ensureInstalled();
  const environment = await prepareMachine();
  const reportPath = join(root, '.cache', 'test-report.json');
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(reportPath, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  const done = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...args], {
    cwd: root,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) return done.status ?? 1;

  const counts = count(JSON.parse(readFileSync(reportPath, 'utf8')).testResults);
  let code = 0;
  for (const [kind, { passed, failed, other }] of Object.entries(counts)) {
    process.stdout.write(`${kind}: ${passed} passed, ${failed} failed, ${other.length} skipped\n`);
    for (const name of other) process.stdout.write(`  did not run: ${name}\n`);
    // With filters some kinds are left out on purpose.
    if (other.length > 0 || failed > 0 || (passed === 0 && args.length === 0)) code = 1;
  }
  if (code !== 0) process.stderr.write('test: expected every test of every kind to run, got the counts above\n');
  return code;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
