/**
 * Compare, as a person uses it: two runs from files and the run in progress over each other, the x axis, the cursor by
 * keyboard, what differs, and everything out as files again; a bad file is one sentence.
 */
import { readFile } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { parseStudyRecord } from '../../src/config/parseRecords.ts';
import type { StudyRecord } from '../../src/config/records.ts';
import { bundleJson } from '../../src/store/compare/bundle.ts';
import { finishedRuns } from '../lab/finishedRuns.ts';
import { recordOf } from '../store/compare/records.ts';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, choice, downloaded, downloadedBytes, goTo, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser({ webgpu: false });
});
afterAll(() => browser?.close());

const seconds = (step: number) => step / 10;
const steps = Array.from({ length: 20 }, (_, i) => 5 * (i + 1));
const imported = ['slow', 'fast'].map((id, i) =>
  recordOf({
    id,
    settings: { 'training.learningRate': i === 0 ? 0.001 : 0.004 },
    training: steps.map((step) => [step, seconds(step), 6 - (i + 1) * (step / 100)]),
    validation: steps.slice(3).map((step) => [step, seconds(step), 5 - (i + 1) * (step / 100), 0.05]),
  }),
);

const study: StudyRecord = {
  format: 1,
  study: 'dense-vs-moe',
  size: 'software',
  title: 'A study',
  question: 'Does it hold?',
  created: '2025-01-02T03:04:05.000Z',
  adapter: 'a processor',
  commit: '0123456789',
  command: 'sdlm study dense-vs-moe',
  seeds: 2,
  arms: [
    { id: 'slow', label: 'The slow one' },
    { id: 'fast', label: 'The fast one' },
  ],
  runs: imported.flatMap((run) =>
    [1, 2].map((seed) => ({
      ...run,
      id: `${run.id}-${seed}`,
      study: { id: 'dense-vs-moe', size: 'software', arm: run.id },
      experiment: { ...run.experiment, training: { ...run.experiment.training, seed } },
    })),
  ),
  tables: [{ title: 'Last losses', columns: ['arm', 'loss'], rows: [['fast', 1.23456]] }],
  verdicts: [{ claim: 'The fast one wins.', outcome: 'not reproduced', evidence: '1.0 ± 0.1' }],
};

