/**
 * `npm run fuzz [-- --cases N --seed S and Vitest options]`: N odd inputs for every parser (tests/fuzz), other ones each
 * time unless a seed is given. The same seed gives the same cases.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ensureInstalled, requireNode, root } from './install.mjs';

/** Takes `--name VALUE` out of the arguments. @param {string[]} args @param {string} name @param {number} otherwise */
function takeNumber(args, name, otherwise) {
  const at = args.indexOf(`--${name}`);
  if (at < 0) return otherwise;
  const [, text] = args.splice(at, 2);
  const value = Number(text);
  if (!text || !Number.isInteger(value) || value < 0 || value > 0xffffffff)
    throw new Error(`--${name}: expected a whole number from 0 to 4294967295, got ${text ?? 'nothing'}`);
  return value;
}

/** Runs the cases; answers the exit code. @param {string[]} args */
function runFuzz(args) {
  const cases = takeNumber(args, 'cases', 20_000);
  const seed = takeNumber(args, 'seed', Math.floor(Math.random() * 2 ** 32));
  const report = join(root, '.cache', `fuzz-${process.pid}.jsonl`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(report, { force: true });
  process.stdout.write(`fuzz: ${cases} cases for each parser, --seed ${seed}\n`);
  const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
  const done = spawnSync(process.execPath, [vitest, 'run', '--project=node', 'tests/fuzz', ...args], {
    cwd: root,
    env: { ...process.env, FUZZ_CASES: String(cases), FUZZ_SEED: String(seed), FUZZ_REPORT: report },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(report, { force: true });
  let [passed, failed] = [0, 0];
  for (const line of lines) {
    const counts = JSON.parse(line);
    passed += counts.passed;
    failed += counts.failed;
    process.stdout.write(`  ${counts.name}: ${counts.passed} passed, ${counts.failed} failed\n`);
  }
  process.stdout.write(`fuzz, seed ${seed}: ${passed} passed, ${failed} failed\n`);
  // Never green without having run.
  return done.status === 0 && failed === 0 && passed > 0 ? 0 : 1;
}

try {
  requireNode();
  await ensureInstalled();
  process.exitCode = runFuzz(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
