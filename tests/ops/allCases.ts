/** Every case of every op; a new `*.case.ts` file is found by itself. */

import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime, type GpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import type { Launch } from '../../src/runtime/recording.ts';
import type { Tuner } from '../../src/runtime/tuner.ts';
import type { OpCase } from './case.ts';

const modules = import.meta.glob<{ cases: OpCase[] }>('./*.case.ts', { eager: true });

export const allCases: readonly OpCase[] = Object.values(modules).flatMap(({ cases }) => cases);

/** One runtime whose tuner is told which variant to take, so that a case can run each of them. */
export async function variantRuntime(
  gpu: GPU,
): Promise<{ runtime: GpuRuntime; use(variant: number): GpuRuntime; errors: string[] }> {
  let wanted = 0;
  const errors: string[] = [];
  const known = ({ variants }: Launch) => Math.min(wanted, variants.length - 1);
  const tuner: Tuner = { table: {}, known, choose: async (launch) => known(launch) };
  const runtime = await createGpuRuntime(await requestAdapter(gpu), tuner, (error) => errors.push(error.message));
  const use = (variant: number) => {
    wanted = variant;
    return runtime;
  };
  return { runtime, use, errors };
}
