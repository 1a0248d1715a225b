/** No file of `src` imports itself by way of others, not even for a type: what two files share has a file of its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root } from '../../scripts/install.mjs';

/** Folders of `src` that still have circles, which are not looked into. */
const exempt: readonly string[] = [];

const importPattern = /(?:^|[\s;])(?:import|export)\s[^'"();]*?from\s*'(\.[^']+)'|import\s*\(?\s*'(\.[^']+)'/g;

/** Files that a text imports, as written. */
function importsOf(text: string): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
  return [...code.matchAll(importPattern)].map(([, from, plain]) => from ?? plain);
}

/** Groups of files each of which reaches all others of its group (Tarjan 1972); single files are no circle. */
function circlesOf(imports: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const path: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): void => {
    order.set(file, order.size);
    lowest.set(file, order.get(file)!);
    path.push(file);
    for (const next of imports.get(file) ?? []) {
      if (!order.has(next)) visit(next);
      if (path.includes(next)) lowest.set(file, Math.min(lowest.get(file)!, lowest.get(next)!));
    }
    if (lowest.get(file) !== order.get(file)) return;
    const group = path.splice(path.indexOf(file));
    if (group.length > 1 || imports.get(file)?.includes(file)) circles.push(group.sort());
  };
  for (const file of imports.keys()) if (!order.has(file)) visit(file);
  return circles;
}

describe('the search', () => {
  test('finds imports of every form', () => {
    const text = `
      import { a, type B } from './a.ts';
      import type {
        C,
      } from '../c.ts';
      import './effect.ts';
      export type { D } from './d.ts';
      // import { no } from './comment.ts';
      /* import { no } from './comment.ts'; */
      const later = await import('./later.ts');
      import react from 'react';
    `;
    expect(importsOf(text)).toEqual(['./a.ts', '../c.ts', './effect.ts', './d.ts', './later.ts']);
  });

  test('finds circles of two, of three and of one, and nothing else', () => {
    const graph = { a: ['b', 'd'], b: ['c'], c: ['a'], d: ['e'], e: ['d', 'f'], f: [], g: ['g', 'f'] };
    expect(circlesOf(new Map(Object.entries(graph)))).toEqual([['d', 'e'], ['a', 'b', 'c'], ['g']]);
    expect(circlesOf(new Map(Object.entries({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })))).toEqual([]);
  });
});

test('src has none', () => {
  const source = join(root, 'src');
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((file) => /\.tsx?$/.test(file));
  const imports = new Map(
    files.map((file) => {
      const path = join(source, file);
      const targets = importsOf(readFileSync(path, 'utf8')).map((target) =>
        relative(source, resolve(dirname(path), target)),
      );
      return [file, targets.filter((target) => !exempt.some((folder) => target.startsWith(`${folder}/`)))];
    }),
  );
  for (const folder of exempt)
    expect(
      files.some((file) => file.startsWith(`${folder}/`)),
      folder,
    ).toBe(true);
  // The search is blind if it finds no imports.
  expect([...imports.values()].flat().length).toBeGreaterThan(files.length);
  expect(circlesOf(imports)).toEqual([]);
});
