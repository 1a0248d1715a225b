/** The router opened: the atlas of the bundled model on a page without WebGPU. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { violations } from '../support/axe.ts';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, downloaded } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('the atlas is built, read by keyboard, saved and opened again', async () => {
  const { page, problems } = await openApp(browser, '#/routing');
  await button(page, 'Build the atlas').click({ timeout: 60_000 });
  const atlas = page.getByTestId('atlas');
  await atlas.waitFor({ timeout: 60_000 });
  // Experts choose in the bundled model: the load would be one number everywhere.
  const measure = page.getByRole('combobox', { name: 'Measure' });
  expect(await measure.inputValue()).toBe('Hidden share');
  expect(await atlas.innerText()).toContain('The load is the same for all experts');
  await pickMeasure(page, 'Specialisation');
  const cells = atlas.getByRole('button', { name: /^Layer \d, expert \d/ });
  expect(await cells.count()).toBe(3 * 8);

  await cells.first().focus();
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
  const chosen = atlas.getByRole('button', { pressed: true });
  expect(await chosen.getAttribute('aria-label')).toMatch(/^Layer 1, expert 2: \d\.\d/);
  expect(await violations(page)).toEqual([]);

  await readCard(page);
  await removeAndUndo(page);

  const text = await downloaded(page, 'Export Atlas', 'Data (JSON)');
  expect(await downloaded(page, 'Export Atlas', 'Data (CSV)')).toContain('specialisation,1,2,');
  expect(await downloaded(page, 'Export Atlas', 'Picture (SVG)')).toContain('Specialisation');
  await page.getByLabel('File of an atlas').setInputFiles({
    ...{ name: 'other.json', mimeType: 'application/json' },
    buffer: Buffer.from(text.replace(/"weights":"[0-9a-f]{8}"/, '"weights":"00000000"')),
  });
  const panel = page.getByRole('region', { name: 'Atlas', exact: true });
  await expect.poll(() => panel.innerText()).toContain('another model');
  await page.getByLabel('File of an atlas').setInputFiles({
    ...{ name: 'same.json', mimeType: 'application/json' },
    buffer: Buffer.from(text),
  });
  await expect.poll(() => panel.innerText()).not.toContain('another model');
  expect(problems).toEqual([]);
});

/** The card says what the expert takes, and the token strip lights its tokens. */
async function readCard(page: Page): Promise<void> {
  const card = page.getByRole('region', { name: 'Expert 2 of layer 1' });
  const words = await card.innerText();
  for (const part of ['hidden', 'vowel', 'Reads more than chance', 'Shares tokens with expert', 'of the revealed'])
    expect(words).toContain(part);
  expect(words).toMatch(/× \d/);
  const strip = page.getByTestId('token-routes');
  await expect.poll(() => strip.locator('[data-lit]').count()).toBeGreaterThan(0);
  for (const label of await strip.locator('[data-lit]').evaluateAll((cells) => cells.map((cell) => cell.ariaLabel)))
    expect(label).toMatch(/expert 2 gate/);
}

/** Without the expert the loss is another one and nobody's token is its; undone, all is as before. */
async function removeAndUndo(page: Page): Promise<void> {
  const lit = page.getByTestId('token-routes').locator('[data-lit]');
  const before = await lit.count();
  await button(page, 'Remove').click();
  await expect.poll(() => lit.count(), { timeout: 30_000 }).toBe(0);
  const cost = page.getByTestId('cost');
  await expect
    .poll(() => cost.innerText(), { timeout: 60_000 })
    .toMatch(/^Loss \d\.\d{3} → \d\.\d{3}, difference [+−]\d\.\d{3} ± \d\.\d{3} bits/);
  expect(await violations(page)).toEqual([]);
  await button(page, 'Undo: Expert 2 of layer 1 removed').click();
  await expect.poll(() => lit.count(), { timeout: 30_000 }).toBe(before);
  expect(await cost.count()).toBe(0);
}

async function pickMeasure(page: Page, label: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Measure' }).click();
  await page.getByRole('option', { name: label, exact: true }).click();
}
