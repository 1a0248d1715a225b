/**
 * A real Chromium for journeys: starts it, opens the built page, and keeps everything it complains about.
 * The page is built and served once by journeys-setup.ts; its address comes through Vitest's `inject`.
 */
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { inject } from 'vitest';
import { findChromium } from '../../scripts/environment.mjs';

export interface BrowserOptions {
  /** False: a Chromium as people on Linux without a GPU have it, which offers no adapter. */
  webgpu?: boolean;
  /** False: pages that are left are gone, instead of being kept whole for the way back. */
  keepsPages?: boolean;
}

/** Starts Chromium. Close it in the test's clean-up. Throws one sentence when there is none. */
export async function launchBrowser({ webgpu = true, keepsPages = true }: BrowserOptions = {}): Promise<Browser> {
  const { path, args, environment } = await findChromium();
  return chromium.launch({
    executablePath: path,
    headless: true,
    // People's browsers keep pages whole behind the back button; Playwright turns that off unless it is asked not to.
    ignoreDefaultArgs: keepsPages ? ['--disable-back-forward-cache'] : [],
    args: webgpu ? args : args.filter((arg) => !/webgpu/.test(arg)),
    env: { ...process.env, ...environment },
  });
}

export interface OpenPage {
  page: Page;
  /** Console errors and uncaught exceptions so far, oldest first; a journey expects it to stay empty. */
  problems: string[];
}

/**
 * Opens the built page in a fresh context.
 * `path` is what follows the address: query and hash, such as `?preset=dense#/decode`.
 */
export async function openApp(browser: Browser, path = '', options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => problems.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => {
    const why = request.failure()?.errorText;
    // A page that is left gives up what it was loading.
    if (why !== 'net::ERR_ABORTED') problems.push(`request: ${request.url()} ${why}`);
  });
  await page.goto(inject('appUrl') + path);
  return { page, problems };
}
