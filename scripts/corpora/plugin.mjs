/**
 * Vite plugin: prepares the texts to train on, serves them at `corpora/` in development, and puts them in
 * `corpora/` beside what is built (the page, or the command line). They are copied as files, not bundled: a page loads
 * only the text that is chosen.
 */
import { copyFileSync, createReadStream, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { corporaDirectory, prepareCorpora } from './prepare.mjs';

/** @returns {import('vite').Plugin} */
export function corpora() {
  return {
    name: 'corpora',
    configureServer(server) {
      const files = new Set(prepareCorpora());
      server.middlewares.use((request, response, next) => {
        const { pathname } = new URL(request.url ?? '/', 'http://page');
        const name = /\/corpora\/([^/]+)$/.exec(pathname)?.[1] ?? '';
        if (!files.has(name)) return next();
        const type = name.endsWith('.json') ? 'application/json' : 'text/plain; charset=utf-8';
        response.setHeader('Content-Type', type);
        createReadStream(join(corporaDirectory, name)).pipe(response);
      });
    },
    writeBundle({ dir }) {
      if (!dir) throw new Error('corpora: expected a build into a directory, got none');
      mkdirSync(join(dir, 'corpora'), { recursive: true });
      for (const name of prepareCorpora()) copyFileSync(join(corporaDirectory, name), join(dir, 'corpora', name));
    },
  };
}
