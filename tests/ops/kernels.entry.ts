/** Every op's cases on the WebGPU implementation that runs this file (wgpu, under Deno). */
import type { CaseResult, IsWanted } from '../support/case-result.ts';
import { allCases, variantRuntime } from './allCases.ts';
import { runCase } from './runCase.ts';

export async function* runCases(gpu: GPU, isWanted: IsWanted): AsyncGenerator<CaseResult> {
  const { use, errors } = await variantRuntime(gpu);
  for (const opCase of allCases) {
    if (!isWanted(opCase.name)) continue;
    const failures = await runCase(opCase, async (variant) => use(variant)).catch((error: Error) => [error.message]);
    const [failure = null] = [...failures, ...errors.splice(0)];
    yield { name: opCase.name, failure };
  }
}
