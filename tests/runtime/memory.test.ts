/** What shared memory does to values: nothing. (That lifetimes never collide is in `plan.test.ts`.) */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KernelError } from '../../src/base/errors.ts';
import { add } from '../../src/ops/add.ts';
import { planMemory } from '../../src/runtime/recording.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';

interface Program {
  /** Lengths of the inputs. */
  readonly inputs: readonly number[];
  /** Each adds two of the tensors so far of one length (chosen by number); `keep` reports the result. */
  readonly steps: readonly { readonly a: number; readonly b: number; readonly keep: boolean }[];
}

const programs: fc.Arbitrary<Program> = fc.record({
  inputs: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  steps: fc.array(fc.record({ a: fc.nat(), b: fc.nat(), keep: fc.boolean() }), { minLength: 1, maxLength: 25 }),
});

function record({ inputs, steps }: Program) {
  const graph = createGraph();
  const tensors: Tensor[] = inputs.map((length, index) =>
    persistentTensor(graph, `input ${index}`, [length], { initial: Array.from({ length }, (_, i) => index + i / 8) }),
  );
  const values = tensors.map(({ storage }) => [...storage.initial!]);
  const kept: { tensor: Tensor; value: number[] }[] = [];
  for (const { a, b, keep } of steps) {
    const left = a % tensors.length;
    const alike = tensors.map((_, index) => index).filter((index) => tensors[index].length === tensors[left].length);
    const right = alike[b % alike.length];
    const tensor = add(tensors[left], tensors[right]);
    // Halves keep the numbers exact: sums of up to 25 doublings stay within 53 bits.
    const value = values[left].map((x, i) => x + values[right][i]);
    tensors.push(tensor);
    values.push(value);
    if (keep) kept.push({ tensor, value });
  }
  return { recording: { launches: graph.launches }, kept };
}

test('reported ranges hold their values after the whole step, in shared memory as in separate', async () => {
  await fc.assert(
    fc.asyncProperty(programs, fc.boolean(), async (program, keepAll) => {
      const { recording, kept } = record(program);
      const runtime = createTwinRuntime({ bits: 64 });
      const plan = await runtime.compile(recording, { keepAll, report: kept.map(({ tensor }) => tensor) });
      for (let run = 0; run < 2; run++) {
        const reported = await plan.run();
        expect(reported.map((data) => Array.from(data))).toEqual(kept.map(({ value }) => value));
      }
    }),
  );
});

test('a chain needs two slots however long it is', () => {
  const graph = createGraph();
  let x = persistentTensor(graph, 'x', [64]);
  for (let i = 0; i < 20; i++) x = add(x, x);
  expect(planMemory({ launches: graph.launches }).slots).toEqual([64, 64]);
  expect(planMemory({ launches: graph.launches }, { keepAll: true }).slots).toHaveLength(20);
});

test('constants go with their plan; inputs stay until they are released', async () => {
  const graph = createGraph();
  const input = persistentTensor(graph, 'input', [4]);
  const constant = persistentTensor(graph, 'constant', [4], { initial: [1, 2, 3, 4] });
  const sum = add(input, constant);
  const runtime = createTwinRuntime();
  runtime.write(input, [10, 10, 10, 10]);
  for (let time = 0; time < 2; time++) {
    const plan = await runtime.compile({ launches: graph.launches }, { report: [sum] });
    expect(Array.from((await plan.run())[0])).toEqual([11, 12, 13, 14]);
    plan.destroy();
    plan.destroy();
    expect(runtime.memory().bytes).toBe(4 * 4);
  }
});

test('a report of what no launch writes is refused', () => {
  const graph = createGraph();
  const x = persistentTensor(graph, 'x', [4]);
  const y = add(x, x);
  const other = add(y, y);
  const recording = { launches: graph.launches.slice(0, 1) };
  expect(() => planMemory(recording, { kept: [other] })).toThrow(KernelError);
  expect(() => planMemory(recording, { kept: [other] })).toThrow(/: expected a launch to write it, got none/);
});
