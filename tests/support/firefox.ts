/**
 * A real Firefox, driven over WebDriver BiDi: starts it, opens the built page, and keeps everything it complains about.
 * The page is built and served once by journeys-setup.ts; Firefox is found by firefox-setup.ts.
 */
import puppeteer, { type Browser, type Page } from 'puppeteer-core';
import { inject } from 'vitest';
import type {} from './firefox-setup.ts';

/** Starts Firefox, with WebGPU on what was found for it or without. Close it in the test's clean-up. */
export function launchFirefox({ webgpu }: { webgpu: boolean }): Promise<Browser> {
  const { path, environment } = inject('firefox');
  // This process has the variables of the driver that was chosen for Dawn.
  const { VK_ICD_FILENAMES: _icd, VK_DRIVER_FILES: _driver, LD_LIBRARY_PATH: _libraries, ...own } = process.env;
  return puppeteer.launch({
    browser: 'firefox',
    executablePath: path,
    headless: true,
    env: webgpu ? { ...own, ...environment } : own,
    extraPrefsFirefox: {
      'dom.webgpu.enabled': webgpu,
      'dom.webgpu.workers.enabled': webgpu,
      // Software adapters are on it.
      'gfx.webgpu.ignore-blocklist': webgpu,
    },
    // A busy machine starts Firefox late, and a busy page answers late.
    timeout: 120_000,
    protocolTimeout: 120_000,
    defaultViewport: { width: 1280, height: 900 },
  });
}

export interface OpenFirefox {
  page: Page;
  /** Console errors, uncaught exceptions and failed requests so far, oldest first; a journey expects it to stay empty. */
  problems: string[];
}

/** Opens the built page; `path` is what follows its address. */
export async function openInFirefox(browser: Browser, path = ''): Promise<OpenFirefox> {
  const page = await browser.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error instanceof Error ? error.message : error}`));
  page.on('requestfailed', (request) => problems.push(`request: ${request.url()} ${request.failure()?.errorText}`));
  await page.goto(inject('appUrl') + path);
  return { page, problems };
}
