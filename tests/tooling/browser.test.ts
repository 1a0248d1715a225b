/** The browsers that journeys use: one computes on WebGPU, the other offers no adapter, in the page and in a worker. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { launchBrowser } from '../support/browser.ts';

/** Whether an adapter is offered, asked in the page and in a dedicated worker. */
async function adaptersOffered(webgpu: boolean): Promise<boolean[]> {
  const browser = await launchBrowser({ webgpu });
  try {
    const page = await browser.newPage();
    // WebGPU exists on trustworthy origins only; the answer comes from here, nothing listens at that address.
    const address = 'http://127.0.0.1:9/';
    const ask = `(async () => Boolean(await navigator.gpu?.requestAdapter()))()`;
    await page.route(`${address}**`, (route) =>
      route.request().url().endsWith('worker.js')
        ? route.fulfill({ contentType: 'text/javascript', body: `${ask}.then((found) => postMessage(found));` })
        : route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>adapter</title>' }),
    );
    await page.goto(address);
    const inWorker = page.evaluate(
      () =>
        new Promise<boolean>((resolve, reject) => {
          const worker = new Worker('worker.js');
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = (event) => reject(new Error(event.message));
        }),
    );
    return [await page.evaluate<boolean>(ask), await inWorker];
  } finally {
    await browser.close();
  }
}

test('a browser with WebGPU offers an adapter', async () => {
  expect(await adaptersOffered(true)).toEqual([true, true]);
});

test('a page that is left is kept whole for the way back, as in the browsers that people have', async () => {
  const browser = await launchBrowser({ webgpu: false });
  const server = createServer((_, answer) => {
    answer.setHeader('content-type', 'text/html').end('<!doctype html><title>kept</title>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  try {
    const page = await browser.newPage();
    await page.goto(`${address}first`);
    await page.evaluate(() => Object.assign(window, { mark: 'still here' }));
    await page.goto(`${address}second`);
    // A page that was kept loads nothing, so there is no such event to wait for.
    await page.goBack({ waitUntil: 'commit' });
    expect(await page.evaluate(() => (window as Window & { mark?: string }).mark)).toBe('still here');
  } finally {
    await browser.close();
    server.close();
  }
});

test('a browser without WebGPU offers none', async () => {
  expect(await adaptersOffered(false)).toEqual([false, false]);
});
