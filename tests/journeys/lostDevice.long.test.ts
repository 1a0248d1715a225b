/**
 * A GPU device that is lost, as a driver update or another tab may cause it: a sentence, a new device, and training
 * from the last snapshot. The device is destroyed from inside the worker, where a hook keeps every device that opens.
 */
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { leadingNumber } from '../support/figures.ts';
import { button, choice, stepOf, tiny, untilReady, untilStep } from './page.ts';

test('training goes on from the last snapshot after the device is lost', async () => {
  const browser = await launchBrowser({ webgpu: true });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}`);
    await untilReady(page);
    await keepDevices(page);
    await switchBackend(page, 'CPU');
    await switchBackend(page, 'GPU');

    await button(page, 'Train').click();
    await untilStep(page, 5, 90_000);
    // A pause takes a snapshot.
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    const snapshot = await stepOf(page);
    await watchSteps(page);
    await button(page, 'Resume').click();
    const lost = await untilStep(page, snapshot + 40);
    const opened = await devicesOpened(page);
    await loseDevice(page);

    const alert = page.getByRole('alert').filter({ hasText: 'The graphics device failed' });
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/device lost[\s\S]*Training goes on from the last snapshot/);
    await expect.poll(() => devicesOpened(page), { timeout: 60_000 }).toBeGreaterThan(opened);
    const seenBefore = (await seenSteps(page)).length;
    await untilStep(page, lost + 20);
    await expect.poll(async () => (await seenSteps(page)).length).toBeGreaterThan(seenBefore + 5);
    const after = (await seenSteps(page)).slice(seenBefore);
    expect(Math.min(...after), 'the step that training went on from').toBeGreaterThanOrEqual(snapshot);
    expect(await page.getByTestId('machine-badge').innerText()).toMatch(/^GPU/);
    await alert.getByRole('button', { name: 'Dismiss' }).click();

    // No second device to be had: the processor takes over.
    await refuseDevices(page);
    await loseDevice(page);
    await expect.poll(() => page.getByTestId('machine-badge').innerText(), { timeout: 30_000 }).toMatch(/^CPU/);
    const onCpu = await untilStep(page, 1);
    await untilStep(page, onCpu + 20);
    expect(await page.getByRole('alert').count()).toBeGreaterThan(0);
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('a device lost while a run is being prepared costs nothing but time', async () => {
  const browser = await launchBrowser({ webgpu: true });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}`);
    await untilReady(page);
    await keepDevices(page);
    await switchBackend(page, 'CPU');
    await switchBackend(page, 'GPU');
    const phase = page.getByTestId('run-phase');
    await button(page, 'Train').click();
    // The last preview may hold the adapter for seconds: the page says at once that it prepares.
    await expect.poll(() => phase.innerText(), { timeout: 1000, interval: 50 }).toBe('Preparing');
    await loseDevice(page);
    await untilStep(page, 5, 90_000);
    expect(await page.getByTestId('machine-badge').innerText()).toMatch(/^GPU/);
    await button(page, 'Stop').click();
    await expect.poll(() => phase.innerText()).toBe('Stopped');
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

test('a device lost twice in a row: training goes on from the last snapshot', async () => {
  const browser = await launchBrowser({ webgpu: true });
  try {
    const { page, problems } = await openApp(browser, `?${tiny}`);
    await untilReady(page);
    await keepDevices(page);
    await switchBackend(page, 'CPU');
    await switchBackend(page, 'GPU');
    await button(page, 'Train').click();
    await untilStep(page, 5, 90_000);
    await button(page, 'Pause').click();
    await button(page, 'Resume').waitFor();
    const snapshot = await stepOf(page);
    await watchSteps(page);
    await button(page, 'Resume').click();
    await untilStep(page, snapshot + 5, 90_000);
    const opened = await devicesOpened(page);
    const seenBefore = (await seenSteps(page)).length;
    await loseDevice(page);
    // The next device is lost as soon as it opens, while training is being prepared on it.
    await expect.poll(() => devicesOpened(page), { timeout: 60_000, interval: 20 }).toBeGreaterThan(opened);
    await loseDevice(page);

    await untilStep(page, snapshot + 40, 120_000);
    const after = (await seenSteps(page)).slice(seenBefore);
    expect(Math.min(...after), 'the step that training went on from').toBeGreaterThanOrEqual(snapshot);
    expect(await devicesOpened(page), 'devices opened').toBeGreaterThanOrEqual(opened + 2);
    expect(await page.getByTestId('machine-badge').innerText()).toMatch(/^GPU/);
    await button(page, 'Stop').click();
    await expect.poll(() => page.getByTestId('run-phase').innerText(), { timeout: 30_000 }).toBe('Stopped');
    expect(problems).toEqual([]);
  } finally {
    await browser.close();
  }
});

async function switchBackend(page: Page, backend: 'CPU' | 'GPU'): Promise<void> {
  const badge = page.getByTestId('machine-badge');
  await badge.click();
  await choice(page, 'Backend', new RegExp(`^${backend}`)).click();
  await expect.poll(() => badge.innerText(), { timeout: 60_000 }).toMatch(new RegExp(`^${backend}`));
  await page.keyboard.press('Escape');
}

type Hooked = typeof globalThis & { devices: GPUDevice[] };

/** Remembers every device that the worker opens from now on. */
async function keepDevices(page: Page): Promise<void> {
  await page.workers()[0].evaluate(() => {
    const devices: GPUDevice[] = [];
    (globalThis as Hooked).devices = devices;
    const { requestDevice } = GPUAdapter.prototype;
    GPUAdapter.prototype.requestDevice = async function (...options) {
      const device = await requestDevice.apply(this, options);
      devices.push(device);
      return device;
    };
  });
}

/** All that have been opened: a measurement of the machine may have one of its own beside the run's. */
async function loseDevice(page: Page): Promise<void> {
  await page.workers()[0].evaluate(() => {
    for (const device of (globalThis as Hooked).devices) device.destroy();
  });
}

const devicesOpened = (page: Page): Promise<number> =>
  page.workers()[0].evaluate(() => (globalThis as Hooked).devices.length);

async function refuseDevices(page: Page): Promise<void> {
  await page.workers()[0].evaluate(() => {
    GPU.prototype.requestAdapter = async () => null;
  });
}

type Watched = Window & { seenSteps: string[] };

/** Writes down every step that the page shows from now on. */
async function watchSteps(page: Page): Promise<void> {
  await page.evaluate(() => {
    const seen: string[] = [];
    (window as unknown as Watched).seenSteps = seen;
    new MutationObserver(() => {
      const text = document.querySelector('[data-testid="run-step"]')?.textContent;
      if (text) seen.push(text);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
}

const seenSteps = async (page: Page): Promise<number[]> =>
  (await page.evaluate(() => (window as unknown as Watched).seenSteps)).map(leadingNumber);
