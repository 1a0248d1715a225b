/**
 * `npm run -s sdlm -- <command>`: installs and builds what is missing or stale (said on standard error only), puts the
 * Vulkan driver into the environment, and hands over to the built command line: arguments, streams and exit code.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled, requireNode, requirePath, root } from './install.mjs';

/** The folder that the person stands in, which `npm run` leaves for the project's. */
function folder() {
  const { npm_lifecycle_event: script, INIT_CWD: left } = process.env;
  return script === 'sdlm' && left && existsSync(left) ? left : process.cwd();
}

// A terminal that is gone takes no words; the child saves.
process.stderr.on('error', () => {});

try {
  requireNode();
  requirePath();
  await ensureInstalled();
  ensureBuilt('cli');
  const { findGraphics } = await import('./environment.mjs');
  // Without an adapter the command line still runs on the CPU twins, and says so itself.
  const { environment } = await findGraphics();
  const child = spawn(
    process.execPath,
    ['--enable-source-maps', join(root, 'dist/cli/main.js'), ...process.argv.slice(2)],
    {
      cwd: folder(),
      env: { ...process.env, ...environment },
      // The channel carries nothing: it closes when this process is gone, however it went, and the child saves and ends.
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    },
  );
  // A terminal's Ctrl+C reaches the child by itself; a signal sent to this process alone has to be passed on.
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
    process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`sdlm: ${error.message}\n`);
    process.exitCode = 1;
  });
  child.on('close', (code, signal) => {
    if (signal) process.stderr.write(`sdlm: ended by ${signal}\n`);
    process.exitCode = code ?? 1;
  });
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
