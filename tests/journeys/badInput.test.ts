/**
 * What people get wrong on the page: each mistake is answered with its sentence, nothing of theirs is lost, and the
 * page trains afterwards. The same mistakes on the command line are tested in tests/cli.
 */
import { mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchBrowser, openApp } from '../support/browser.ts';
import { button, tiny, untilReady, untilStep } from './page.ts';

let browser: Browser;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sdlm-journey-'));
  browser = await launchBrowser({ webgpu: false });
});
afterAll(async () => {
  await browser?.close();
  await rm(folder, { recursive: true, force: true });
});

test('an address with mistakes says which, and what is used instead', async () => {
  const small = tiny.replace('preset=expert-choice', 'preset=nonsense');
  const { page, problems } = await openApp(browser, `?${small}&model.qkNorm=perhaps&training.seed=-1&speed=9#/nowhere`);
  const alert = page.getByRole('alert').filter({ hasText: 'The address could not be used as it is' });
  const text = await alert.innerText();
  expect(text).toMatch(/preset: expected one of .*dense.*, got "nonsense"\. "expert-choice" is used instead\./);
  expect(text).toMatch(/model\.qkNorm: expected true or false, got "perhaps"\. The preset's value, true, is used/);
  expect(text).toMatch(/training\.seed: expected a whole number from 0 to \d+, got "-1"\. The preset's value/);
  expect(text).toMatch(/speed: expected one of .*, got an unknown setting/);
  expect(text).toMatch(/view: expected #\/train, .*#\/routing, .*got #\/nowhere/);

  // What was right in the address is kept.
  await untilReady(page);
  expect(page.url()).toContain('model.width=16');
  await button(page, 'Train').click();
  await untilStep(page, 5);
  expect(problems).toEqual([]);
});

test('an entry out of range is kept with its sentence until it is corrected', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}`);
  await untilReady(page);
  await page.getByRole('button', { name: /^Model/ }).click();
  const layers = page.locator('[data-path="model.layers"]');
  await layers.getByRole('textbox').fill('99');
  await page.keyboard.press('Tab');
  await expect
    .poll(() => layers.getByRole('alert').innerText())
    .toMatch(/model\.layers: expected a whole number from 1 to 16, got "?99/);
  expect(await layers.getByRole('textbox').inputValue()).toBe('99');
  await expect.poll(() => button(page, 'Train').isDisabled()).toBe(true);
  await layers.getByRole('textbox').fill('1');
  await page.keyboard.press('Tab');
  await untilReady(page);
  expect(problems).toEqual([]);
});

test('a text of one’s own is refused with its sentence, and the one before it stays', async () => {
  const { page, problems } = await openApp(browser, `?${tiny}&data.corpus=custom`);
  const area = page.getByRole('textbox', { name: 'Your own text' });
  await area.waitFor();
  await refusal(page, /expected a text to learn from, got none yet/);
  await area.fill('   \n ');
  await refusal(page, /Pasted text: expected some text, got nothing but white space/);
  await area.fill('Too short.');
  await refusal(page, /your text: expected .*16.*, got /i);
  expect(await button(page, 'Train').isDisabled()).toBe(true);

  const good = 'It was the best of times, it was the worst of times. '.repeat(20);
  await area.fill(good);
  await untilReady(page);
  const files: [string, Uint8Array | number, RegExp][] = [
    ['empty.txt', new Uint8Array(0), /empty\.txt: expected some text, got nothing/],
    ['binary.txt', Uint8Array.of(77, 90, 0, 3, 0, 255), /binary\.txt: expected plain text, got a binary file/],
    ['latin1.txt', Uint8Array.of(0x63, 0x61, 0x66, 0xe9, 0x20, 0x61), /latin1\.txt: expected UTF-8 text, got bytes/],
    ['huge.txt', 200_000_000, /huge\.txt: expected at most 20 MB, got 200 MB/],
  ];
  await button(page, 'Train').click();
  await untilStep(page, 5);
  for (const [name, content, sentence] of files) {
    await chooseFile(page, name, content);
    await refusal(page, sentence);
    expect(await area.inputValue(), name).toBe(good);
  }
  // The run in progress never noticed, and a fresh one starts from the text that stayed.
  const seen = await untilStep(page, 10);
  await untilStep(page, seen + 5);
  await button(page, 'Stop').click();
  await untilReady(page);
  await button(page, 'Train').click();
  await button(page, 'Pause').waitFor();
  await untilStep(page, 5);
  expect(problems).toEqual([]);
});

/** Waits for a sentence that refuses something, wherever the page shows it. */
async function refusal(page: Page, sentence: RegExp): Promise<void> {
  await page.getByText(sentence).first().waitFor({ timeout: 15_000 });
}

/** Chooses a file with this content; a number makes one of so many zero bytes that take no space on the disk. */
async function chooseFile(page: Page, name: string, content: Uint8Array | number): Promise<void> {
  const path = join(folder, name);
  await writeFile(path, typeof content === 'number' ? '' : content);
  if (typeof content === 'number') await truncate(path, content);
  await page.getByRole('region', { name: 'Your own text' }).locator('input[type=file]').setInputFiles(path);
}
