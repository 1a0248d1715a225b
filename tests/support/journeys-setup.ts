/** Builds the page if it is stale and serves it on a free port of 127.0.0.1 while the journeys run. */
import { fileURLToPath } from 'node:url';
import { preview } from 'vite';
import type { TestProject } from 'vitest/node';
import { ensureBuilt } from '../../scripts/build.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the built page, with a slash at its end. */
    appUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureBuilt('page');
  const server = await preview({
    configFile: false,
    root: fileURLToPath(new URL('../..', import.meta.url)),
    base: './',
    appType: 'mpa',
    logLevel: 'error',
    build: { outDir: 'dist/page' },
    preview: { host: '127.0.0.1', port: 0, open: false },
  });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('journeys: expected the page to be served, got no address');
  project.provide('appUrl', url);
  return () => server.close();
}
