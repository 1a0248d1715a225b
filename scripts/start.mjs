/**
 * `npm start [-- --port N] [-- --no-open]`: installs what is missing, builds what has changed, serves the page on
 * 127.0.0.1, prints its address, and opens a browser where there is a screen.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './build.mjs';
import { asksForHelp, ensureInstalled, requireNode, requirePath } from './install.mjs';

/** Whether somebody sits in front of a screen here: not in CI, not over ssh, not on a server. */
function hasScreen() {
  const { CI, BROWSER, DISPLAY, WAYLAND_DISPLAY, SSH_CONNECTION } = process.env;
  if (CI || BROWSER === 'none' || SSH_CONNECTION) return false;
  return process.platform === 'linux' ? Boolean(DISPLAY || WAYLAND_DISPLAY) : true;
}

/** @param {string | undefined} text @returns {number} */
function parsePort(text) {
  const port = Number(text ?? 4173);
  if (Number.isInteger(port) && port >= 0 && port <= 65535) return port;
  throw new Error(`--port: expected a whole number from 0 to 65535, got ${text}`);
}

const help = `npm start [-- --port N] [-- --no-open]
    Installs what is missing, builds what has changed, serves the page on 127.0.0.1 and prints its address.
    --port: the first to try; 4173 unless asked otherwise, 0 for any.
    --no-open: opens no browser.`;

try {
  requireNode();
  requirePath();
  if (asksForHelp()) {
    process.stdout.write(`${help}\n`);
    process.exit();
  }
  const { values } = parseArgs({ options: { port: { type: 'string' }, 'no-open': { type: 'boolean' } } });
  const port = parsePort(values.port);
  await ensureInstalled();
  ensureBuilt('page');
  const { servePage } = await import('./serve.mjs');
  const server = await servePage({ port, open: hasScreen() && !values['no-open'] });
  process.stdout.write(`SDLM Playground: ${server.resolvedUrls?.local[0]}\nPress Ctrl+C to stop.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
