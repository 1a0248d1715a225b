/**
 * The whole way through the page, as a person goes it: with WebGPU and in a browser without; and the switch between
 * backends by hand. Not here: bad input, lost devices, accessibility (files of their own).
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, choice, goTo, lossesOf, mean, pickModel, stepOf, tiny, untilReady, untilStep } from './page.ts';

describe.each([
  { name: 'with WebGPU', webgpu: true },
  { name: 'without WebGPU', webgpu: false },
])('$name', ({ webgpu }) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser({ webgpu });
  });
  afterAll(() => browser?.close());

  test('open, train, pause, step, decode, look at routes, stop', async () => {
    const opened = performance.now();
    const { page, problems } = await openApp(browser);
    await seeBundledModel(page, opened);
    expect(await page.getByTestId('machine-badge').innerText()).toMatch(
      webgpu ? /^(GPU|CPU, (?!no WebGPU))/ : /^CPU, no WebGPU/,
    );

    await button(page, 'Train').click();
    await untilStep(page, 30);
    await pauseAndStep(page);
    const losses = await lossesOf(page);
    expect(losses.length).toBeGreaterThan(15);
    expect(mean(losses.slice(-5))).toBeLessThan(mean(losses.slice(0, 5)) - 0.1);

    const paused = await stepOf(page);
    await button(page, 'Resume').click();
    await untilStep(page, paused + 5);
    await decodeRun(page);
    await lookAtRoutes(page);

    await button(page, 'Stop').click();
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    expect(await page.getByTestId('run-phase').innerText()).toBe('Stopped');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  });
});

test('the backend is switched by hand while a run goes on', async () => {
  const browser = await launchBrowser({ webgpu: true });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}`);
    await untilReady(page);
    const badge = page.getByTestId('machine-badge');
    await badge.click();
    expect(await page.getByText(/Measured on whole training steps/).innerText()).toMatch(/(GPU|CPU) is used/);
    await choice(page, 'Backend', /^CPU/).click();
    await expect.poll(() => badge.innerText()).toMatch(/^CPU/);
    await page.keyboard.press('Escape');

    await button(page, 'Train').click();
    const before = await untilStep(page, 10);
    await badge.click();
    await choice(page, 'Backend', /^GPU/).click();
    await expect.poll(() => badge.innerText(), { timeout: 60_000 }).toMatch(/^GPU/);
    const after = await untilStep(page, before + 10);
    expect(after).toBeGreaterThanOrEqual(before + 10);
    expect(await page.getByRole('region', { name: 'Throughput' }).innerText()).toContain('per second on the GPU');
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

/** Within 10 s of loading: a text being denoised, its expert load, and Train lit. */
async function seeBundledModel(page: Page, opened: number): Promise<void> {
  const preview = page.getByTestId('preview');
  const left = () => 10_000 - (performance.now() - opened);
  await preview.waitFor({ timeout: left() });
  expect(await preview.getAttribute('data-model')).toBe('bundled');
  const first = await preview.getAttribute('data-call');
  await expect.poll(() => preview.getAttribute('data-call'), { timeout: left(), interval: 50 }).not.toBe(first);
  await expect.poll(() => preview.getAttribute('data-text'), { timeout: left() }).toMatch(/[a-z]{2}/);
  const load = page.getByTestId('expert-load').getByRole('img');
  expect(await load.getAttribute('aria-label')).toMatch(/layer 0, MaxVio \d/);
  await expect.poll(() => button(page, 'Train').isEnabled(), { timeout: left() }).toBe(true);
}

/** A paused run stands still, and a single step takes it one further. */
async function pauseAndStep(page: Page): Promise<void> {
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
  const paused = await stepOf(page);
  await page.waitForTimeout(1000);
  expect(await stepOf(page)).toBe(paused);
  await button(page, 'Single step').click();
  await expect.poll(() => stepOf(page)).toBe(paused + 1);
  await page.waitForTimeout(500);
  expect(await stepOf(page)).toBe(paused + 1);
}

/** Both decoders with the run's weights, and the scrubber back to the masked start. */
async function decodeRun(page: Page): Promise<void> {
  await goTo(page, 'Decode');
  await pickModel(page, /^Your run/);
  const prompt = 'The whale';
  await page.getByRole('textbox', { name: 'Prompt' }).fill(prompt);
  const texts: string[] = [];
  for (const decoder of ['Most confident first', 'Ancestral']) {
    // The first visit decodes with the bundled model by itself.
    await button(page, 'Decode').waitFor({ timeout: 30_000 });
    await page.getByRole('combobox', { name: 'Decoder' }).click();
    await page.getByRole('option', { name: decoder }).click();
    await button(page, 'Decode').click();
    // Each decode leaves a text unlike the one before it; the bundled model's did not start with the prompt.
    const result = page.getByTestId('decode-text').filter({ hasText: new RegExp(`^${prompt}`) });
    const newText = async () => (await result.allTextContents()).find((text) => text !== texts.at(-1));
    await expect.poll(newText, { timeout: 60_000 }).toBeDefined();
    texts.push((await newText()) ?? '');
  }
  for (const text of texts) expect(text.length).toBeGreaterThan(prompt.length);

  const canvas = page.getByTestId('decode-canvas');
  const masked = canvas.locator('[data-masked]');
  const thumb = page.getByRole('slider', { name: 'Network call' });
  await thumb.focus();
  await page.keyboard.press('End');
  await expect.poll(() => masked.count()).toBe(0);
  await page.keyboard.press('Home');
  await expect.poll(() => canvas.getAttribute('data-call')).toBe('0');
  expect(await masked.count()).toBe((await canvas.locator('[data-position]').count()) - prompt.length);
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => canvas.getAttribute('data-call')).toBe('1');
  await canvas.locator('[data-position]:not([data-masked]):not([data-given])').first().focus();
  expect(await page.getByTestId('decode-readout').innerText()).toMatch(
    /confidence \d.*revealed (at call 1|in this call)/,
  );
}

/** The token strip with an expert under each token, and the load of each layer. */
async function lookAtRoutes(page: Page): Promise<void> {
  await goTo(page, 'Routing');
  await pickModel(page, /^Your run/);
  const strip = page.getByTestId('token-routes');
  await expect.poll(() => strip.locator('[data-foot]').count(), { timeout: 30_000 }).toBeGreaterThan(16);
  const held = strip.locator('[data-foot]:not([data-foot="–"])');
  await held.first().focus();
  expect(await page.getByTestId('route-readout').innerText()).toMatch(/gate \d/);
  await page.getByTestId('expert-load').getByRole('img').waitFor();
  const load = await page.getByRole('img', { name: /^Tokens per expert/ }).getAttribute('aria-label');
  const tokens = [...(load ?? '').matchAll(/expert \d+ ([\d.]+)/g)].map((match) => Number(match[1]));
  expect(tokens.length).toBeGreaterThan(1);
  expect(tokens.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(0);
}
