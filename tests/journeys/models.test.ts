/**
 * Any model, anywhere: runs that ended are decoded with, looked into and started from, after a reload too; and the
 * library of their models is kept in order: pinned, named, removed, within its room, taken away as a file and opened again.
 */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, downloadedBytes, goTo, lossesOf, mean, pickModel, tiny, untilReady } from './page.ts';

/** So many experts that three of such models take more than the least room that can be given to models, 1 MB. */
const sized = 'model.experts=32&model.expertWidth=64&training.steps=60&training.evaluateEvery=60';
const small = `${tiny.replace(/&model\.experts=.*/, '')}&data.sequenceLength=16&training.batchSize=2&${sized}`;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('three runs: decode with the first, look into the second, start a fourth from the third, keep order', async () => {
  const { page, problems } = await openApp(browser, `?${small}&training.seed=5#/compare`);
  await untilReady(page);
  for (const seed of [5, 6, 7]) await trainWith(page, seed);
  expect(await kept(page).first().innerText()).toMatch(/\(3\)\s+60\s+\d{3} kB\s+\d/);
  await page.reload();
  await untilReady(page);
  await expect.poll(() => kept(page).count()).toBe(3);

  const texts = await decodeWithTwo(page);
  expect(texts[0]).not.toBe(texts[1]);
  await lookIntoSecond(page);
  await startFromThird(page);
  await goTo(page, 'Compare');
  await expect.poll(() => kept(page).count(), { timeout: 60_000 }).toBe(4);
  expect(await page.getByRole('alert').count()).toBe(0);

  await keepOrder(page);
  await takeAwayAndOpen(page);
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(problems).toEqual([]);
});

const kept = (page: Page): Locator => page.getByTestId('kept-model');
const startControl = (page: Page): Locator => page.getByRole('combobox', { name: 'Weights to start from' });

/** Trains to the end; Compare, which is on show, has one more model then. */
async function trainWith(page: Page, seed: number): Promise<void> {
  const before = await kept(page).count();
  if (before > 0) {
    const group = page.getByRole('navigation', { name: 'Configuration' }).getByRole('button', { name: /^Training/ });
    if ((await group.getAttribute('aria-expanded')) === 'false') await group.click();
    await page.locator('[data-path="training.seed"]').getByRole('textbox').fill(`${seed}`);
    await page.keyboard.press('Tab');
  }
  await untilReady(page);
  await button(page, 'Train').click();
  await expect.poll(() => kept(page).count(), { timeout: 60_000 }).toBe(before + 1);
  await expect.poll(() => page.getByTestId('run-phase').innerText()).toBe('Finished');
}

/** The texts that the first and the second model decode from the same seed. */
async function decodeWithTwo(page: Page): Promise<string[]> {
  await goTo(page, 'Decode');
  const texts: string[] = [];
  for (const name of [/ more$/, /\(2\)$/]) {
    const before = await page.getByTestId('decode-text').textContent({ timeout: 30_000 });
    await pickModel(page, name);
    const text = page.getByTestId('decode-text');
    await expect.poll(() => text.textContent(), { timeout: 30_000 }).not.toBe(before);
    // Its window, not the bundled model's.
    expect(await page.getByTestId('decode-canvas').locator('[data-position]').count()).toBe(16);
    texts.push((await text.textContent()) ?? '');
  }
  return texts;
}

async function lookIntoSecond(page: Page): Promise<void> {
  await goTo(page, 'Routing');
  // What is picked in one view is picked in the other.
  expect(await page.getByRole('combobox', { name: 'Model', exact: true }).inputValue()).toMatch(/\(2\)$/);
  const strip = page.getByTestId('token-routes');
  await expect.poll(() => strip.locator('[data-foot]').count(), { timeout: 30_000 }).toBe(16);
  const load = page.getByRole('img', { name: /^Tokens per expert/ });
  expect((await load.getAttribute('aria-label'))?.match(/expert \d+ /g)).toHaveLength(32);
}

