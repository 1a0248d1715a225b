/**
 * A part of the page that cannot be loaded while a model trains: only that part says so, trying again brings it once the
 * server is back, and training goes on. So it does when the page cannot be drawn at all.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { servePage } from '../../scripts/serve.mjs';
import { launchBrowser } from '../support/browser.ts';
import { button, goTo, stepOf, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('the server is stopped and comes back: Compare says so and can be tried again, training goes on', async () => {
  let server = await servePage({ port: 0 });
  try {
    const page = await open(server.resolvedUrls?.local[0] ?? '');
    const { port } = new URL(page.url());
    await button(page, 'Train').click();
    await untilStep(page, 10);
    await server.close();
    await goTo(page, 'Compare');
    const failed = page.getByTestId('part-failed');
    await failed.getByText(/^Compare could not be loaded: the server does not answer/).waitFor();
    // The run bar stands above every view.
    const then = await stepOf(page);
    await untilStep(page, then + 50);
    await failed.getByRole('button', { name: 'Try again' }).click();
    await failed.waitFor();
    await goTo(page, 'Train');
    await page.getByTestId('loss-chart').waitFor();
    await goTo(page, 'Compare');
    await failed.waitFor();

    server = await servePage({ port: Number(port), strictPort: true });
    const asked: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    await failed.getByRole('button', { name: 'Try again' }).click();
    await page.getByRole('region', { name: 'Runs', exact: true }).waitFor();
    // Under another address, as some browsers remember that the first one failed.
    expect(
      asked.some((url) => /CompareView-[\w-]+\.js\?try=\d$/.test(url)),
      asked.join(' '),
    ).toBe(true);
    const before = await stepOf(page);
    await untilStep(page, before + 20);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
  } finally {
    await server.close();
  }
});

test('a page that cannot be drawn at all says that the run goes on, and is shown again', async () => {
  const server = await servePage({ port: 0 });
  try {
    const page = await open(server.resolvedUrls?.local[0] ?? '');
    await button(page, 'Train').click();
    const before = await untilStep(page, 10);
    // Nothing can be drawn any more while the page stands, not even the words of a part that failed.
    await page.evaluate(() => {
      const { setAttribute } = Element.prototype;
      Element.prototype.setAttribute = function (...of) {
        if (document.getElementById('root')?.childElementCount) throw new Error('no attributes today');
        setAttribute.apply(this, of);
      };
    });
    await page.getByText('A run in progress goes on.').waitFor();
    expect(await page.getByText(/is lost/).count()).toBe(0);
    await button(page, 'Show the page again').click();
    await goTo(page, 'Train');
    await page.getByTestId('loss-chart').waitFor();
    const after = await untilStep(page, before + 1);
    await untilStep(page, after + 20);
  } finally {
    await server.close();
  }
});

async function open(url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`${url}?${tiny}`);
  await untilReady(page);
  return page;
}
