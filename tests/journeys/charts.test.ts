/**
 * The charts of a run of one's own: out of Train as pictures and data, and in Compare over passes of the text with the
 * floor of its source. Exports of compared runs are in compare.test.ts.
 */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, downloaded, downloadedBytes, goTo, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

// A source of known entropy; dropout makes the training curve another number than validation.
const query = `?${tiny}&data.corpus=markov&training.evaluateEvery=10&model.dropout=0.1`;

test('figures and numbers leave Train; Compare knows passes and the floor', async () => {
  const { page, problems } = await openApp(browser, query, { acceptDownloads: true });
  await untilReady(page);
  await button(page, 'Train').click();
  await untilStep(page, 25);
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();

  const loss = await downloaded(page, 'Export Loss', 'Data (CSV)');
  const rows = loss.trimEnd().split('\r\n');
  expect(rows[0]).toBe('curve,step,bits per character,standard error');
  expect(rows.filter((row) => row.startsWith('training,')).length).toBeGreaterThanOrEqual(25);
  expect(rows.find((row) => row.startsWith('validation,10,'))).toMatch(/^validation,10,\d\.\d+,0\.\d+$/);
  const picture = await downloaded(page, 'Export Loss', 'Picture (SVG)');
  expect(picture).toMatch(/^<svg .*Loss by step.*training, smoothed.*floor \d/s);
  expect(picture).not.toContain('var(--');
  const pixels = await downloadedBytes(page, 'Export Loss', 'Picture (PNG)');
  expect(pixels.subarray(1, 4).toString('latin1')).toBe('PNG');
  expect(await downloaded(page, 'Export Throughput', 'Data (CSV)')).toMatch(/^step,tokens per second\r\n\d+,\d/);
  expect(await downloaded(page, 'Export Throughput', 'Picture (SVG)')).toMatch(/^<svg .*Throughput by step/s);
  expect(await downloaded(page, 'Export Gradient norm', 'Data (CSV)')).toMatch(/^step,gradient norm\r\n1,\d/);
  expect(await downloaded(page, 'Export Gradient norm', 'Picture (SVG)')).toMatch(/^<svg .*Gradient norm by step/s);
  const gradient = page.getByRole('region', { name: 'Gradient norm', exact: true });
  await gradient.getByRole('button', { name: 'Gradient norm as a table' }).click();
  expect(await gradient.locator('tbody tr').count()).toBeGreaterThanOrEqual(25);

  await page.route('**/studies/index.json', (route) => route.fulfill({ json: [] }));
  await goTo(page, 'Compare');
  await page.getByRole('checkbox', { name: /^Compare Experts choose tokens/ }).waitFor();
  const chart = page.getByTestId('chart-validation');
  await page.getByLabel('X axis').selectOption('epochs');
  expect(await chart.getAttribute('data-axis')).toBe('epochs');
  await chart.focus();
  await page.keyboard.press('End');
  await expect
    .poll(() => chart.getAttribute('aria-valuetext'))
    .toMatch(/^passes over the training text \d.*Experts choose tokens.* \d\.\d/);
  const curves = page.getByRole('region', { name: 'Curves' });
  await curves.getByText(/the training curve is that of a model with parts dropped/).waitFor();
  // Drawn inside the chart, or named at its edge.
  const floor = chart.locator('[data-floor]');
  expect(await floor.count()).toBe(1);
  const [line, area] = [await floor.boundingBox(), await chart.locator('.recharts-cartesian-grid').boundingBox()];
  if (!line || !area) throw new Error('expected the floor and the grid on show');
  expect(line.y).toBeGreaterThanOrEqual(area.y - 1);
  expect(line.y + line.height).toBeLessThanOrEqual(area.y + area.height + 1);
  expect(problems).toEqual([]);
});
