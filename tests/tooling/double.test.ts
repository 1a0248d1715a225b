/** The way to Dawn works: there is an adapter and it computes. */
import { expect, test } from 'vitest';
import { requestTestGpu } from '../support/gpu.ts';
import { double } from './double.ts';

test('a kernel runs on Dawn', async () => {
  const y = await double(
    await requestTestGpu(),
    Uint32Array.from({ length: 64 }, (_, i) => i * i),
  );
  expect([...y]).toEqual(Array.from({ length: 64 }, (_, i) => 2 * i * i + i));
});