test('runs over each other: choose, change the axis, read by keyboard, export, import', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}&training.evaluateEvery=10`, { acceptDownloads: true });
  await untilReady(page);
  await goTo(page, 'Compare');
  await page.getByRole('region', { name: 'Runs' }).waitFor();
  await bringFile(page, 'runs.json', bundleJson(imported));
  const chart = page.getByTestId('chart-validation');
  await expect.poll(() => chart.getAttribute('data-lines').catch(() => null)).toBeTruthy();

  // So slow that it is paused before the imported runs end, at step 100.
  await page.getByLabel('Pace').selectOption('100');
  await button(page, 'Train').click();
  await untilStep(page, 25);
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
  await choose(page, ['Compare run slow', 'Compare run fast', /^Compare Experts choose tokens/]);
  await expect.poll(() => chart.getAttribute('data-lines')).toBe('3');

  await page.getByLabel('X axis').selectOption('tokens');
  expect(await chart.getAttribute('data-axis')).toBe('tokens');
  await page.getByLabel('X axis').selectOption('step');

  const differences = page.getByRole('region', { name: 'What differs' });
  await differences.getByRole('row', { name: /^Learning rate 0\.001 0\.004/ }).waitFor();

  // Both charts have the one cursor; its readings are the values of the slider.
  await chart.focus();
  await page.keyboard.press('End');
  await page.getByTestId('chart-training').focus();
  // The lines of the chosen axis are drawn a moment after the choice.
  await expect
    .poll(() => page.getByTestId('chart-training').getAttribute('aria-valuetext'))
    .toMatch(/^step 100: run fast 4\.\d{3}; run slow 5\.\d{3}$/);
  expect(await chart.getAttribute('aria-valuetext')).toBe('step 100: run fast 3.000 ± 0.050; run slow 4.000 ± 0.050');

  const table = await downloaded(page, 'Export', 'Table (CSV)');
  expect(table.split('\r\n')[0]).toContain('best (bits/char),bestError (bits/char)');
  expect(table.split('\r\n').filter((line) => /^(run slow,|run fast,|"Experts choose tokens)/.test(line))).toHaveLength(
    3,
  );
  const drawn = await downloaded(page, 'Export Validation loss', 'Data (CSV)');
  expect(drawn.split('\r\n')).toContain('run fast,1,100,3,0.05');
  const picture = await downloaded(page, 'Export Validation loss', 'Picture (SVG)');
  expect(picture).toMatch(/^<svg .*Validation loss by step.*run slow/s);
  expect(picture).not.toContain('var(--');
  const pixels = await downloadedBytes(page, 'Export Validation loss', 'Picture (PNG)');
  expect([...pixels.subarray(1, 4)].map((byte) => String.fromCharCode(byte)).join('')).toBe('PNG');

  // The run that ends stays in the charts, now as a saved one, and can be renamed.
  const row = page.getByRole('region', { name: 'Runs' }).getByRole('row', { name: /Experts choose tokens/ });
  expect(await row.innerText()).toContain('in progress');
  await button(page, 'Stop').click();
  await expect.poll(() => row.innerText()).toContain('stopped');
  expect(await row.getByRole('checkbox').isChecked()).toBe(true);
  await expect.poll(() => chart.getAttribute('data-lines')).toBe('3');
  await page.getByRole('button', { name: /^More about Experts choose tokens/ }).click();
  await page.getByRole('menuitem', { name: 'Rename…' }).click();
  await page.getByRole('textbox', { name: 'Name' }).fill('My first run');
  await button(page, 'Rename').click();
  const renamed = page.getByRole('checkbox', { name: 'Compare My first run' });
  await expect.poll(() => renamed.isChecked()).toBe(true);

  // What went out comes in again in another browser, and is there on the next visit.
  const everything = await downloaded(page, 'Export', 'Everything (JSON)');
  const second = await openApp(browser, '#/compare');
  await untilReady(second.page);
  await bringFile(second.page, 'runs.json', everything);
  await second.page.getByRole('checkbox', { name: 'Compare My first run' }).waitFor();
  const later = await second.page.context().newPage();
  await later.goto(second.page.url());
  const found = later.getByRole('checkbox', { name: 'Compare My first run' });
  await found.waitFor();
  await later.getByRole('button', { name: 'More about My first run' }).click();
  await later.getByRole('menuitem', { name: 'Remove…' }).click();
  await button(later, 'Remove').click();
  await found.waitFor({ state: 'detached' });
  expect([...problems, ...second.problems]).toEqual([]);
});

test('a recorded study is there from the first visit, and can be run here: own results stand beside it', async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  const files = { 'index.json': ['dense-vs-moe'], 'dense-vs-moe.json': study };
  for (const [name, content] of Object.entries(files)) {
    await page.route(`**/studies/${name}`, (route) => route.fulfill({ json: content }));
  }
  await page.goto(`${inject('appUrl')}?${tiny}#/compare`);
  const studies = page.getByRole('region', { name: 'Studies' });
  await studies.getByText('Does it hold?').waitFor();
  expect(await page.getByTestId('study-source').innerText()).toMatch(
    /^Recorded on a processor, 2 Jan 2025, commit 0123456: 4 runs, 2 seeds per arm, size “software”\. sdlm study/,
  );
  expect(await studies.getByRole('listitem').innerText()).toMatch(/not reproduced\s+The fast one wins\. 1\.0 ± 0\.1/);
  await studies.getByRole('row', { name: 'fast 1.235' }).waitFor();
  // Its arms are on show without a click: two lines of two seeds each.
  expect(await page.getByTestId('chart-validation').getAttribute('data-lines')).toBe('2');
  await page.getByRole('button', { name: /^The slow one \(2 seeds\)/ }).click();
  await expect.poll(() => page.getByTestId('chart-validation').getAttribute('data-lines')).toBe('1');

  // The others can be run here all the same: each says what it asks and what it compares.
  const cards = studies.getByRole('group', { name: 'All studies' }).getByRole('button');
  await expect.poll(() => cards.count()).toBeGreaterThan(3);
  await cards.filter({ hasText: 'not recorded yet' }).first().click();
  await studies.getByText('Not recorded yet. It compares:').waitFor();
  expect(await studies.getByRole('listitem').count()).toBeGreaterThan(1);
  expect(await button(page, 'Run it here').count()).toBe(1);
  await cards.filter({ hasText: 'A study' }).click();

  // Finished runs of a person's own, of two seeds, are results beside the recorded ones.
  await untilReady(page);
  const levels: Record<string, number> = { 'flop-dense': 3, 'parameter-dense': 2.8 };
  const own = finishedRuns('dense-vs-moe', 2, (arm, seed) => (levels[arm] ?? 2.9) + seed / 100);
  await bringFile(page, 'own.json', bundleJson(own));
  await cards.filter({ hasText: /yours \(software\): ✓ 3 reproduced/ }).waitFor();
  expect(await page.getByTestId('study-source').innerText()).toMatch(/^Recorded on/);
  await choice(page, 'Whose results', 'Your runs, software').click();
  expect(await page.getByTestId('study-source').innerText()).toMatch(
    /^Your runs on a processor, 1 Jan 2026: 8 runs, 2 seeds per arm, size “software”\./,
  );
  await studies.getByRole('row', { name: /^Dense, equal FLOPs 3\.015 ± 0\.005/ }).waitFor();
  await expect.poll(() => page.getByTestId('chart-validation').getAttribute('data-lines')).toBe('4');
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    button(page, 'JSON: Dense against experts').click(),
  ]);
  expect(file.suggestedFilename()).toBe('dense-vs-moe-software.json');
  const saved = parseStudyRecord(JSON.parse(await readFile(await file.path(), 'utf8')), 'file');
  expect([saved.seeds, saved.runs.length, saved.verdicts.length]).toEqual([2, 8, 3]);

  await page.getByLabel('Seeds per arm').selectOption('1');
  await button(page, 'Run it here').click();
  const queue = page.getByRole('list', { name: 'Runs in the queue' }).getByRole('listitem');
  await expect.poll(() => queue.count(), { timeout: 60_000 }).toBeGreaterThan(2);
  expect(await queue.first().innerText()).toContain('dense-vs-moe');
  expect(await page.getByTestId('study-progress').innerText()).toMatch(
    /^Your runs, size “software”: 8 done, \d to go\.$/,
  );
  await context.close();
});

