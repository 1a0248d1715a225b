/**
 * Odd input for every parser ends in what it means or in one sentence, and in time. A few hundred cases each here;
 * `npm run fuzz` runs many, and prints the seed with which they come again.
 */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from 'vitest';
import { ConfigError, DataError } from '../../src/base/errors.ts';
import { diceOf } from './mutate.ts';
import { expectSentence, parsers } from './parsers.ts';

const cases = Number(process.env.FUZZ_CASES ?? 300);
const seed = Number(process.env.FUZZ_SEED ?? 1);
const report = process.env.FUZZ_REPORT;

/** Generous: the slowest inputs, of a hundred thousand parts, take a tenth of it on a busy machine. */
const longestSeconds = 5;

/** What went wrong in a case, in words; null where it was refused or accepted as it must be. */
function faultOf(attempt: () => void): string | null {
  const start = performance.now();
  try {
    attempt();
  } catch (error) {
    // A `StartError` is a `ConfigError`. Nothing else is for a person.
    if (!(error instanceof DataError || error instanceof ConfigError)) return (error as Error).stack ?? String(error);
    try {
      expectSentence(error.message);
    } catch (broken) {
      return (broken as Error).message;
    }
  }
  const seconds = (performance.now() - start) / 1000;
  return seconds < longestSeconds ? null : `expected an answer within ${longestSeconds} s, got one after ${seconds} s`;
}

test.each(parsers.map(({ name }, kind) => ({ name, kind })))(
  '$name',
  ({ name, kind }) => {
    const faults: string[] = [];
    for (let index = 0; index < cases; index++) {
      const fault = faultOf(() => parsers[kind].attempt(diceOf(seed, kind, index)));
      if (fault !== null) faults.push(`${name}, seed ${seed}, case ${index}: ${fault}`);
    }
    if (report)
      appendFileSync(report, `${JSON.stringify({ name, passed: cases - faults.length, failed: faults.length })}\n`);
    expect(faults.slice(0, 5)).toEqual([]);
  },
  30_000 + 100 * cases,
);
