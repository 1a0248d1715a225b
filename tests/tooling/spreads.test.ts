/**
 * No call takes a list of any length as its arguments: `Math.max(...values)` puts every value on the stack, which ends
 * in a RangeError from about a hundred thousand on. `src/base/numbers.ts` has what is used instead.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/install.mjs';

/** Calls whose lists are short for a reason that stands here. */
const short: Readonly<Record<string, string>> = {
  'src/data/bytePairs.ts: Uint8Array.of(...tokens[left], ...tokens[right])': 'tokens of at most 64 bytes',
};

/** Calls with a list spread into their arguments, each from its name to the spread expression's bracket. */
function spreadCalls(code: string): string[] {
  // Comments, and what strings say, are no calls; template literals may hold some.
  const text = code.replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '').replace(/'(?:[^'\\\n]|\\.)*'/g, "''");
  const found = new Set<string>();
  for (const { index } of text.matchAll(/\.\.\./g)) {
    const open = enclosing(text, index);
    if (text[open] !== '(') continue;
    const close = closing(text, open);
    const name = /[\w$.\])!?]+$/.exec(text.slice(0, open).trimEnd())?.[0];
    const isDeclared = /^\s*(?::[^=]*)?=>|^\s*(?::[^={]+)?\{/.test(text.slice(close + 1));
    if (!name || isDeclared || /\b(?:function)\s+[\w$]+$/.test(text.slice(0, open))) continue;
    found.add(`${name}${text.slice(open, close + 1).replace(/\s+/g, ' ')}`);
  }
  return [...found];
}

/** The bracket that is open at a place; -1 where none is. */
function enclosing(text: string, place: number): number {
  let depth = 0;
  for (let at = place - 1; at >= 0; at--) {
    if (')]}'.includes(text[at])) depth += 1;
    else if ('([{'.includes(text[at]) && depth-- === 0) return at;
  }
  return -1;
}

function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if ('([{'.includes(text[at])) depth += 1;
    else if (')]}'.includes(text[at]) && --depth === 0) return at;
  }
  return text.length;
}

test('the search finds calls and nothing else', () => {
  const code = `
    // f(...comment)
    const a = Math.max(0, ...values.map((x) => x));
    ids.push(...of(kept));
    new Set([...a, ...b]);
    const g = (...rest: number[]) => ({ ...rest });
    function h(...rest: number[]): void {}
    const s = 'f(...text)';
    String.fromCharCode(...bytes);
  `;
  expect(spreadCalls(code)).toEqual([
    'Math.max(0, ...values.map((x) => x))',
    'ids.push(...of(kept))',
    'String.fromCharCode(...bytes)',
  ]);
});

describe('src', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  test('spreads no list into a call', () => {
    expect(files.length).toBeGreaterThan(200);
    const found = files.flatMap((name) => {
      const path = join(root, 'src', name);
      return spreadCalls(readFileSync(path, 'utf8')).map((call) => `${relative(root, path)}: ${call}`);
    });
    expect(found.filter((call) => !Object.hasOwn(short, call))).toEqual([]);
    expect(found.some((call) => Object.hasOwn(short, call))).toBe(true);
  });

  test('hands no list to apply', () => {
    const found = files.filter((name) => /\.apply\(/.test(readFileSync(join(root, 'src', name), 'utf8')));
    expect(found).toEqual([]);
  });
});
