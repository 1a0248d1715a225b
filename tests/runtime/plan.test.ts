/** What a compiled plan promises: nothing is created on the step's path, memory stays flat, lifetimes never collide. */
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { add } from '../../src/ops/add.ts';
import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import { kernel } from '../../src/runtime/kernel.ts';
import { createPace } from '../../src/runtime/pace.ts';
import { accessOf, planMemory } from '../../src/runtime/recording.ts';
import { createTuner } from '../../src/runtime/tuner.ts';
import { createGraph, launch, persistentTensor, type Tensor, transientTensor } from '../../src/tensor/tensor.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { requestTestGpu } from '../support/gpu.ts';

const errors: string[] = [];
const runtime = await createGpuRuntime(await requestAdapter(await requestTestGpu()), createTuner(), (error) =>
  errors.push(error.message),
);

test('100 steps create no buffer, bind group or pipeline, submit once each, and leave memory flat', async () => {
  const experiment = withSettings(defaultExperiment(), {
    'model.width': 8,
    'model.heads': 2,
    'model.layers': 1,
    'model.experts': 3,
    'model.choices': 1,
    'model.expertWidth': 5,
    'data.sequenceLength': 6,
    'training.batchSize': 2,
  });
  const trainer = await createTrainer(runtime, experiment, 7);
  const batch = Uint32Array.from({ length: 12 }, (_, i) => i % 7);
  await trainer.advance(batch);
  const before = runtime.memory();
  const { device } = runtime;
  const created = (
    [
      'createBuffer',
      'createBindGroup',
      'createComputePipeline',
      'createComputePipelineAsync',
      'createShaderModule',
    ] as const
  ).map((name) => vi.spyOn(device, name));
  const submit = vi.spyOn(device.queue, 'submit');
  // A clock that stands still: on a busy machine steps may take long enough to be cut.
  const clock = vi.spyOn(performance, 'now').mockReturnValue(performance.now());
  for (let step = 0; step < 100; step++) await trainer.advance(batch);
  clock.mockRestore();
  const counts = Object.fromEntries(created.map((spy) => [spy.getMockName(), spy.mock.calls.length]));
  expect(
    Object.values(counts).every((count) => count === 0),
    JSON.stringify(counts),
  ).toBe(true);
  expect(submit).toHaveBeenCalledTimes(100);
  expect(runtime.memory()).toEqual(before);
  // The spies see what they watch: preparing another run does create buffers.
  const second = await createTrainer(runtime, experiment, 7);
  expect(created[0].mock.calls.length).toBeGreaterThan(0);
  for (const spy of [...created, submit]) spy.mockRestore();
  second.destroy();
  trainer.destroy();
  expect(errors).toEqual([]);
}, 120_000);

test('storages that share a slot are never alive together, and reported ones live to the end', () => {
  const operands = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.integer({ min: 1, max: 9 })), {
    minLength: 1,
    maxLength: 30,
  });
  fc.assert(
    fc.property(operands, fc.nat(), (steps, reported) => {
      const graph = createGraph();
      const byLength = new Map<number, Tensor[]>();
      const all: Tensor[] = [];
      for (const [first, second, length] of steps) {
        const known = byLength.get(length) ?? [persistentTensor(graph, 'input', [length])];
        byLength.set(length, known);
        const sum = add(known[first % known.length], known[second % known.length]);
        known.push(sum);
        all.push(sum);
      }
      const kept = all[reported % all.length];
      const recording = { launches: graph.launches };
      const { slotOf, slots } = planMemory(recording, { kept: [kept] });
      const ends = new Map<object, [number, number]>();
      recording.launches.forEach((one, index) => {
        for (const { range } of accessOf(one)) {
          const [start] = ends.get(range.storage) ?? [index];
          ends.set(range.storage, [start, range.storage === kept.storage ? Number.POSITIVE_INFINITY : index]);
        }
      });
      const transient = [...slotOf.keys()];
      for (const a of transient) {
        expect(slots[slotOf.get(a)!]).toBeGreaterThanOrEqual(a.length);
        for (const b of transient) {
          if (a === b || slotOf.get(a) !== slotOf.get(b)) continue;
          const [[startA, endA], [startB, endB]] = [ends.get(a)!, ends.get(b)!];
          expect(endA < startB || endB < startA).toBe(true);
        }
      }
    }),
  );
});

test('a shader that does not compile is refused with its file and the compiler’s words', async () => {
  const broken = kernel({
    name: 'broken',
    wgsl: '@group(0) @binding(0) var<storage, read_write> y: array<f32>;\n@compute @workgroup_size(1) fn main() { y[0] = nonsense; }',
    twin: () => {},
  });
  const graph = createGraph();
  const y = transientTensor(graph, 'y', [1]);
  launch(graph, {
    label: 'broken',
    variants: [{ kernel: broken, workgroups: [1, 1, 1] }],
    bindings: { y },
    parameters: {},
  });
  await expect(runtime.compile({ launches: graph.launches })).rejects.toThrow(
    /broken\.wgsl: expected .* got .*nonsense/s,
  );
  errors.splice(0);
});

test('a run is cut into submits of about 100 ms once it is known to be slow, and is whole again when it is fast', () => {
  let time = 0;
  const pace = createPace(() => time);
  const run = (milliseconds: number) => {
    const timed = pace.begin();
    time += milliseconds;
    timed.end();
    return timed.parts;
  };
  // The first run compiles; the next four are measured, and the quickest of them counts.
  expect([run(5000), run(350), run(999), run(330), run(390), run(30)]).toEqual([1, 1, 1, 1, 1, 4]);
  expect([run(99_999), run(99_999), run(99_999)]).toEqual([1, 1, 1]);
  expect([run(99_999), run(99_999)]).toEqual([1, 16]);
  run(60);
  // Of runs that overlap, each counts from the end of the one before.
  for (let overlapping = 0; overlapping < 4; overlapping++) {
    const first = pace.begin();
    const second = pace.begin();
    time += 150;
    first.end();
    time += 150;
    second.end();
  }
  expect(pace.parts).toBe(2);
});

test('a run in parts computes what a run in one does, in order', async () => {
  const graph = createGraph();
  const start = persistentTensor(graph, 'start', [5], { initial: [1, 2, 3, 4, 5] });
  let sum: Tensor = start;
  for (let i = 0; i < 7; i++) sum = add(sum, start);
  let time = 0;
  const clock = vi.spyOn(performance, 'now');
  const plan = await runtime.compile({ launches: graph.launches }, { report: [sum] });
  const submit = vi.spyOn(runtime.device.queue, 'submit');
  const run = async (milliseconds: number) => {
    const before = submit.mock.calls.length;
    clock.mockReturnValueOnce(time).mockReturnValueOnce(time + milliseconds);
    time += milliseconds;
    const [values] = await plan.run();
    return { submits: submit.mock.calls.length - before, values: Array.from(values) };
  };
  const values = [8, 16, 24, 32, 40];
  for (let measured = 0; measured < 5; measured++) expect(await run(401)).toEqual({ submits: 1, values });
  expect(await run(401)).toEqual({ submits: 5, values });
  expect(plan.submits).toBe(5);
  clock.mockRestore();
  submit.mockRestore();
  plan.destroy();
});
