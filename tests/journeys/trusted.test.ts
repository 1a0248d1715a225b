/**
 * The page loads and runs nothing but its own: the policy that it carries and that `npm start` sends, what it refuses,
 * and that everything the page does is within it, on the twins in WebAssembly, in workers and in files for download.
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { metaPolicy, securityHeaders } from '../../scripts/security.mjs';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, downloaded, downloadedBytes, goTo, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('headers come with the page, with its scripts and with what is missing; the page has the policy in itself', async () => {
  const page = await (await fetch(inject('appUrl'))).text();
  const script = /assets\/index-[\w-]+\.js/.exec(page)?.[0];
  for (const path of ['', script, 'no-such-file.js']) {
    const { headers } = await fetch(new URL(path ?? '', inject('appUrl')));
    for (const [name, value] of Object.entries(securityHeaders))
      expect(headers.get(name), `${path} ${name}`).toBe(value);
  }
  expect(securityHeaders['Content-Security-Policy']).toBe(`${metaPolicy}; frame-ancestors 'none'`);
  expect(metaPolicy).toMatch(/^default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self';/);
  // Before anything that could load something.
  const written = page.replaceAll('&#39;', "'");
  expect(written.indexOf(metaPolicy)).toBeGreaterThan(0);
  expect(written.indexOf(metaPolicy)).toBeLessThan(written.search(/<script|<link/));
});

test('all that the page does is within its policy', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}&training.evaluateEvery=10`, { acceptDownloads: true });
  const violations = await watch(page);
  await untilReady(page);
  await button(page, 'Train').click();
  await untilStep(page, 25);
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
  expect(await downloaded(page, 'Export Loss', 'Data (CSV)')).toContain('training,1,');
  const pixels = await downloadedBytes(page, 'Export Loss', 'Picture (PNG)');
  expect(pixels.subarray(1, 4).toString('latin1')).toBe('PNG');
  for (const view of ['Decode', 'Routing', 'Compare', 'Train'] as const) {
    await goTo(page, view);
    await page.waitForTimeout(500);
  }
  expect(await violations()).toEqual([]);
  expect(problems).toEqual([]);
});

test('scripts that were written into the page do not run, and nothing is sent elsewhere', async () => {
  const { page } = await openApp(browser);
  const violations = await watch(page);
  await untilReady(page);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = "inline"';
    document.body.append(script);
    const image = document.body.appendChild(document.createElement('img'));
    image.setAttribute('onerror', 'window.injected = "handler"');
    image.src = 'data:image/png;base64,AAAA';
    const frame = document.body.appendChild(document.createElement('iframe'));
    frame.src = 'https://example.invalid/';
    document.body.append(Object.assign(document.createElement('script'), { src: 'https://example.invalid/a.js' }));
    document.head.append(Object.assign(document.createElement('base'), { href: 'https://example.invalid/' }));
    // In a task of its own: what the driver evaluates may evaluate.
    // biome-ignore lint/security/noGlobalEval: it is what must not work.
    setTimeout(() => globalThis.eval('window.injected = "eval"'));
    return fetch('https://example.invalid/').catch(() => undefined);
  });
  const kinds = ['base-uri', 'connect-src', 'frame-src', 'script-src', 'script-src-attr', 'script-src-elem'];
  await expect.poll(async () => [...new Set(await violations())].sort()).toEqual(kinds);
  expect(await page.evaluate(() => (window as { injected?: string }).injected)).toBeUndefined();
});

test('another page cannot frame it', async () => {
  const other = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/html');
    response.end(`<iframe src="${inject('appUrl')}"></iframe>`);
  }).listen(0, '127.0.0.1');
  await once(other, 'listening');
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(other.address() as AddressInfo).port}/`);
    const framed = () => page.frames().find((frame) => frame !== page.mainFrame());
    // Chromium shows an error of its own in the place of a page that refuses to be framed.
    await expect.poll(() => framed()?.url()).toMatch(/^chrome-error:/);
    expect(await framed()?.locator('#root').count()).toBe(0);
  } finally {
    other.close();
    other.closeAllConnections();
  }
});

test('the development server has no policy, as its own scripts are inline', async () => {
  expect(await readFile(new URL('../../index.html', import.meta.url), 'utf8')).not.toContain('Content-Security-Policy');
});

/** Notes every violation of the policy from now on; the answer reads what they were against. */
async function watch(page: Page): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const seen: string[] = [];
    Object.assign(window, { violations: seen });
    document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
  });
  return () => page.evaluate(() => (window as unknown as { violations: string[] }).violations);
}
