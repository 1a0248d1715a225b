/** The parts of the page that come when they are first asked for: the first screen does not wait for them. */
import type { ComponentType } from 'react';

/** The address of the chunk of Compare, which the build puts here (`scripts/late-parts.mjs`). */
const compareFile = 'file-of:src/ui/compare/CompareView.tsx';

/** Tries that failed since the page was opened. */
let failures = 0;

export async function loadCompare(): Promise<ComponentType> {
  try {
    return await importCompare();
  } catch (error) {
    failures += 1;
    throw error;
  }
}

async function importCompare(): Promise<ComponentType> {
  const isBuilt = !compareFile.startsWith('file-of:');
  // Firefox remembers an address that failed: a later try has another one.
  if (failures > 0 && isBuilt) {
    const again: unknown = await import(/* @vite-ignore */ `${compareFile}?try=${failures}`);
    return (again as typeof import('./compare/CompareView.tsx')).CompareView;
  }
  return (await import('./compare/CompareView.tsx')).CompareView;
}
