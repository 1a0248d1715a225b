/** A run survives a reload: it is offered, goes on at its step, with its curve; and ends among the saved runs. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { numberAfter, readNumber } from '../support/figures.ts';
import { button, lossesOf, stepOf, tiny, untilReady, untilStep } from './page.ts';

test('train, reload, continue', async () => {
  const browser = await launchBrowser({ webgpu: false });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}&training.seed=5`);
    await untilReady(page);
    await button(page, 'Train').click();
    await untilStep(page, 40);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    const paused = await stepOf(page);

    // Another configuration in the address: it stays in charge until the run is taken up.
    await page.goto(page.url().replace('training.seed=5', 'training.seed=6'));
    await untilReady(page);
    const offer = page.getByTestId('kept-run');
    const offered = await offer.innerText();
    expect(numberAfter(offered, 'left at step')).toBe(paused);
    expect(offered).toContain(' of 100,000');
    expect(page.url()).toContain('training.seed=6');
    await offer.getByRole('button', { name: 'Continue the run' }).click();
    await untilStep(page, paused + 20);
    expect(await offer.count()).toBe(0);
    expect(page.url()).toContain('training.seed=5');
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    const steps = await stepsOfCurve(page);
    expect(steps[0], 'the curve starts where it did').toBeLessThan(paused / 2);
    expect(steps.at(-1)).toBe(await stepOf(page));
    expect((await lossesOf(page)).length).toBeGreaterThan(15);

    // A run that was stopped can be gone on with too, or be given up.
    await button(page, 'Resume').click();
    const stopping = await untilStep(page, (await stepOf(page)) + 5);
    await button(page, 'Stop').click();
    await expect.poll(() => page.getByTestId('run-phase').innerText()).toBe('Stopped');
    const stopped = await stepOf(page);
    expect(stopped).toBeGreaterThanOrEqual(stopping);
    await page.reload();
    await untilReady(page);
    expect(numberAfter(await offer.innerText(), 'left at step')).toBe(stopped);
    await offer.getByRole('button', { name: 'Give it up' }).click();
    await expect.poll(() => offer.count()).toBe(0);
    await page.reload();
    await untilReady(page);
    expect(await offer.count()).toBe(0);
    expect(await page.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('a run on one’s own text goes on after its tab was closed without a word', async () => {
  const browser = await launchBrowser({ webgpu: false });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}&data.corpus=custom`);
    await page
      .getByRole('textbox', { name: 'Your own text' })
      .fill('the quick brown fox jumps over the lazy dog. '.repeat(60));
    await untilReady(page);
    await button(page, 'Train').click();
    await untilStep(page, 20);
    // Long enough to be saved by itself.
    await page.waitForTimeout(5000);
    const seen = await stepOf(page);
    const second = await page.context().newPage();
    await second.goto(page.url());
    // The first tab works on the run still: it is not offered to another.
    await second.getByTestId('preview').waitFor();
    expect(await second.getByTestId('kept-run').count()).toBe(0);
    await page.close();
    await second.reload();
    const offer = second.getByTestId('kept-run');
    await offer.waitFor();
    const saved = numberAfter(await offer.innerText(), 'at step');
    expect(saved).toBeGreaterThan(0);
    await offer.getByRole('button', { name: /^Continue the run/ }).click();
    await untilStep(second, Math.max(seen, saved) + 5);
    expect(await second.getByRole('alert').count()).toBe(0);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

/** The steps in the table behind the loss chart. */
async function stepsOfCurve(page: Page): Promise<number[]> {
  const panel = page.getByRole('region', { name: 'Loss', exact: true });
  await panel.getByRole('button', { name: 'Loss as a table' }).click();
  const cells = await panel.locator('tbody tr td:first-child').allInnerTexts();
  await panel.getByRole('button', { name: 'Loss as a table' }).click();
  return cells.map(readNumber);
}
