/** Discovery and its bookkeeping: what is installed, and what is locked. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findGraphics } from '../../scripts/environment.mjs';
import { root, whyInstall } from '../../scripts/install.mjs';
import { withLock } from '../../scripts/lock.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdlm-tooling-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('a find is remembered: the second look answers the same', async () => {
  const first = await findGraphics();
  expect(first.adapter).not.toBeNull();
  expect(await findGraphics()).toEqual(first);
});

test('a driver that is named and does not work is refused in one sentence', async () => {
  const script = `import('${new URL('../../scripts/environment.mjs', import.meta.url)}')
    .then((m) => m.findGraphics()).then((g) => console.log(JSON.stringify(g)))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], {
    env: { ...process.env, VK_ICD_FILENAMES: join(folder, 'absent.json') },
  });
  const graphics = JSON.parse(stdout);
  expect(graphics.adapter).toBeNull();
  expect(graphics.whyNone).toMatch(/^WebGPU: expected an adapter, got none \(.*VK_ICD_FILENAMES.*\); install Chromium/);
});

test('the installed packages are those of the lockfile; another version is noticed', async () => {
  expect(whyInstall()).toBeNull();
  expect(whyInstall(folder)).toBe('dependencies are not installed');
  await mkdir(join(folder, 'node_modules'));
  await copyFile(join(root, 'node_modules/.package-lock.json'), join(folder, 'node_modules/.package-lock.json'));
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
  lock.packages['node_modules/vite'].version = '0.0.1';
  await writeFile(
    join(folder, 'package-lock.json'),
    JSON.stringify({ packages: { 'node_modules/vite': lock.packages['node_modules/vite'] } }),
  );
  expect(whyInstall(folder)).toMatch(/^node_modules\/vite is \d.*, not 0\.0\.1$/);
});

test('a lock admits one at a time and is taken over from a process that died', async () => {
  const path = join(folder, 'lock');
  await writeFile(path, '999999999');
  let inside = 0;
  const most: number[] = [];
  const work = async () => {
    inside += 1;
    most.push(inside);
    await new Promise((resolve) => setTimeout(resolve, 20));
    inside -= 1;
  };
  await Promise.all([withLock(path, work), withLock(path, work), withLock(path, work)]);
  expect(most).toEqual([1, 1, 1]);
});
