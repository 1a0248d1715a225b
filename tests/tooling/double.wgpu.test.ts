/** The way to wgpu works: a kernel computes there, and a case that fails is reported as failed. */
import { expect, test } from 'vitest';
import { runUnderWgpu } from '../support/wgpu.ts';

test('a kernel runs on wgpu and failures are reported', async () => {
  const run = await runUnderWgpu(new URL('./double.entry.ts', import.meta.url));
  expect(run, run.errors).toMatchObject({
    adapter: expect.stringMatching(/./),
    exitCode: 0,
    finished: 2,
    results: [
      { name: 'double computes', failure: null },
      { name: 'a wrong expectation fails', failure: 'double: expected 2 at 1, got 3' },
    ],
  });
});

test('only the cases of a pattern run', async () => {
  const run = await runUnderWgpu(new URL('./double.entry.ts', import.meta.url), ['^DOUBLE', 'i']);
  expect(run, run.errors).toMatchObject({ exitCode: 0, finished: 1, results: [{ name: 'double computes' }] });
});
