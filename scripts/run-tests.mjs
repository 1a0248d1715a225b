/**
 * Runs Vitest and says what ran, kind by kind: never green without having run. Shared by `npm test`,
 * `npm run test:long` and `npm run test:firefox`; a kind is one of the projects of vitest.config.ts,
 * with those whose names begin with its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import process from 'node:process';
import { root } from './install.mjs';

/**
 * @typedef {'node' | 'wgpu' | 'journeys' | 'long' | 'firefox'} Kind
 * @typedef {{ status: string, fullName: string, meta?: { computedOn?: string } }} TestReport
 * @typedef {{ name: string, assertionResults: TestReport[] }} FileReport
 */

/** The kind of a test file, by the same patterns as vitest.config.ts. @param {string} path @returns {Kind} */
function kindOf(path) {
  const name = relative(root, path).split(sep).join('/');
  if (name.endsWith('.long.test.ts')) return 'long';
  if (name.startsWith('tests/journeys/')) return 'journeys';
  if (name.startsWith('tests/firefox/')) return 'firefox';
  return name.endsWith('.wgpu.test.ts') ? 'wgpu' : 'node';
}

/**
 * Runs the tests of these kinds and prints a closing line for each.
 * @param {readonly Kind[]} kinds
 * @param {string[]} args filters and Vitest options; with any, a kind may be left without a test
 * @param {Record<string, string>} [environment]
 * @returns {number} the exit code
 */
export function runTests(kinds, args, environment = {}) {
  const reportPath = join(root, '.cache', `test-report-${kinds.join('-')}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(reportPath, { force: true });
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${reportPath}`];
  // A person may name projects too.
  const projects = args.some((arg) => arg.startsWith('--project')) ? [] : kinds.map((kind) => `--project=${kind}*`);
  const done = spawnSync(process.execPath, [vitest, 'run', ...reporters, ...projects, ...args], {
    cwd: root,
    // A shell may say production, for which React leaves its test tools out.
    env: { ...process.env, NODE_ENV: 'test', ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (done.status !== 0) return done.status ?? 1;

  /** @type {FileReport[]} */
  const files = JSON.parse(readFileSync(reportPath, 'utf8')).testResults;
  let code = 0;
  for (const kind of kinds) {
    const tests = files.filter(({ name }) => kindOf(name) === kind).flatMap((file) => file.assertionResults);
    const passed = tests.filter(({ status }) => status === 'passed');
    const failed = tests.filter(({ status }) => status === 'failed');
    const other = tests.filter(({ status }) => status !== 'passed' && status !== 'failed');
    process.stdout.write(`${kind}: ${passed.length} passed, ${failed.length} failed, ${other.length} skipped\n`);
    for (const { fullName, meta } of passed)
      if (meta?.computedOn) process.stdout.write(`  computed on ${meta.computedOn}: ${fullName}\n`);
    for (const { fullName } of other) process.stdout.write(`  did not run: ${fullName}\n`);
    // With filters some kinds are left out on purpose.
    if (other.length > 0 || failed.length > 0 || (passed.length === 0 && args.length === 0)) code = 1;
  }
  if (code !== 0) process.stderr.write('test: expected every test of every kind to run, got the counts above\n');
  return code;
}
