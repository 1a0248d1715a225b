/**
 * The main way through the page in Firefox: with WebGPU where there is something for it to stand on, and without. What each
 * view does in detail is tested in Chromium; here, that another browser with another WebGPU goes the same way.
 */
import type { Browser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { servePage } from '../../scripts/serve.mjs';
import { mean, tiny } from '../journeys/page.ts';
import { numberAfter } from '../support/figures.ts';
import { launchFirefox, openInFirefox } from '../support/firefox.ts';
import {
  attributeOf,
  canPress,
  goTo,
  lossesOf,
  press,
  stepOf,
  textOf,
  until,
  untilReady,
  untilShown,
  untilStep,
  useBackend,
} from './page.ts';

const ways = [
  ...(inject('firefox').graphics ? [{ name: 'with WebGPU', webgpu: true }] : []),
  { name: 'without WebGPU', webgpu: false },
];

describe.each(ways)('$name', ({ webgpu }) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchFirefox({ webgpu });
  });
  afterAll(() => browser?.close());

  test('open, decode, train, pause, resume, look at routes, reload, continue', async ({ task }) => {
    const { page, problems } = await openInFirefox(browser, `?${tiny}`);
    const backend = (await offersAdapter(page)) ? 'GPU' : 'CPU';
    if (!webgpu) expect(backend).toBe('CPU');
    await seeBundledModel(page);

    await useBackend(page, backend);
    await press(page, 'Train');
    // Variants of kernels are timed before the first step.
    await untilStep(page, 1, 300_000);
    await untilStep(page, 60);
    const paused = await pause(page);
    const losses = (await lossesOf(page)).map(({ loss }) => loss);
    expect(losses.length).toBeGreaterThan(20);
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 5)) - 0.1);

    await press(page, 'Resume');
    await untilStep(page, paused + 20);
    const speed = await throughput(page, backend);
    await seeRoutes(page);
    await goTo(page, 'Train');
    const left = await pause(page);

    await page.reload();
    await untilReady(page);
    expect(numberAfter((await textOf(page, 'kept-run')) ?? '', 'left at step')).toBe(left);
    await useBackend(page, backend);
    await press(page, 'Continue the run');
    await untilStep(page, left + 20, 300_000);
    await pause(page);
    const curve = await lossesOf(page);
    expect(curve[0].step, 'the curve starts where it did').toBeLessThan(left / 2);
    expect(curve.at(-1)?.step).toBe(await stepOf(page));
    expect(await textOf(page, 'machine-badge')).toMatch(backend === 'GPU' ? /^GPU/ : /^CPU/);
    expect(await page.$$('[role="alert"]')).toEqual([]);
    expect(problems).toEqual([]);

    task.meta.computedOn = backend === 'GPU' ? `WebGPU on ${inject('firefox').graphics}` : 'the CPU twins';
    task.meta.computedOn += `, ${speed}`;
    if (webgpu && backend === 'CPU') task.meta.computedOn += '; Firefox offers no WebGPU on what was found for it';
  });
});

/** Whether Firefox offers an adapter to pages. */
const offersAdapter = (page: Page): Promise<boolean> =>
  page.evaluate(async () => Boolean(await navigator.gpu?.requestAdapter()));

/** A text that the bundled model uncovers on Train, and a whole one on Decode. */
async function seeBundledModel(page: Page): Promise<void> {
  await untilShown(page, 'preview');
  expect(await attributeOf(page, 'preview', 'data-model')).toBe('bundled');
  const first = await attributeOf(page, 'preview', 'data-call');
  await until(async () => (await attributeOf(page, 'preview', 'data-call')) !== first, 'the next network call');
  await until(async () => /[a-z]{2}/.test((await attributeOf(page, 'preview', 'data-text')) ?? ''), 'a text');
  await goTo(page, 'Decode');
  await until(async () => /[a-z]{2}/.test((await textOf(page, 'decode-text')) ?? ''), 'a decoded text');
  await goTo(page, 'Train');
  await untilReady(page);
}

/** Pauses, and answers the step at which the run then stands still. */
async function pause(page: Page): Promise<number> {
  await press(page, 'Pause');
  await until(() => canPress(page, 'Resume'), 'Resume to be enabled');
  const step = await stepOf(page);
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(await stepOf(page)).toBe(step);
  return step;
}

/** What the page says of its speed: on which backend, and how many tokens per second. */
async function throughput(page: Page, backend: string): Promise<string> {
  const sentence = new RegExp(`[\\d.,]+( k)? tokens per second on the ${backend}`);
  const said = async () => sentence.exec(await page.$eval('main', (element) => element.innerText))?.[0];
  await until(async () => (await said()) !== undefined, `the throughput on the ${backend}`);
  return (await said()) ?? '';
}

/** Experts under the tokens of a text, and the gate of one. */
async function seeRoutes(page: Page): Promise<void> {
  await goTo(page, 'Routing');
  const strip = await untilShown(page, 'token-routes');
  await until(async () => (await strip.$$('[data-foot]')).length > 8, 'experts under the tokens');
  const held = await strip.$('[data-foot]:not([data-foot="–"])');
  if (!held) throw new Error('expected a token that an expert holds, got none');
  await held.focus();
  await until(async () => /gate \d/.test((await textOf(page, 'route-readout')) ?? ''), 'the gate of a token');
}

test('a part that could not be loaded comes when it is tried again, although Firefox remembers the failure', async () => {
  const browser = await launchFirefox({ webgpu: false });
  let server = await servePage({ port: 0 });
  try {
    const address = server.resolvedUrls?.local[0] ?? '';
    const page = await browser.newPage();
    await page.goto(`${address}?${tiny}`);
    await untilReady(page);
    await press(page, 'Train');
    await untilStep(page, 10);
    await server.close();
    await goTo(page, 'Compare');
    const failed = await untilShown(page, 'part-failed');
    expect(await failed.evaluate((element) => (element as HTMLElement).innerText)).toMatch(
      /^Compare could not be loaded: the server does not answer/,
    );
    await untilStep(page, (await stepOf(page)) + 20);
    server = await servePage({ port: Number(new URL(address).port), strictPort: true });
    await press(page, 'Try again');
    await until(
      async () => (await page.$$eval('h2', (all) => all.map((head) => head.innerText))).includes('Runs'),
      'Compare',
    );
    await untilStep(page, (await stepOf(page)) + 20);
  } finally {
    await browser.close();
    await server.close();
  }
});
