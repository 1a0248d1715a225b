/** Serves the built page on 127.0.0.1 with the headers of `security.mjs`: for `npm start`, the journeys and the soak. */
import { join } from 'node:path';
import { root } from './install.mjs';
import { securityHeaders } from './security.mjs';

/** @returns {import('vite').Plugin} */
function withHeaders() {
  return {
    name: 'security-headers',
    configurePreviewServer({ middlewares }) {
      middlewares.use((_, response, next) => {
        for (const [name, value] of Object.entries(securityHeaders)) response.setHeader(name, value);
        next();
      });
    },
  };
}

/**
 * Serves `dist/page`, which has to be built. When the port is taken the next free one is used; 0 is any.
 * @param {{ port: number, open?: boolean, strictPort?: boolean }} options
 */
export async function servePage({ port, open = false, strictPort = false }) {
  const { preview } = await import('vite');
  return preview({
    configFile: false,
    root,
    base: './',
    // A file that is missing is a 404, not the page once more.
    appType: 'mpa',
    logLevel: 'warn',
    plugins: [withHeaders()],
    build: { outDir: join(root, 'dist', 'page') },
    preview: { host: '127.0.0.1', port, strictPort, open },
  });
}
