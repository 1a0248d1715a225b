/** What the command line remembers of this machine between calls: chosen kernel variants, and how fast it trains. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';

/** The parsed file; null where it cannot be read, which only means measuring again. */
export function readCache(name: string): unknown {
  try {
    return JSON.parse(readFileSync(pathOf(name), 'utf8'));
  } catch {
    return null;
  }
}

/** Says on standard error, and goes on, where the file cannot be written. */
export function writeCache(name: string, value: unknown): void {
  try {
    mkdirSync(dirname(pathOf(name)), { recursive: true });
    writeFileSync(pathOf(name), JSON.stringify(value, null, 1));
  } catch (error) {
    process.stderr.write(`sdlm: timings are not remembered: ${(error as Error).message}\n`);
  }
}

function pathOf(name: string): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sdlm-playground', name);
}
