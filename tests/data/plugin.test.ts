/** The Vite plugin: the same texts come from a development server and lie beside a build. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, createServer, type InlineConfig } from 'vite';
import { afterAll, expect, test } from 'vitest';
import { corpora } from '../../scripts/corpora/plugin.mjs';
import { corporaDirectory, prepareCorpora } from '../../scripts/corpora/prepare.mjs';
import { loadCorpus } from '../../src/data/corpora.ts';

const root = mkdtempSync(join(tmpdir(), 'plugin-'));
writeFileSync(join(root, 'entry.js'), 'export const answer = 1;\n');
afterAll(() => rmSync(root, { recursive: true }));

const common: InlineConfig = { root, configFile: false, logLevel: 'silent', plugins: [corpora()] };

test('a development server answers with the texts, and with nothing for others', async () => {
  const server = await createServer({
    ...common,
    appType: 'mpa',
    server: { host: '127.0.0.1', port: 0, ws: false },
    optimizeDeps: { noDiscovery: true },
  });
  await server.listen();
  try {
    const { port } = server.httpServer!.address() as AddressInfo;
    const fetchText = async (path: string) => {
      const response = await fetch(`http://127.0.0.1:${port}/${path}`);
      if (!response.ok) throw new Error(`${path}: expected a file, got ${response.status}`);
      return response.text();
    };
    const { text, sections } = await loadCorpus('sonnets', fetchText);
    expect(text).toBe(readFileSync(join(corporaDirectory, 'sonnets.txt'), 'utf8'));
    expect(sections).toHaveLength(154);
    for (const other of ['corpora/manifest.json', 'corpora/none.txt', 'corpora/..%2fmanifest.json']) {
      await expect(fetchText(other)).rejects.toThrow('got 404');
    }
  } finally {
    await server.close();
  }
});

test.each([false, true])('a build has them beside it (for Node: %s)', async (ssr) => {
  const outDir = join(root, `out-${ssr}`);
  await build({
    ...common,
    build: { outDir, ssr, emptyOutDir: true, rolldownOptions: { input: join(root, 'entry.js') } },
  });
  expect(readdirSync(join(outDir, 'corpora')).sort()).toEqual(prepareCorpora().sort());
  const fetchText = async (path: string) => readFileSync(join(outDir, path), 'utf8');
  expect((await loadCorpus('moby-dick', fetchText)).text).toContain('Call me Ishmael.');
});
