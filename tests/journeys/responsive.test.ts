/**
 * While a model trains, the main thread stays free: no task over 50 ms in five seconds of steady state, by the
 * browser's own long-task observer (its threshold is those 50 ms). Not here: how fast the engine is.
 */
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, choice, goTo, stepOf, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

test('no task of the main thread takes over 50 ms while a model trains', async () => {
  const { page, problems } = await openApp(browser);
  await untilReady(page);
  // The observer is awake: a task that is long on purpose is seen.
  expect((await longTasks(page, 1000, 120)).length).toBeGreaterThan(0);
  await button(page, 'Train').click();
  const settled = await untilStep(page, 20);
  expect(await longTasks(page, 5000), 'Train').toEqual([]);
  expect(await stepOf(page)).toBeGreaterThan(settled);

  await goTo(page, 'Routing');
  await choice(page, 'Weights', 'Your run').click();
  await page.getByTestId('token-routes').waitFor();
  await page.waitForTimeout(3000);
  expect(await longTasks(page, 5000), 'Routing').toEqual([]);
  expect(problems).toEqual([]);
});

/** Durations in ms of the long tasks during `milliseconds`; `busy` keeps the main thread busy once for that long. */
function longTasks(page: Page, milliseconds: number, busy = 0): Promise<number[]> {
  return page.evaluate(
    ({ milliseconds, busy }) =>
      new Promise<number[]>((resolve) => {
        const durations: number[] = [];
        const take = (list: PerformanceEntryList) => durations.push(...list.map(({ duration }) => duration));
        const observer = new PerformanceObserver((list) => take(list.getEntries()));
        observer.observe({ type: 'longtask' });
        if (busy > 0) {
          setTimeout(() => {
            const end = performance.now() + busy;
            while (performance.now() < end);
          });
        }
        setTimeout(() => {
          take(observer.takeRecords());
          observer.disconnect();
          resolve(durations);
        }, milliseconds);
      }),
    { milliseconds, busy },
  );
}
