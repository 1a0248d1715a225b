/** What goes wrong on a real device is one sentence, and leaves the device usable. */
import { afterAll, expect, test } from 'vitest';
import { DeviceError, KernelError } from '../../src/base/errors.ts';
import { add } from '../../src/ops/add.ts';
import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import { type Floats, kernel } from '../../src/runtime/kernel.ts';
import { createTuner } from '../../src/runtime/tuner.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, type Graph, launch, persistentTensor, transientTensor } from '../../src/tensor/tensor.ts';
import { requestTestGpu } from '../support/gpu.ts';

const errors: string[] = [];
const runtime = await createGpuRuntime(await requestAdapter(await requestTestGpu()), createTuner(), (error) =>
  errors.push(error.message),
);
afterAll(() => runtime.destroy());

/** Records y = 2 x over `length` elements, or the same with a name that is not declared, on line 6. */
function recordDouble(graph: Graph, length: number, { isBroken = false } = {}): void {
  const wgsl = `@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  y[id.x] = 2.0 * ${isBroken ? 'nowhere' : 'x[id.x]'};
}
`;
  const double = kernel({
    name: 'twice',
    wgsl,
    twin: ({ x, y }: { x: Floats; y: Floats }) => {
      for (let i = 0; i < y.length; i++) y[i] = 2 * x[i];
    },
  });
  launch(graph, {
    label: 'twice',
    variants: [{ kernel: double, workgroups: [1, 1, 1] }],
    bindings: { x: persistentTensor(graph, 'x', [64]), y: transientTensor(graph, 'y', [length]) },
    parameters: {},
  });
}

async function expectUsable(): Promise<void> {
  const graph = createGraph();
  const a = persistentTensor(graph, 'a', [2], { initial: [1, 2] });
  const sum = add(a, a);
  const plan = await runtime.compile({ launches: graph.launches }, { report: [sum] });
  expect((await plan.run()).map((data) => Array.from(data))).toEqual([[2, 4]]);
  plan.destroy();
  runtime.release([a.storage]);
  expect(errors).toEqual([]);
}

test('a tensor larger than the device can hold, and one larger than it can bind', async () => {
  const { maxBufferSize, maxStorageBufferBindingSize } = runtime.device.limits;
  const before = runtime.memory().bytes;
  for (const [bytes, sentence] of [
    [maxBufferSize, /^GPU memory: expected buffers of at most \d+ MiB on this adapter, got one of \d+ MiB$/],
    [
      maxStorageBufferBindingSize,
      /^GPU memory: expected (tensors|buffers) of at most \d+ MiB on this adapter, got one/,
    ],
  ] as const) {
    const graph = createGraph();
    recordDouble(graph, Math.floor(bytes / 4) + 64);
    const error = await runtime.compile({ launches: graph.launches }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DeviceError);
    expect((error as DeviceError).reason).toBe('memory');
    expect((error as Error).message).toMatch(sentence);
  }
  expect(runtime.memory().bytes).toBe(before);
  await expectUsable();
});

test('a recording that fails to compile leaves no buffer behind', async () => {
  const before = runtime.memory().bytes;
  const graph = createGraph();
  const x = persistentTensor(graph, 'x', [64]);
  const sum = add(x, x);
  const [good] = graph.launches;
  const withoutLength = { ...good, parameters: { ADD: 1 } };
  const outOfTune = { ...good, variants: [good.variants[0], good.variants[0]], tuningData: { a: () => 1 } };
  for (const [launch, sentence] of [
    [withoutLength, 'add: expected a number for parameter length, got undefined'],
    [outOfTune, 'add sum: expected tuning data for a transient tensor, got x'],
  ] as const) {
    const compiled = runtime.compile({ launches: [launch] }, { report: [sum] });
    await expect(compiled).rejects.toThrow(new KernelError(sentence));
    expect(runtime.memory().bytes).toBe(before);
  }
  await expectUsable();
});

test.each([
  ['GPU', runtime],
  ['twins', createTwinRuntime()],
])('numbers of another type are converted, and more than a range holds is refused: %s', async (_, on) => {
  const graph = createGraph();
  const floats = persistentTensor(graph, 'floats', [4]);
  const words = persistentTensor(graph, 'words', [4], { type: 'u32' });
  on.write({ ...floats, length: 2 }, Float64Array.of(0.5, 2));
  on.write(words, Float32Array.of(3, 4, 5));
  expect((await on.read([floats, words])).map((data) => Array.from(data))).toEqual([
    [0.5, 2, 0, 0],
    [3, 4, 5, 0],
  ]);
  expect(() => on.write({ ...floats, length: 2 }, [1, 2, 3])).toThrow(
    new KernelError('floats: expected at most 2 elements, got 3'),
  );
  const transient = transientTensor(graph, 'passing', [4]);
  expect(() => on.write(transient, [1])).toThrow(
    new KernelError('passing: expected a persistent storage, got a transient one'),
  );
  on.release([floats.storage, words.storage]);
  expect(errors).toEqual([]);
});

test('WGSL that does not compile names its file and line', async () => {
  const graph = createGraph();
  recordDouble(graph, 64, { isBroken: true });
  const error = await runtime.compile({ launches: graph.launches }).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(KernelError);
  expect((error as Error).message).toMatch(/^twice\.wgsl: expected it to compile, got line 6: .*nowhere/);
  await expectUsable();
});

test('one run more in flight than allowed', async () => {
  const graph = createGraph();
  const x = persistentTensor(graph, 'x', [4]);
  const sum = add(x, x);
  const plan = await runtime.compile({ launches: graph.launches }, { report: [sum] });
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => plan.run()));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  const { reason } = outcomes[3] as PromiseRejectedResult;
  expect(reason).toBeInstanceOf(KernelError);
  expect(reason.message).toMatch(/expected at most 3 runs in flight, got one more/);
  plan.destroy();
  runtime.release([x.storage]);
  await expectUsable();
});

test.each([32, 64] as const)('no room for a tensor on the CPU twins: %s bits', async (bits) => {
  const twins = createTwinRuntime({ bits });
  const graph = createGraph();
  const error = await (async () => twins.write(persistentTensor(graph, 'huge', [2 ** 45]), [1]))().catch((e) => e);
  expect(error).toBeInstanceOf(DeviceError);
  expect(error.reason).toBe('memory');
  expect(error.message).toMatch(/^CPU memory: expected \d+ MiB to be free, got ".+"$/);
  const recorded = createGraph();
  recordDouble(recorded, 2 ** 45);
  const refused = await twins.compile({ launches: recorded.launches }).catch((thrown: unknown) => thrown);
  expect(refused).toBeInstanceOf(DeviceError);
  expect((refused as DeviceError).reason).toBe('memory');
  expect(twins.memory().bytes).toBe(0);
});

test('a device that is lost says so, and one that is closed says nothing', async () => {
  const open = async (told: Error[]) =>
    createGpuRuntime(await requestAdapter(await requestTestGpu()), createTuner(), (error) => told.push(error));
  const [ofLost, ofClosed]: Error[][] = [[], []];
  const [lost, closed] = [await open(ofLost), await open(ofClosed)];
  lost.device.destroy();
  closed.destroy();
  await Promise.all([lost.device.lost, closed.device.lost]);
  expect(ofLost).toHaveLength(1);
  expect(ofLost[0]).toBeInstanceOf(DeviceError);
  expect((ofLost[0] as DeviceError).reason).toBe('lost');
  expect(ofClosed).toEqual([]);
});
