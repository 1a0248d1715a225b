/**
 * Words for what a person does on the page and sees there, in Firefox; the same as tests/journeys/page.ts has for Chromium,
 * whose driver cannot start a Firefox of the system. Holds no expectations of its own.
 */
import type { ElementHandle, Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { leadingNumber, readNumber } from '../support/figures.ts';

/** Waits leave room for a machine that others use too. */
const patience = 90_000;

const named = (role: string, name: string): string => `::-p-aria([name="${name}"][role="${role}"])`;
const testId = (id: string): string => `[data-testid="${id}"]`;

/** Waits until a condition holds. */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  { timeout = patience, interval = 100 }: { timeout?: number; interval?: number } = {},
): Promise<void> {
  await expect.poll(condition, { timeout, interval, message: `expected ${what} within ${timeout / 1000} s` }).toBe(true);
}

/** Clicks a button once it is there, on show and enabled. */
export const press = (page: Page, name: string): Promise<void> =>
  page.locator(named('button', name)).setTimeout(patience).click();

export async function untilButton(page: Page, name: string): Promise<void> {
  await page.locator(named('button', name)).setTimeout(patience).wait();
}

/** Waits until the engine is open and the configuration can be trained. */
export const untilReady = (page: Page): Promise<void> =>
  until(async () => {
    const button = await page.$(named('button', 'Train'));
    return button !== null && button.evaluate((element) => !(element as HTMLButtonElement).disabled);
  }, 'Train to be enabled');

export async function goTo(page: Page, view: 'Train' | 'Decode' | 'Routing'): Promise<void> {
  await page.locator(named('link', view)).setTimeout(patience).click();
}

/** The text of a part of the page; null while it is not there. */
export async function textOf(page: Page, id: string): Promise<string | null> {
  const part = await page.$(testId(id));
  return part ? part.evaluate((element) => (element as HTMLElement).innerText) : null;
}

export const attributeOf = (page: Page, id: string, name: string): Promise<string | null> =>
  page.$eval(testId(id), (element, asked) => element.getAttribute(asked), name);

export async function untilShown(page: Page, id: string): Promise<ElementHandle<Element>> {
  const part = await page.waitForSelector(testId(id), { timeout: patience, visible: true });
  if (!part) throw new Error(`expected ${id} on show, got nothing`);
  return part;
}

/** The step on show; 0 while none is. */
export async function stepOf(page: Page): Promise<number> {
  const text = await textOf(page, 'run-step');
  return text === null ? 0 : leadingNumber(text);
}

/** Waits until the run has come to a step, and answers the step then on show. */
export async function untilStep(page: Page, step: number, timeout = patience): Promise<number> {
  await until(async () => (await stepOf(page)) >= step, `step ${step}`, { timeout });
  return stepOf(page);
}

/** Chooses what the page computes on, by hand, and waits until it does. */
export async function useBackend(page: Page, backend: 'GPU' | 'CPU'): Promise<void> {
  const isUsed = async () => (await textOf(page, 'machine-badge'))?.startsWith(backend) ?? false;
  if (await isUsed()) return;
  await page.locator(testId('machine-badge')).click();
  const control = await page.waitForSelector(named('radiogroup', 'Backend'), { timeout: patience });
  for (const label of (await control?.$$('label')) ?? []) {
    if ((await label.evaluate((element) => element.innerText)).startsWith(backend)) await label.click();
  }
  await until(isUsed, `the badge to say ${backend}`);
  await page.keyboard.press('Escape');
}

/** The losses in the table behind the loss chart, unsmoothed, first step first. */
export async function lossesOf(page: Page): Promise<number[]> {
  const panel = await page.waitForSelector(named('region', 'Loss'), { timeout: patience });
  if (!panel) throw new Error('expected the region Loss, got none');
  await (await panel.$('select[aria-label="Smoothing"]'))?.select('0');
  await press(page, 'Loss as a table');
  await panel.waitForSelector('tbody tr', { timeout: patience });
  const cells = await panel.$$eval('tbody tr td:nth-child(2)', (all) => all.map((cell) => cell.textContent ?? ''));
  await press(page, 'Loss as a table');
  return cells.filter((cell) => cell !== '').map(readNumber);
}
