/** Every op on Dawn against its twin, and every twin against finite differences. */
import { expect, test } from 'vitest';
import { requestTestGpu } from '../support/gpu.ts';
import { allCases, variantRuntime } from './allCases.ts';
import { runCase } from './runCase.ts';

const { use, errors } = await variantRuntime(await requestTestGpu());

test.each(allCases.map((opCase) => [opCase.name, opCase] as const))('%s', async (_, opCase) => {
  expect(await runCase(opCase, async (variant) => use(variant))).toEqual([]);
  expect(errors).toEqual([]);
});