/** From another configuration, which takes the model settings over; it begins where the third one ended. */
async function startFromThird(page: Page): Promise<void> {
  await page.goto(`${inject('appUrl')}?preset=dense&training.steps=60&training.batchSize=2&data.sequenceLength=16`);
  await startControl(page).click();
  await page.getByRole('option', { name: /\(3\)$/ }).click();
  await page
    .getByText(/expected .* to start from .*, got /)
    .first()
    .waitFor();
  expect(await button(page, 'Train').isDisabled()).toBe(true);
  await button(page, 'Take its model settings').click();
  await page.getByText('The configuration has its model settings.').waitFor();
  await untilReady(page);
  await button(page, 'Train').click();
  await expect.poll(() => page.getByTestId('run-phase').innerText(), { timeout: 60_000 }).toBe('Finished');
  const losses = await lossesOf(page);
  // A fresh model guesses among all characters: 6 bits and more.
  expect(mean(losses.slice(0, 5))).toBeLessThan(5.5);
}

async function keepOrder(page: Page): Promise<void> {
  const [fourth, third, second, first] = await kept(page).locator('.models-name').allInnerTexts();
  expect(third).toMatch(/\(3\)\s+the next run starts from it/);
  await choose(page, first, 'Pin');
  await expect.poll(() => kept(page).nth(3).innerText()).toContain('pinned');
  await choose(page, second, 'Rename…');
  await page.getByRole('textbox', { name: 'Name' }).fill('The second one');
  await button(page, 'Rename').click();
  await expect.poll(() => kept(page).nth(2).innerText()).toContain('The second one');
  await choose(page, third.split('\n')[0], 'Remove…');
  await button(page, 'Remove').click();
  await expect.poll(() => kept(page).count()).toBe(3);
  // What was to be started from is gone; the record of its run stays.
  expect(await startControl(page).inputValue()).toBe('Fresh weights');
  await page.getByRole('checkbox', { name: /^Compare .*\(3\)$/ }).waitFor();

  // The least room: the oldest model that is not pinned has to go, which is asked first and told afterwards.
  const room = page.getByRole('textbox', { name: 'Room for models, in megabytes' });
  const setRoom = async (answer: 'Keep' | 'Remove') => {
    await room.fill('1');
    await room.press('Enter');
    await page
      .getByRole('dialog', { name: 'Remove models?' })
      .getByRole('button', { name: answer, exact: true })
      .click();
  };
  await setRoom('Keep');
  expect([await room.inputValue(), await kept(page).count()]).toEqual(['256 MB', 3]);
  await setRoom('Remove');
  const told = page.getByRole('alert').filter({ hasText: 'For your information' });
  expect(await told.innerText()).toMatch(
    /The weights of “The second one” \(\d+ kB\) were removed, the oldest of those not pinned, to keep to 1 MB for models\./,
  );
  const left = async () => (await kept(page).locator('.models-name').allInnerTexts()).map((text) => text.split('\n'));
  await expect.poll(left).toEqual([[fourth], [first, '', 'pinned']]);
  await told.getByRole('button', { name: 'Dismiss' }).click();
}

/** A model as a file, and the file as a model. */
async function takeAwayAndOpen(page: Page): Promise<void> {
  const name = await kept(page).first().locator('.models-name').innerText();
  const file = await downloadedBytes(page, `More about the model ${name}`, 'Download (safetensors)');
  const head = file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString('utf8');
  expect(JSON.parse(head)).toHaveProperty('__metadata__');
  await goTo(page, 'Decode');
  await page
    .getByLabel('File of weights', { exact: true })
    .setInputFiles({ name: 'mine.safetensors', mimeType: 'application/octet-stream', buffer: file });
  const picker = page.getByRole('combobox', { name: 'Model', exact: true });
  await expect.poll(() => picker.inputValue()).toBe('mine.safetensors');
  await expect.poll(() => page.getByTestId('decode-canvas').locator('[data-position]').count()).toBe(16);
}

/** An item of the menu of a kept model. */
async function choose(page: Page, name: string, item: string): Promise<void> {
  await button(page, `More about the model ${name}`).click();
  await page.getByRole('menuitem', { name: item, exact: true }).click();
}
