/** Builds the page if it is stale and serves it on a free port of 127.0.0.1 while the journeys run. */
import type { TestProject } from 'vitest/node';
import { ensureBuilt } from '../../scripts/build.mjs';
import { servePage } from '../../scripts/serve.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    /** Address of the built page, with a slash at its end. */
    appUrl: string;
  }
}

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  ensureBuilt('page');
  const server = await servePage({ port: 0 });
  const url = server.resolvedUrls?.local[0];
  if (!url) throw new Error('journeys: expected the page to be served, got no address');
  project.provide('appUrl', url);
  return () => server.close();
}
