/** Runs that wait their turn: the queue goes through a reload, takes the interrupted run up where it was, and ends. */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import type { RunRecord } from '../../src/config/records.ts';
import type { Commands } from '../../src/worker/protocol.ts';
import { launchBrowser, openApp } from '../support/browser.ts';
import { tinyExperiment, words } from '../support/tinyRun.ts';
import { button, stepOf, tiny, untilReady, untilStep } from './page.ts';

const runs = [
  { name: 'first', experiment: tinyExperiment({ 'training.steps': 900, 'training.evaluateEvery': 300 }), text: words },
  { name: 'second', experiment: tinyExperiment({ 'training.steps': 60, 'training.seed': 2 }), text: words },
];

test('two runs go through a reload, one after the other', async () => {
  const browser = await launchBrowser({ webgpu: false });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}`);
    await untilReady(page);
    await enqueue(page, { runs });
    await untilStep(page, 50);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    const paused = await stepOf(page);
    expect(paused).toBeLessThan(900);

    await page.reload();
    await untilStep(page, paused);
    expect(await page.getByTestId('kept-run').count()).toBe(0);
    await expect.poll(async () => (await savedRuns(page)).length, { timeout: 90_000 }).toBe(2);
    const [first, second] = await savedRuns(page);
    expect([first.name, first.status, first.steps]).toEqual(['first', 'finished', 900]);
    expect([second.name, second.status, second.steps]).toEqual(['second', 'finished', 60]);
    // Its curve has the steps from before the reload, and goes on after them without a gap.
    const { step } = first.training;
    expect(step[0]).toBeLessThanOrEqual(2);
    for (let i = 1; i < step.length; i += 1) expect(step[i] - step[i - 1]).toBeLessThanOrEqual(4);
    expect(first.validation.step).toEqual([300, 600, 900]);
    await expect.poll(() => page.getByTestId('run-phase').innerText()).toBe('Finished');
    expect(await page.getByRole('alert').count()).toBe(0);

    // Nothing waits any more: a reload starts nothing.
    await page.reload();
    await untilReady(page);
    expect(await page.getByTestId('run-phase').innerText()).toBe('Ready');
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

/** Asks the engine itself, as the page would. */
async function enqueue(page: Page, argument: Commands['enqueue']['argument']): Promise<void> {
  await page.workers()[0].evaluate((asked) => {
    const data = { kind: 'request', id: 1e9, name: 'enqueue', argument: asked };
    self.dispatchEvent(new MessageEvent('message', { data }));
  }, argument);
}

/** What the browser keeps, oldest first. */
const savedRuns = (page: Page): Promise<RunRecord[]> =>
  page.evaluate(async () => {
    const settled = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await settled(indexedDB.open('sdlm-playground'));
    const records: RunRecord[] = await settled(database.transaction('runs').objectStore('runs').getAll());
    database.close();
    return records.sort((a, b) => a.name.localeCompare(b.name));
  });
