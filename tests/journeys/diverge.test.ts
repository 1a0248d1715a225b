/** A run that leaves the numbers behind: the page says so in one sentence, and what it learned before is there to use. */
import { expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, goTo, stepOf, tiny, untilReady, untilStep } from './page.ts';

test('a run that diverges says so, keeps its last sound weights, and the page goes on', async () => {
  const browser = await launchBrowser({ webgpu: false });
  try {
    const wild = 'training.learningRate=1&training.weightDecay=10&training.warmupSteps=100&training.optimizer=adamw';
    const { page, problems } = await openApp(browser, `?${tiny}&${wild}`);
    await untilReady(page);
    // In slow motion first, so that there is something sound to keep.
    await page.getByLabel('Pace').selectOption('100');
    await button(page, 'Train').click();
    await untilStep(page, 5);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    await page.getByLabel('Pace').selectOption('0');
    await button(page, 'Resume').click();
    const phase = page.getByTestId('run-phase');
    await expect.poll(() => phase.innerText(), { timeout: 60_000 }).toBe('Diverged');
    const bar = page.getByRole('region', { name: 'Run', exact: true });
    expect(await bar.innerText()).toMatch(/expected (a )?finite .*, got .* at step \d+; lower the learning rate/);
    await expect.poll(() => button(page, 'Train').isEnabled()).toBe(true);
    expect(await page.getByRole('alert').count(), 'it is no fault of the page').toBe(0);

    // Its last sound weights are a model like any other.
    await goTo(page, 'Compare');
    const model = page.getByTestId('kept-model');
    await expect.poll(() => model.count(), { timeout: 20_000 }).toBe(1);
    await goTo(page, 'Decode');
    await button(page, 'Decode').waitFor({ timeout: 30_000 });
    await button(page, 'Decode').click();
    await page.getByTestId('decode-text').waitFor({ timeout: 30_000 });

    // Another run starts as if nothing had happened.
    await page.goto(page.url().replace('training.learningRate=1&', 'training.learningRate=0.001&'));
    await untilReady(page);
    await button(page, 'Train').click();
    await untilStep(page, 20);
    expect(await stepOf(page)).toBeGreaterThanOrEqual(20);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});
