/**
 * The Decode view: a decoder put together from its parts, a position opened at a call by keyboard, the trace taken away
 * and read back, and a decoder that an address asks for.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseTrace } from '../../src/diffusion/parseTrace.ts';
import type { Trace } from '../../src/diffusion/trace.ts';
import { violations } from '../support/axe.ts';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, downloaded } from './page.ts';

const length = 12;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('a decoder by its parts: decode, open a position at a call by keyboard, take the trace away', async () => {
  const { page, problems } = await openApp(browser, '?decode.steps=3#/decode', { reducedMotion: 'reduce' });
  await untilDecoded(page);
  await chooseParts(page);
  await decodeAgain(page);
  await page.setViewportSize({ width: 1280, height: 1000 });

  const trace = parseTrace(await downloaded(page, 'Export Decode', 'Trace (JSON)'), 'the exported trace');
  expect(trace.settings).toMatchObject({ candidate: 'best', order: 'margin', budget: 'quota', steps: 4 });
  expect(trace.start).toHaveLength(length);
  expect(trace.steps.map(({ commits }) => commits.length)).toEqual([3, 3, 3, 3]);

  await expectCards(page, trace);
  await button(page, 'Show call 1').press('Enter');
  expect(await page.getByTestId('decode-canvas').getAttribute('data-call')).toBe('1');
  expect(await violations(page)).toEqual([]);
  expect(problems).toEqual([]);
});

test('an address names a decoder, in dark on a phone', async () => {
  const options = { viewport: { width: 390, height: 844 }, hasTouch: true, colorScheme: 'dark' } as const;
  const { page, problems } = await openApp(browser, '?decoder=threshold&decode.tau=0.8#/decode', options);
  const call = page.getByTestId('decode-canvas');
  // It starts by itself; the first calls are enough. A fast machine has made them all by then.
  await expect.poll(async () => Number(await call.getAttribute('data-call')), { timeout: 60_000 }).toBeGreaterThan(1);
  if (await button(page, 'Stop decoding').isVisible())
    await button(page, 'Stop decoding')
      .click({ timeout: 5000 })
      .catch(() => {});
  await untilDecoded(page);
  expect(await page.getByRole('combobox', { name: 'Decoder' }).inputValue()).toBe('Confidence threshold');
  expect(await page.locator('[data-path="decode.tau"]').getByRole('textbox').inputValue()).toBe('0.8');
  const empty = await page.getByTestId('position-card').boundingBox();
  await page.getByRole('slider', { name: 'Network call' }).focus();
  await page.keyboard.press('Home');
  await page.keyboard.press('ArrowRight');
  await page.getByTestId('decode-canvas').locator('[data-masked]').first().tap();
  expect(await page.getByTestId('position-why').innerText()).toMatch(
    /^Left hidden: its score 0\.\d+ is (just )?below the threshold 0\.8\.$/,
  );
  expect((await page.getByTestId('position-card').boundingBox())?.height).toBe(empty?.height);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  expect(await violations(page)).toEqual([]);
  expect(problems).toEqual([]);
});

async function untilDecoded(page: Page): Promise<void> {
  await page.getByTestId('decode-text').waitFor({ timeout: 60_000 });
}

/** The most probable tokens, by margin, three in each of four calls. */
async function chooseParts(page: Page): Promise<void> {
  for (const [part, option] of Object.entries({ candidate: 'Most probable token', order: 'Margin' })) {
    await page.locator(`[data-path="decode.${part}"]`).getByRole('combobox').click();
    await page.getByRole('option', { name: option, exact: true }).click();
  }
  await page.locator('[data-path="decode.steps"]').getByRole('textbox').fill('4');
  await page.keyboard.press('Tab');
  await page.getByRole('textbox', { name: 'Length' }).fill(`${length}`);
  await page.keyboard.press('Tab');
}

async function decodeAgain(page: Page): Promise<void> {
  await button(page, 'Decode').click();
  await expect.poll(() => page.getByTestId('decode-canvas').locator('[data-position]').count()).toBe(length);
  await untilDecoded(page);
}

/** Walks the canvas at call 2 by keyboard; what each card says is what the trace holds. */
async function expectCards(page: Page, { steps }: Trace): Promise<void> {
  await page.getByRole('slider', { name: 'Network call' }).focus();
  for (const key of ['Home', 'ArrowRight', 'ArrowRight']) await page.keyboard.press(key);
  const canvas = page.getByTestId('decode-canvas');
  expect(await canvas.getAttribute('data-call')).toBe('2');
  expect(await canvas.locator('[data-masked]').count()).toBe(length - 6);
  expect(await canvas.locator('[data-fresh]').count()).toBe(3);
  await canvas.locator('[data-position="0"]').focus();
  const { open, commits } = steps[1];
  for (let position = 0; position < length; position++) {
    if (position > 0) await page.keyboard.press('ArrowRight');
    const title = await page.getByTestId('decode-readout').innerText();
    const index = open.positions.indexOf(position);
    const isTaken = commits.some((commit) => commit.position === position);
    const state = index < 0 ? 'revealed at call 1' : isTaken ? 'revealed in this call' : 'hidden';
    expect(title).toMatch(new RegExp(`^Position ${position}: .*${state}$`));
    if (index < 0) continue;
    const shown = await page.getByTestId('position-candidates').locator('li').allInnerTexts();
    const percents = shown.map((text) => Number(/([\d.e-]+)\s*%/.exec(text)?.[1]) / 100);
    expect(percents).toHaveLength(5);
    open.probabilities[index].forEach((probability, place) => {
      expect(percents[place] / probability).toBeCloseTo(1, 1);
    });
    const why = `${isTaken ? 'Revealed' : 'Left hidden'}: it comes as number ${index + 1} of 9, and the share of this call is the first 3.`;
    expect(await page.getByTestId('position-why').innerText()).toBe(why);
  }
}
