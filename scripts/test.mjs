/**
 * `npm test [-- filters and Vitest options]`: installs what is missing, finds a browser and an adapter (on Debian as
 * root it installs them), and runs every test: Node on Dawn, kernels on wgpu, journeys in Chromium.
 * Never green without having run: no adapter, no browser, a skipped test or an empty project is a failure.
 * Not the journey in Firefox, which few machines have: test-firefox.mjs.
 */
import process from 'node:process';
import { asksForHelp, ensureInstalled, requireNode, requirePath } from './install.mjs';
import { runTests } from './run-tests.mjs';

/** Finds a browser and an adapter, installing Debian's Chromium if that is what is missing. */
async function prepareMachine() {
  const environment = await import('./environment.mjs');
  let graphics = await environment.findGraphics();
  let browser = await environment.findChromium().catch((/** @type {Error} */ error) => error);
  if ((graphics.adapter === null || browser instanceof Error) && environment.canInstall()) {
    environment.installChromium();
    graphics = await environment.findGraphics();
    browser = await environment.findChromium();
  }
  if (graphics.adapter === null) throw new Error(graphics.whyNone ?? 'WebGPU: expected an adapter, got none');
  if (browser instanceof Error) throw browser;
  process.stderr.write(`Dawn: ${graphics.adapter}\nBrowser: ${browser.version} (${browser.path})\n`);
  return graphics.environment;
}

const help = `npm test [-- FILTER]... [-- VITEST OPTIONS]
    Every test: Node on Dawn, kernels on wgpu, journeys in Chromium. Installs what is missing.
    FILTER: part of a file's path. Options are Vitest's, e.g. -t NAME, --project node|wgpu|journeys.
    Ends with exit code 1 unless every test ran and passed.`;

try {
  requireNode();
  requirePath();
  if (asksForHelp()) {
    process.stdout.write(`${help}\n`);
    process.exit();
  }
  await ensureInstalled();
  process.exitCode = runTests(['node', 'wgpu', 'journeys'], process.argv.slice(2), await prepareMachine());
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
