/** Cases for wgpu. The second reports a failure on purpose: double.wgpu.test.ts checks that it arrives as one. */
import type { CaseResult, IsWanted } from '../support/case-result.ts';
import { double } from './double.ts';

function compare(y: Uint32Array, expected: (i: number) => number): string | null {
  const wrong = y.findIndex((value, i) => value !== expected(i));
  return wrong < 0 ? null : `double: expected ${expected(wrong)} at ${wrong}, got ${y[wrong]}`;
}

export async function* runCases(gpu: GPU, isWanted: IsWanted): AsyncGenerator<CaseResult> {
  const y = await double(
    gpu,
    Uint32Array.from({ length: 64 }, (_, i) => i * i),
  );
  const results = [
    { name: 'double computes', failure: compare(y, (i) => 2 * i * i + i) },
    { name: 'a wrong expectation fails', failure: compare(y, (i) => 2 * i * i) },
  ];
  yield* results.filter(({ name }) => isWanted(name));
}
