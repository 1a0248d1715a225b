/** What a study says of its time while it runs. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { afterEach, expect, test, vi } from 'vitest';
import { createStudyProgress } from '../../src/cli/studyProgress.ts';
import { studyById } from '../../src/lab/studies.ts';
import { plannedRuns } from '../../src/lab/studyRuns.ts';

afterEach(() => vi.restoreAllMocks());

test('estimates the time left once speed has shown, and none at the end', () => {
  let now = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const lines: string[] = [];
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const planned = plannedRuns(studyById('dense-vs-moe'), 'software', 1, { 'training.steps': 100 });
  const runs = planned.map((run) => ({ ...run, state: 'new' as const }));
  const progress = createStudyProgress(runs, () => 1);
  // The first step took as long as the process did to start.
  now += 5000;
  progress.onStep(runs[0], 1);
  // Then a step a second: 400 in all.
  for (let step = 2; step <= 100; step++) {
    now += 1000;
    progress.onStep(runs[0], step);
  }
  progress.onEnd(runs[0], 'finished');
  for (const run of runs.slice(1)) {
    for (let step = 1; step <= 100; step++) progress.onStep(run, step);
    progress.onEnd(run, 'finished');
  }
  expect(lines[0]).toBe('0 of 4 runs done, flop-dense-seed-1 at step 1 of 100\n');
  expect(lines[1]).toMatch(/^0 of 4 runs done, flop-dense-seed-1 at step \d+ of 100, about \d min left\n$/);
  expect(lines).toContain('flop-dense-seed-1 is done (1 of 4), about 5 min left\n');
  expect(lines.at(-1)).toBe('parameter-dense-seed-1 is done (4 of 4)\n');
});
