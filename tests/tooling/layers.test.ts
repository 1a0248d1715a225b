/** The lint rules hold every arrow of the layering: each folder imports each other one, and Biome names the forbidden. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { root } from '../../scripts/install.mjs';

const BELOW_OPS = ['tensor', 'runtime', 'config', 'base'];
const MODEL = ['nn', 'diffusion', 'data', 'ops', ...BELOW_OPS];
const ENGINE = ['lab', 'run', 'train', 'model', ...MODEL];
/** Who may import whom, besides itself: DESIGN's arrows, written a second time and independently of biome.json. */
const MAY_IMPORT: Record<string, string[]> = {
  base: [],
  config: ['base'],
  runtime: ['config', 'base'],
  tensor: ['runtime', 'config', 'base'],
  ops: BELOW_OPS,
  nn: ['ops', ...BELOW_OPS],
  diffusion: ['ops', ...BELOW_OPS],
  data: ['ops', ...BELOW_OPS],
  model: MODEL,
  train: ['model', ...MODEL],
  run: ['train', 'model', ...MODEL],
  lab: ENGINE.filter((layer) => layer !== 'lab'),
  worker: ENGINE,
  cli: ENGINE,
  store: ['config', 'base', 'worker/protocol'],
  ui: ['store', 'config', 'base', 'worker/protocol'],
};
const LAYERS = Object.keys(MAY_IMPORT);

/** What a probe file imports, one target a line, so that a diagnostic's line names the target. */
const TARGETS = [...LAYERS.filter((layer) => layer !== 'worker'), 'worker/protocol', 'worker/main', 'wgsl'];

function importLine(target: string): string {
  if (target === 'wgsl') return `import '../../shaders/rmsnorm.wgsl?raw';`;
  return target.includes('/') ? `import '../${target}.ts';` : `import '../${target}/anything.ts';`;
}

interface Diagnostic {
  category: string;
  location: { path: string | { file: string }; start: { line: number } };
}

let folder: string;
/** Rule names by file and line, as `src/ops/probe.ts:3` -> rules. */
const found = new Map<string, string[]>();

async function put(path: string, text: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true });
  await writeFile(join(folder, path), text);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdlm-layers-'));
  const configuration = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
  await put('biome.json', JSON.stringify({ ...configuration, vcs: { enabled: false } }));
  for (const layer of LAYERS) await put(`src/${layer}/probe.ts`, `${TARGETS.map(importLine).join('\n')}\n`);
  await put('src/nn/device.ts', 'export type Held = GPUDevice;\nexport const usage = () => GPUBufferUsage.STORAGE;\n');
  await put(
    'src/runtime/device.ts',
    'export type Held = GPUDevice;\nexport const usage = () => GPUBufferUsage.STORAGE;\n',
  );
  await put('src/nn/style.ts', "export default 1;\nexport * from './probe.ts';\nexport const value: any = 1;\n");
  await put('src/nn/lazy.ts', "export const load = () => import('../train/anything.ts');\n");
  const biome = join(root, 'node_modules/@biomejs/biome/bin/biome');
  const args = [biome, 'lint', '--reporter=json', '--max-diagnostics=none', '.'];
  const output = await new Promise<string>((resolve) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 2 ** 26 }, (_error, stdout) => resolve(stdout));
  });
  const { diagnostics } = JSON.parse(output) as { diagnostics: Diagnostic[] };
  for (const { category, location } of diagnostics) {
    const path = typeof location.path === 'string' ? location.path : location.path.file;
    const key = `${path}:${location.start.line}`;
    found.set(key, [...(found.get(key) ?? []), category.split('/').at(-1) ?? '']);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test.each(LAYERS)('src/%s imports only what it may', (layer) => {
  const refused = TARGETS.filter((_, i) =>
    found.get(`src/${layer}/probe.ts:${i + 1}`)?.includes('noRestrictedImports'),
  );
  const mayImport = (target: string) =>
    target === 'wgsl'
      ? layer === 'ops'
      : target === layer || target.startsWith(`${layer}/`) || MAY_IMPORT[layer].includes(target);
  expect(refused).toEqual(TARGETS.filter((target) => !mayImport(target)));
});

test('only src/runtime touches the device', () => {
  expect([found.get('src/nn/device.ts:1'), found.get('src/nn/device.ts:2')]).toEqual([
    ['noRestrictedTypes'],
    ['noRestrictedGlobals'],
  ]);
  expect([...found.keys()].filter((key) => key.startsWith('src/runtime/device.ts'))).toEqual([]);
});

test('a dynamic import is held to the same arrows', () => {
  expect(found.get('src/nn/lazy.ts:1')).toContain('noRestrictedImports');
});

test('no default export, no barrel, no any', () => {
  expect(found.get('src/nn/style.ts:1')).toContain('noDefaultExport');
  expect(found.get('src/nn/style.ts:2')).toContain('noBarrelFile');
  expect(found.get('src/nn/style.ts:3')).toContain('noExplicitAny');
});
