/**
 * Words for what a person does on the page and sees there, in Firefox; the same as tests/journeys/page.ts has for Chromium,
 * whose driver cannot start a Firefox of the system. Holds no expectations of its own.
 */
import type { ElementHandle, Page } from 'puppeteer-core';
import { expect } from 'vitest';
import { leadingNumber, readNumber } from '../support/figures.ts';

/** Waits leave room for a machine that others use too. */
const patience = 90_000;

const testId = (id: string): string => `[data-testid="${id}"]`;

/** Waits until a condition holds. */
export async function until(
  condition: () => Promise<boolean>,
  what: string,
  { timeout = patience, interval = 100 }: { timeout?: number; interval?: number } = {},
): Promise<void> {
  await expect
    .poll(condition, { timeout, interval, message: `expected ${what} within ${timeout / 1000} s` })
    .toBe(true);
}

/** Elements that have a role by themselves or by attribute; the ones that the page uses. */
const elementsOf = {
  button: 'button:not([role]), [role="button"]',
  link: 'a[href]',
  radiogroup: '[role="radiogroup"]',
  region: 'section',
} as const;

type Role = keyof typeof elementsOf;

/**
 * The element on show with this role and exactly this name, or null. Looked for in the page: Firefox takes seconds to
 * find one by its own accessibility tree.
 */
async function find(page: Page, role: Role, name: string): Promise<ElementHandle<HTMLElement> | null> {
  const found = await page.evaluateHandle(
    (selector, wanted) => {
      const nameOf = (element: HTMLElement): string => {
        const label = element.getAttribute('aria-label');
        if (label !== null) return label;
        const by = document.getElementById(element.getAttribute('aria-labelledby') ?? '');
        return (by ?? element).innerText.trim();
      };
      const all = [...document.querySelectorAll<HTMLElement>(selector)];
      return all.find((element) => element.checkVisibility() && nameOf(element) === wanted) ?? null;
    },
    elementsOf[role],
    name,
  );
  return found.asElement() as ElementHandle<HTMLElement> | null;
}

async function untilFound(page: Page, role: Role, name: string): Promise<ElementHandle<HTMLElement>> {
  let found: ElementHandle<HTMLElement> | null = null;
  await until(async () => {
    found = await find(page, role, name);
    return found !== null;
  }, `the ${role} ${name}`);
  return found!;
}

/** Whether a button is there, on show, and can be pressed. */
export async function canPress(page: Page, name: string): Promise<boolean> {
  const button = await find(page, 'button', name);
  if (!button) return false;
  return button.evaluate((element) => !(element as HTMLButtonElement).disabled);
}

export async function press(page: Page, name: string): Promise<void> {
  await until(() => canPress(page, name), `the button ${name}`);
  await (await untilFound(page, 'button', name)).click();
}

/** Waits until the engine is open and the configuration can be trained. */
export const untilReady = (page: Page): Promise<void> => until(() => canPress(page, 'Train'), 'Train to be enabled');

export async function goTo(page: Page, view: 'Train' | 'Decode' | 'Routing' | 'Compare'): Promise<void> {
  await (await untilFound(page, 'link', view)).click();
}

/** The text of a part of the page; null while it is not there. */
export async function textOf(page: Page, id: string): Promise<string | null> {
  const part = await page.$(testId(id));
  return part ? part.evaluate((element) => (element as HTMLElement).innerText) : null;
}

export const attributeOf = (page: Page, id: string, name: string): Promise<string | null> =>
  page.$eval(testId(id), (element, asked) => element.getAttribute(asked), name);

export async function untilShown(page: Page, id: string): Promise<ElementHandle<Element>> {
  const part = await page.waitForSelector(testId(id), { timeout: patience, visible: true });
  if (!part) throw new Error(`expected ${id} on show, got nothing`);
  return part;
}

/** The step on show; 0 while none is. */
export async function stepOf(page: Page): Promise<number> {
  const text = await textOf(page, 'run-step');
  return text === null ? 0 : leadingNumber(text);
}

/** Waits until the run has come to a step, and answers the step then on show. */
export async function untilStep(page: Page, step: number, timeout = patience): Promise<number> {
  await until(async () => (await stepOf(page)) >= step, `step ${step}`, { timeout });
  return stepOf(page);
}

/** Chooses what the page computes on, by hand, and waits until it does. */
export async function useBackend(page: Page, backend: 'GPU' | 'CPU'): Promise<void> {
  const isUsed = async () => (await textOf(page, 'machine-badge'))?.startsWith(backend) ?? false;
  if (await isUsed()) return;
  await (await untilShown(page, 'machine-badge')).click();
  const control = await untilFound(page, 'radiogroup', 'Backend');
  for (const label of await control.$$('label')) {
    if ((await label.evaluate((element) => element.innerText)).startsWith(backend)) await label.click();
  }
  await until(isUsed, `the badge to say ${backend}`);
  await page.keyboard.press('Escape');
}

/** Steps and losses in the table behind the loss chart, unsmoothed, first step first. */
export async function lossesOf(page: Page): Promise<{ step: number; loss: number }[]> {
  const panel = await untilFound(page, 'region', 'Loss');
  await (await panel.$('select[aria-label="Smoothing"]'))?.select('0');
  await press(page, 'Loss as a table');
  await panel.waitForSelector('tbody tr', { timeout: patience });
  const rows = await panel.$$eval('tbody tr', (all) =>
    all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.textContent ?? '')),
  );
  await press(page, 'Loss as a table');
  return rows
    .filter(([, loss]) => loss !== '')
    .map(([step, loss]) => ({ step: readNumber(step), loss: readNumber(loss) }));
}
