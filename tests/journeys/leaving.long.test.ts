/**
 * Leaving the page and coming back, in a browser that keeps pages whole behind the back button; and two tabs that are
 * offered the same run. Nothing that was learned is lost, and nobody writes on a run that another goes on with.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { numberAfter } from '../support/figures.ts';
import { button, stepOf, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

const offerOf = (page: Page) => page.getByTestId('kept-run');

/** The page as it is after a click that leads away from it, within the same tab. */
async function leaveFor(page: Page, query: string): Promise<void> {
  const url = new URL(page.url());
  url.search = query;
  await page.goto(url.href);
  await untilReady(page);
}

test('a run is offered within seconds of leaving, and goes on by itself on the way back', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}`);
  await untilReady(page);
  await button(page, 'Train').click();
  const left = await untilStep(page, 40);
  await leaveFor(page, `?${tiny}&training.seed=9`);
  await offerOf(page).waitFor({ timeout: 15_000 });
  const offered = numberAfter(await offerOf(page).innerText(), 'left at step');
  expect(offered).toBeGreaterThan(0);

  await page.goBack();
  // Kept whole, it goes on by itself; a page that the browser did not keep offers the run.
  const isOffered = () => offerOf(page).isVisible();
  await expect.poll(async () => (await isOffered()) || (await stepOf(page)) > 0, { timeout: 20_000 }).toBe(true);
  if (await isOffered()) await offerOf(page).getByRole('button', { name: 'Continue the run' }).click();
  else expect(offered, 'what is kept whole has saved all of it').toBeGreaterThanOrEqual(left);
  await untilStep(page, offered + 20);
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(problems).toEqual([]);
  await page.close();
});

test('a run left after its first steps is offered too; of a tab that crashes, in another tab', async () => {
  const { page: first } = await openApp(browser, `?${tiny}`);
  await untilReady(first);
  const second = await first.context().newPage();
  await second.goto(first.url());
  await untilReady(second);
  await button(first, 'Train').click();
  await untilStep(first, 1);
  expect(await offerOf(second).count(), 'nothing to offer while it is worked on').toBe(0);
  // The tab is gone without a word.
  await first.goto('chrome://crash').catch(() => {});
  await offerOf(second).waitFor({ timeout: 15_000 });
  await offerOf(second).getByRole('button', { name: 'Continue the run' }).click();
  await untilStep(second, 20);
  await second.context().close();
});

test('what another visit has gone on with is not written over on the way back', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}`);
  await untilReady(page);
  await button(page, 'Train').click();
  await untilStep(page, 1);
  await leaveFor(page, `?${tiny}&training.seed=9`);
  await offerOf(page).getByRole('button', { name: 'Continue the run' }).click();
  await untilStep(page, 200);
  // A pause saves, however the page ends.
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
  const further = await stepOf(page);
  await page.goBack();
  // Whichever page is there now: the run has what it learned.
  await offerOf(page).waitFor({ timeout: 20_000 });
  expect(numberAfter(await offerOf(page).innerText(), 'left at step')).toBeGreaterThanOrEqual(further);
  await offerOf(page).getByRole('button', { name: 'Continue the run' }).click();
  await untilStep(page, further + 10);
  expect(problems).toEqual([]);
  await page.close();
});

test('of two tabs with one offer, one goes on and the other withdraws it', async () => {
  const { page: first, problems } = await openApp(browser, `?${tiny}`);
  await untilReady(first);
  await button(first, 'Train').click();
  await untilStep(first, 30);
  await button(first, 'Pause').click();
  await button(first, 'Resume').waitFor();
  const paused = await stepOf(first);
  const [context, url] = [first.context(), first.url()];
  await first.close();

  const tabs = [await context.newPage(), await context.newPage()];
  for (const tab of tabs) {
    await tab.goto(url);
    await untilReady(tab);
    await offerOf(tab).waitFor({ timeout: 15_000 });
  }
  await offerOf(tabs[0]).getByRole('button', { name: 'Continue the run' }).click();
  await untilStep(tabs[0], paused + 10);
  await expect.poll(() => offerOf(tabs[1]).count(), { timeout: 15_000 }).toBe(0);
  // Its own training touches nothing of the other's.
  await button(tabs[1], 'Train').click();
  await untilStep(tabs[1], 10);
  const before = await stepOf(tabs[0]);
  await untilStep(tabs[0], before + 10);
  for (const tab of tabs) expect(await tab.getByRole('alert').count()).toBe(0);
  expect(problems).toEqual([]);
  await context.close();
});
