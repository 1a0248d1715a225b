/** Words for what a person does on the page and sees there, shared by the journeys. Holds no expectations of its own. */
import { readFile } from 'node:fs/promises';
import type { Locator, Page } from 'playwright-core';
import { expect } from 'vitest';
import { leadingNumber, readNumber } from '../support/figures.ts';

/** A model so small that a software adapter compiles and steps it within seconds. */
export const tiny = [
  'preset=expert-choice',
  'model.layers=1',
  'model.width=16',
  'model.heads=2',
  'model.experts=4',
  'model.expertWidth=16',
  'data.sequenceLength=16',
  'training.batchSize=2',
  'training.steps=100000',
].join('&');

export const button = (page: Page, name: string): Locator => page.getByRole('button', { name, exact: true });

/** One choice of a segmented control. */
export const choice = (page: Page, control: string, label: string | RegExp): Locator =>
  page.getByRole('radiogroup', { name: control, exact: true }).locator('label').filter({ hasText: label });

/** Picks a model in *Decode* or *Routing*, by its words. */
export async function pickModel(page: Page, label: string | RegExp): Promise<void> {
  await page.getByRole('combobox', { name: 'Model', exact: true }).click();
  await page.getByRole('option', { name: label }).click();
}

export const goTo = (page: Page, view: 'Train' | 'Decode' | 'Routing' | 'Compare'): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name: view, exact: true }).filter({ visible: true }).click();

/** Waits until the engine is open and the configuration can be trained. */
export async function untilReady(page: Page): Promise<void> {
  await expect.poll(() => button(page, 'Train').isEnabled(), { timeout: 60_000 }).toBe(true);
}

/** The step on show; 0 while none is. */
export async function stepOf(page: Page): Promise<number> {
  const figure = page.getByTestId('run-step');
  if ((await figure.count()) === 0) return 0;
  return leadingNumber(await figure.innerText());
}

/** Waits until the run has come to a step, and answers the step then on show. */
export async function untilStep(page: Page, step: number, timeout = 120_000): Promise<number> {
  await expect.poll(() => stepOf(page), { timeout, interval: 100 }).toBeGreaterThanOrEqual(step);
  return stepOf(page);
}

/** The losses in the table behind the loss chart, unsmoothed, first step first. */
export async function lossesOf(page: Page): Promise<number[]> {
  const panel = page.getByRole('region', { name: 'Loss', exact: true });
  await panel.getByLabel('Smoothing').selectOption('0');
  await panel.getByRole('button', { name: 'Loss as a table' }).click();
  const cells = await panel.locator('tbody tr td:nth-child(2)').allInnerTexts();
  await panel.getByRole('button', { name: 'Loss as a table' }).click();
  return cells.filter((cell) => cell !== '').map(readNumber);
}

export const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** The file that an item of a menu hands out. */
export async function downloadedBytes(page: Page, menu: string, item: string): Promise<Buffer> {
  await button(page, menu).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menu', { name: menu, exact: true }).getByRole('menuitem', { name: item }).click(),
  ]);
  return readFile(await download.path());
}

/** The same as text. */
export async function downloaded(page: Page, menu: string, item: string): Promise<string> {
  return (await downloadedBytes(page, menu, item)).toString('utf8');
}
