/** The launchers `sdlm`, `npm start` and `npm test` in the surroundings that people have. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../../scripts/install.mjs';

let place = '';
beforeAll(() => {
  place = mkdtempSync(join(tmpdir(), 'sdlm-launchers-'));
  chmodSync(place, 0o755);
});
afterAll(() => rmSync(place, { recursive: true, force: true }));

/** A copy of the project, with the packages of this one where it is to run. */
function project(name: string, paths: readonly string[] = ['scripts', 'src', 'shaders', 'public', 'package.json']) {
  const folder = join(place, name);
  for (const path of [...paths, 'package-lock.json'])
    cpSync(join(root, path), join(folder, path), { recursive: true, preserveTimestamps: true });
  return folder;
}

interface Options {
  readonly environment?: Record<string, string>;
  readonly cwd?: string;
  readonly isNobody?: boolean;
}

function launch(folder: string, script: string, args: readonly string[], options: Options = {}) {
  const who = options.isNobody && process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'scripts', script), ...args], {
    env: { ...process.env, XDG_CACHE_HOME: join(place, 'cache'), ...options.environment },
    cwd: options.cwd ?? folder,
    encoding: 'utf8',
    ...who,
  });
  return { code: status, out: stdout, err: stderr };
}

const match = ['match', '--preset', 'dense', '--by', 'flops', '--json'];

describe('the path of the project', () => {
  test.each(['a#b', 'is it?'])('"%s" is refused by each in one sentence, before anything is installed', (name) => {
    const folder = project(name, ['scripts']);
    for (const script of ['sdlm.mjs', 'start.mjs', 'test.mjs']) {
      const { code, out, err } = launch(folder, script, []);
      expect({ code, out }).toEqual({ code: 1, out: '' });
      expect(err).toMatch(/: expected a folder whose path holds no # and no \?, got one with [#?]; .+\n$/);
      expect(err.trimEnd().split('\n')).toHaveLength(1);
    }
  });

  test('"100% of %20" builds and runs', () => {
    const folder = project('100% of %20');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    const { code, out, err } = launch(folder, 'sdlm.mjs', match);
    expect(code, err).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ by: 'flops' });
  });
});

describe('--help', () => {
  test.each(['start.mjs', 'test.mjs'])('%s: says what there is, and installs nothing', (script) => {
    const folder = project('bare', ['scripts']);
    for (const word of ['--help', '-h']) {
      const { code, out, err } = launch(folder, script, [word], { environment: { NODE_ENV: 'production' } });
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toMatch(/^npm (start|test) \[-- /);
    }
    expect(existsSync(join(folder, '.cache'))).toBe(false);
  });

  test('npm passes it on', () => {
    for (const args of [
      ['run', '-s', 'sdlm', '--', 'train', '--help'],
      ['-s', 'start', '--', '--help'],
      ['-s', 'test', '--', '--help'],
    ]) {
      const done = spawnSync('npm', args, { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' });
      expect(done.status, done.stderr).toBe(0);
      expect(done.stdout).toMatch(/^(train|npm start|npm test) /);
    }
  });
});

describe('NODE_ENV=production', () => {
  const environment = { NODE_ENV: 'production' };

  test('the packages that build and test are installed all the same', () => {
    const folder = project('production', ['scripts']);
    const npm = join(folder, 'npm.js');
    writeFileSync(npm, `require('node:fs').writeFileSync('arguments.json', JSON.stringify(process.argv.slice(2)));`);
    const install = `import('./scripts/install.mjs').then((install) => install.ensureInstalled())`;
    const done = spawnSync(process.execPath, ['-e', install], {
      cwd: folder,
      env: { ...process.env, ...environment, npm_execpath: npm },
      encoding: 'utf8',
    });
    expect(done.status, done.stderr).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'arguments.json'), 'utf8'))).toContain('--include=dev');
  });

  test('tests run as tests', () => {
    const folder = project('tests', ['scripts']);
    mkdirSync(join(folder, 'node_modules', 'vitest'), { recursive: true });
    writeFileSync(
      join(folder, 'node_modules', 'vitest', 'vitest.mjs'),
      `import { writeFileSync } from 'node:fs';
       const file = process.argv.find((word) => word.startsWith('--outputFile')).split('=')[1];
       const assertionResults = [{ status: process.env.NODE_ENV === 'test' ? 'passed' : 'failed', fullName: 'x' }];
       writeFileSync(file, JSON.stringify({ testResults: [{ name: process.cwd() + '/tests/x.test.ts', assertionResults }] }));`,
    );
    const run = `import('./scripts/run-tests.mjs').then((tests) => process.exit(tests.runTests(['node'], [])))`;
    const done = spawnSync(process.execPath, ['-e', run], {
      cwd: folder,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    });
    expect(done.status, done.stdout + done.stderr).toBe(0);
  });

  test('sdlm runs', () => {
    expect(launch(root, 'sdlm.mjs', ['study', '--list', '--json'], { environment }).code).toBe(0);
  });
});

test('relative paths are those of the folder that a person stands in', () => {
  const folder = join(place, 'elsewhere');
  mkdirSync(folder);
  const args = ['--prefix', root, 'run', '-s', 'sdlm', '--', 'train', '--preset', 'dense', '--steps', '1'];
  const small = ['data.corpus=custom', 'data.sequenceLength=8', 'model.width=8', 'model.heads=1', 'model.layers=1'];
  writeFileSync(join(folder, 'text.txt'), 'To be, or not to be, that is the question. '.repeat(60));
  const settings = [...small, 'training.batchSize=1'].flatMap((setting) => ['--set', setting]);
  const done = spawnSync('npm', [...args, ...settings, '--data', 'text.txt', '--backend', 'cpu', '--out', 'run'], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  expect(done.status, done.stderr).toBe(0);
  expect(existsSync(join(folder, 'run', 'model.safetensors'))).toBe(true);
});

describe('a project that another user installed', () => {
  let folder = '';
  beforeAll(() => {
    folder = project('installed');
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    expect(launch(folder, 'sdlm.mjs', match).code).toBe(0);
    rmSync(join(folder, '.cache'), { recursive: true, force: true });
    // Built, with nothing remembered of the machine.
    spawnSync(process.execPath, [join(folder, 'scripts', 'build.mjs'), 'cli'], { cwd: folder });
    for (const path of [folder, join(folder, '.cache'), join(folder, 'dist')]) chmodSync(path, 0o555);
  });
  afterAll(() => {
    for (const path of [folder, join(folder, '.cache'), join(folder, 'dist')]) chmodSync(path, 0o755);
  });

  const options = { isNobody: true, environment: { XDG_CACHE_HOME: '/nowhere' }, cwd: '/' };

  test('runs what needs no writing', () => {
    expect(launch(folder, 'sdlm.mjs', match, options).code).toBe(0);
    const run = ['--run', join(folder, 'public', 'pretrained'), '--backend', 'cpu'];
    const { code, out, err } = launch(folder, 'sdlm.mjs', ['sample', ...run, '--length', '4', '--json'], options);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(JSON.parse(out).calls).toBe(4);
    expect(readdirSync(join(folder, '.cache')).filter((name) => name.startsWith('graphics'))).toEqual([]);
  });

  test('says in one sentence what it cannot build', () => {
    const source = join(folder, 'src', 'cli', 'main.ts');
    utimesSync(source, new Date(), new Date());
    const { code, out, err } = launch(folder, 'sdlm.mjs', match, options);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toBe(
      `${folder}/: expected a folder that can be written (the command line has to be built), got no permission\n`,
    );
  });
});