test('every study that is shipped can be read', async () => {
  const folder = new URL('../../public/studies/', import.meta.url);
  const ids: string[] = JSON.parse(await readFile(new URL('index.json', folder), 'utf8'));
  const { page, problems } = await openApp(browser, '#/compare');
  await page.getByRole('region', { name: 'Runs' }).waitFor();
  await expect.poll(() => page.getByTestId('study-source').count()).toBe(Math.min(1, ids.length));
  // Recorded or not, each once.
  const cards = page.locator('.study-card');
  await expect.poll(() => cards.count()).toBeGreaterThan(1);
  expect(await cards.filter({ hasNotText: 'not recorded yet' }).count()).toBe(ids.length);
  expect(await page.getByRole('alert').count()).toBe(0);
  expect(problems).toEqual([]);
});

test('a file that holds no runs is one sentence, and the runs on show stay', async () => {
  const { page, problems } = await openApp(browser, '#/compare');
  await untilReady(page);
  await bringFile(page, 'good.json', bundleJson(imported));
  await page.getByRole('checkbox', { name: 'Compare run slow' }).waitFor();
  await bringFile(page, 'notes.json', '{"weights": []}');
  const alert = page.getByRole('region', { name: 'Runs' }).getByRole('alert');
  expect(await alert.innerText()).toBe('notes.json: expected a run or a list "runs", got {"weights":[]}.');
  expect(await page.getByRole('checkbox', { name: 'Compare run slow' }).isChecked()).toBe(true);
  expect(problems).toEqual([]);
});

test('seeds of one configuration wait in the queue, are put in order, and become one line', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}&training.steps=600&training.evaluateEvery=200#/compare`);
  await untilReady(page);
  const queue = page.getByRole('list', { name: 'Runs in the queue' }).getByRole('listitem');
  const seeds = async () => (await queue.allInnerTexts()).map((text) => /seed (\d) /.exec(text)?.[1]).join(' ');
  // A paused run stands in the way while the others are put in order.
  await page.getByLabel('Pace').selectOption('500');
  await button(page, 'Train').click();
  await untilStep(page, 1);
  await button(page, 'Pause').click();
  await button(page, 'Resume').waitFor();
  await page.getByLabel('Pace').selectOption('0');
  await page.getByLabel('How often the configuration is added').selectOption('3');
  await button(page, 'Add the edited configuration').click();
  await expect.poll(seeds).toBe('1 2 3');
  await page.getByRole('button', { name: /^Later: .*seed 1$/ }).click();
  await expect.poll(seeds).toBe('2 1 3');
  await page.getByRole('button', { name: /^Remove from the queue: .*seed 3$/ }).click();
  await expect.poll(seeds).toBe('2 1');
  await button(page, 'Pause the queue').click();
  await button(page, 'Go on with the queue').waitFor();
  await button(page, 'Stop').click();
  await expect.poll(() => page.getByRole('checkbox', { name: /^Compare Experts choose tokens/ }).count()).toBe(1);
  expect(await seeds()).toBe('2 1');

  await button(page, 'Go on with the queue').click();
  const finished = page.getByRole('checkbox', { name: /^Compare .*, seed [12]$/ });
  await expect.poll(() => finished.count(), { timeout: 60_000 }).toBe(2);
  await expect.poll(() => queue.count()).toBe(0);
  const all = page.getByRole('checkbox', { name: 'Compare all runs of the table' });
  await all.check();
  await all.uncheck();
  for (const box of await finished.all()) await box.check();
  await page.getByRole('button', { name: /\(2 seeds\)/ }).waitFor();
  expect(await page.getByTestId('chart-validation').getAttribute('data-lines')).toBe('1');
  await page.getByText('mean of each arm ± 1 standard error over seeds').waitFor();
  expect(problems).toEqual([]);
});

function bringFile(page: Page, name: string, text: string): Promise<void> {
  const file = { name, mimeType: 'application/json', buffer: Buffer.from(text) };
  return page.getByLabel('File of runs').setInputFiles(file);
}

/** Puts exactly these runs into the charts. */
async function choose(page: Page, names: readonly (string | RegExp)[]): Promise<void> {
  const boxes = names.map((name) => page.getByRole('checkbox', { name, exact: true }));
  // The run in progress is listed a moment after it has begun.
  for (const box of boxes) await box.waitFor();
  const all = page.getByRole('checkbox', { name: 'Compare all runs of the table' });
  await all.check();
  await all.uncheck();
  for (const box of boxes) await box.check();
}
