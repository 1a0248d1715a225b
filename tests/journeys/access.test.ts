/**
 * The page for everybody: axe's rules in light and dark on every view, no sideways scrolling on a phone, and no
 * motion for people who ask for none.
 */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { violations } from '../support/axe.ts';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, goTo, tiny, untilReady, untilStep } from './page.ts';

const views = ['Train', 'Decode', 'Routing', 'Compare'] as const;

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  test('no serious or critical violation on any view', async () => {
    const { page, problems } = await openApp(browser, `?${tiny}`, { colorScheme });
    await untilReady(page);
    expect(await page.locator('html').getAttribute('data-mantine-color-scheme')).toBe(colorScheme);
    expect(await violations(page), 'before training').toEqual([]);
    await button(page, 'Train').click();
    await untilStep(page, 5);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    for (const view of views) {
      await show(page, view);
      expect(await violations(page), view).toEqual([]);
    }
    await leaveModel(page);
    expect(await violations(page), 'a kept model').toEqual([]);
    await page.getByRole('button', { name: /^More about the model/ }).click();
    await shown(page.getByRole('menu'));
    expect(await violations(page), 'its menu').toEqual([]);
    await page.getByRole('menuitem', { name: 'Rename…' }).click();
    await shown(page.getByRole('dialog', { name: 'Rename the model' }));
    expect(await violations(page), 'its new name').toEqual([]);
    expect(problems).toEqual([]);
  });
});

test('a phone 390 pixels wide scrolls no view sideways', async () => {
  const viewport = { width: 390, height: 844 };
  const { page, problems } = await openApp(browser, `?${tiny}`, { viewport, hasTouch: true });
  await untilReady(page);
  await button(page, 'Train').click();
  await untilStep(page, 5);
  await button(page, 'Pause').click();
  for (const view of views) {
    await show(page, view);
    const width = await page.evaluate(() => document.documentElement.scrollWidth);
    expect(width, view).toBeLessThanOrEqual(viewport.width);
    expect(await violations(page), view).toEqual([]);
  }
  for (const control of await page.getByRole('banner').getByRole('button').filter({ visible: true }).all()) {
    const box = await control.boundingBox();
    expect((box?.x ?? 0) + (box?.width ?? 0), await control.innerText()).toBeLessThanOrEqual(viewport.width);
  }
  await leaveModel(page);
  expect(await page.evaluate(() => document.documentElement.scrollWidth), 'a kept model').toBeLessThanOrEqual(390);
  expect(await violations(page), 'a kept model').toEqual([]);
  await button(page, 'Configuration').click();
  await page.getByRole('dialog', { name: 'Configuration' }).getByText('Preset', { exact: true }).waitFor();
  expect(problems).toEqual([]);
});

test('reduced motion shows finished texts and animates nothing', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}`, { reducedMotion: 'reduce' });
  await untilReady(page);
  const preview = page.getByTestId('preview');
  await preview.waitFor({ timeout: 30_000 });
  const shown = await page.evaluate(
    () =>
      new Promise<string[]>((resolve) => {
        const calls = new Set<string>();
        const look = () => {
          const { call, calls: all } = document.querySelector<HTMLElement>('[data-testid="preview"]')?.dataset ?? {};
          calls.add(`${call} of ${all}`);
        };
        const timer = setInterval(look, 50);
        setTimeout(() => {
          clearInterval(timer);
          resolve([...calls]);
        }, 3000);
      }),
  );
  const calls = await preview.getAttribute('data-calls');
  expect(shown).toEqual([`${calls} of ${calls}`]);

  await goTo(page, 'Decode');
  const canvas = page.getByTestId('decode-canvas');
  await page.getByTestId('decode-text').waitFor({ timeout: 30_000 });
  expect(await canvas.locator('[data-masked]').count()).toBe(0);
  const moving = await page.evaluate(
    () =>
      document.getAnimations().filter((animation) => Number(animation.effect?.getComputedTiming().duration) > 1).length,
  );
  expect(moving).toBe(0);
  expect(problems).toEqual([]);
});

/** Ends the run; after a reload Compare shows its model, and that it can be gone on with. */
async function leaveModel(page: Page): Promise<void> {
  await button(page, 'Stop').click();
  await page.getByTestId('kept-model').waitFor();
  await page.reload();
  await page.getByTestId('kept-model').waitFor();
  await page.getByRole('list', { name: 'Runs to go on with' }).waitFor();
}

/** Goes to a view and waits for what it shows of a model. */
async function show(page: Page, view: (typeof views)[number]): Promise<void> {
  await goTo(page, view);
  const shown = { Train: 'loss-chart', Decode: 'decode-text', Routing: 'token-routes', Compare: 'chart-validation' }[
    view
  ];
  await page.getByTestId(shown).waitFor({ timeout: 30_000 });
}

/** Waits until what fades in is there in full: half there, its contrast is half. */
async function shown(element: Locator): Promise<void> {
  await element.waitFor();
  await expect.poll(() => element.evaluate((node) => getComputedStyle(node).opacity)).toBe('1');
}
