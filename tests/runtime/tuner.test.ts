/** Variants are chosen by timing them with whatever clock there is, once per adapter, shader and problem. */
import { describe, expect, test } from 'vitest';
import { type Adapter, adapterFingerprint } from '../../src/runtime/device.ts';
import { type Kernel, kernel } from '../../src/runtime/kernel.ts';
import type { PipelineCache } from '../../src/runtime/pipelines.ts';
import type { Launch } from '../../src/runtime/recording.ts';
import { createTuner, type Trials, type Tuner, tuningBudget } from '../../src/runtime/tuner.ts';
import { chooseVariants } from '../../src/runtime/variants.ts';
import { createVirtualQueue, createVirtualTime, type VirtualTime } from '../support/virtualMachine.ts';

const wgsl = (body: string) => `@group(0) @binding(0) var<storage, read_write> x: array<f32>;
const WIDTH: u32 = 4u; // tunable
@compute @workgroup_size(64) fn main() { ${body} }`;
const kernels = ['first', 'second', 'third'].map((name) => kernel({ name, wgsl: wgsl(''), twin: () => {} }));

function launchOf(variants: readonly Kernel[], { N = 8, flops = 1 } = {}): Launch {
  const storage = { label: 'x', type: 'f32', length: N, lifetime: 'transient' } as const;
  return {
    label: variants.map(({ name }) => name).join(),
    bindings: { x: { storage, offset: 0, length: N } },
    parameters: { N },
    variants: variants.map((one) => ({ kernel: one, tunables: { N }, workgroups: [1, 1, 1] })),
    flops,
    isProduct: true,
  };
}
const launch = launchOf(kernels);

/** Variants of so many milliseconds on a queue, and what was asked of them. */
function trialsOf(
  time: VirtualTime,
  milliseconds: readonly number[],
  { adapter = 'A', latency = 1, every = 0, budget = { milliseconds: 1e6 }, compiling = 0 } = {},
) {
  const queue = createVirtualQueue(time, { latency, every });
  const prepared: number[] = [];
  const dispatches = milliseconds.map(() => 0);
  const trials: Trials = {
    adapter,
    budget,
    prepare: async (variant) => {
      prepared.push(variant);
      time.spend(compiling);
      return (repeats) => {
        dispatches[variant] += repeats;
        return queue.work(repeats * milliseconds[variant]);
      };
    },
  };
  return { trials, prepared, dispatches };
}

describe.each([0.1, 1, 100])('with a clock of %s ms', (resolution) => {
  test.each<[string, readonly number[], object]>([
    ['long dispatches', [30, 20, 40], {}],
    ['short dispatches', [0.05, 0.04, 0.02], {}],
    ['dispatches shorter than the way of the answer', [0.3, 0.2, 0.4], { latency: 15 }],
    ['a queue that looks every 100 ms', [3, 2, 4], { every: 100 }],
  ])('takes the fastest of %s', async (_, milliseconds, queue) => {
    const time = createVirtualTime();
    const { trials } = trialsOf(time, milliseconds, queue);
    const best = await createTuner({}, time.clock(resolution)).choose(launch, trials);
    expect(milliseconds[best]).toBe(Math.min(...milliseconds));
  });
});

test('stops a hopeless variant after one look', async () => {
  const time = createVirtualTime();
  const { trials, dispatches } = trialsOf(time, [1, 50, 0.9]);
  expect(await createTuner({}, time.clock(0.1)).choose(launch, trials)).toBe(2);
  // One that warms up, one that is timed.
  expect(dispatches[1]).toBe(2);
});

test('a clock that stands still times nothing: the first variant, and no dispatch', async () => {
  const { trials, prepared } = trialsOf(createVirtualTime(), [3, 2, 1]);
  const tuner = createTuner({}, () => 7);
  expect(await tuner.choose(launch, trials)).toBe(0);
  expect({ prepared, table: tuner.table }).toEqual({ prepared: [], table: {} });
});

describe('a choice', () => {
  const tunedOnA = async (of = launch) => {
    const time = createVirtualTime();
    const tuner = createTuner({}, time.clock(0.1));
    await tuner.choose(of, trialsOf(time, [3, 1, 2]).trials);
    return tuner;
  };

  test('is remembered: nothing is compiled or timed to know it', async () => {
    const { table } = await tunedOnA();
    const time = createVirtualTime();
    const { trials, prepared } = trialsOf(time, [1, 2, 3]);
    const tuner = createTuner(JSON.parse(JSON.stringify(table)), time.clock(0.1));
    expect(tuner.known(launch, 'A')).toBe(1);
    expect(await tuner.choose(launch, trials)).toBe(1);
    expect(prepared).toEqual([]);
  });

  test('on one adapter says nothing about another', async () => {
    const tuner = await tunedOnA();
    expect(tuner.known(launch, 'B')).toBe(null);
    const time = createVirtualTime();
    const another = createTuner(tuner.table, time.clock(0.1));
    expect(await another.choose(launch, trialsOf(time, [2, 3, 1], { adapter: 'B' }).trials)).toBe(2);
    expect([another.known(launch, 'A'), another.known(launch, 'B')]).toEqual([1, 2]);
  });

  test('says nothing about another size, other shaders, or other values of their tunables', async () => {
    const tuner = await tunedOnA();
    const changed = kernel({ name: 'third', wgsl: wgsl('x[0] = 1.0;'), twin: () => {} });
    expect(tuner.known(launchOf(kernels), 'A')).toBe(1);
    expect(tuner.known(launchOf(kernels, { N: 9 }), 'A')).toBe(null);
    expect(tuner.known(launchOf([kernels[0], kernels[1], changed]), 'A')).toBe(null);
    const [first, second, third] = launch.variants;
    const wider = { ...launch, variants: [first, second, { ...third, tunables: { ...third.tunables, WIDTH: 8 } }] };
    expect(tuner.known(wider, 'A')).toBe(null);
  });

  test.each([
    ['null', null],
    ['a list', ['first']],
    ['a text', 'first'],
    ['numbers', { 'first N=8 32 B': 3 }],
    ['the table of an older version', { 'first N=8 32 B': 'second' }],
  ])('is not taken from %s', async (_, remembered) => {
    const time = createVirtualTime();
    const tuner = createTuner(remembered, time.clock(0.1));
    expect(tuner.known(launch, 'A')).toBe(null);
    expect(await tuner.choose(launch, trialsOf(time, [3, 2, 1]).trials)).toBe(2);
  });

  test('that was cut short is the first variant, kept for this process and not remembered', async () => {
    const time = createVirtualTime();
    const tuner = createTuner({}, time.clock(0.1));
    const { trials, prepared } = trialsOf(time, [3, 2, 1], { budget: { milliseconds: 0 } });
    expect(await tuner.choose(launch, trials)).toBe(0);
    expect({ prepared, table: tuner.table }).toEqual({ prepared: [], table: {} });
    expect(await tuner.choose(launch, trialsOf(time, [3, 2, 1]).trials)).toBe(0);
    expect(createTuner(tuner.table).known(launch, 'A')).toBe(null);
  });
});

describe('a whole plan', () => {
  const costly = launchOf([kernels[1], kernels[2]], { flops: 100 });
  const only = launchOf([kernels[2]]);
  const chosenBy = async (tuner: Tuner, time: VirtualTime, launches: readonly Launch[], compiling = 0) => {
    const compiled: string[] = [];
    const timed: string[] = [];
    const pipelineOf = (async ({ kernel: { name } }) => {
      if (!compiled.includes(name)) time.spend(compiling);
      compiled.push(name);
      return {};
    }) as PipelineCache;
    const chosen = await chooseVariants(launches, {
      tuner,
      adapter: 'A',
      pipelineOf,
      onProgress: (activity) => timed.push(activity),
      trialOf: (index, variant) => trialsTo(time, launches[index].variants[variant].kernel.name),
    });
    return { variants: chosen.map(({ variant }) => variant), compiled: new Set(compiled), timed };
  };
  const speeds: Readonly<Record<string, number>> = { first: 1, second: 2, third: 0.5 };
  const trialsTo = (time: VirtualTime, name: string) => {
    const queue = createVirtualQueue(time, { latency: 1 });
    return (repeats: number) => queue.work(repeats * speeds[name]);
  };

  test('times each problem once, the costliest first', async () => {
    const time = createVirtualTime();
    const { variants, timed } = await chosenBy(createTuner({}, time.clock(0.1)), time, [launch, only, costly, launch]);
    expect(variants).toEqual([2, 0, 1, 2]);
    expect(timed.map((words) => words.split(' ')[1])).toEqual(['second', 'third', 'first', 'second', 'third']);
  });

  test('compiles one variant of each launch where the choices are remembered', async () => {
    const time = createVirtualTime();
    const { table } = await (async () => {
      const tuner = createTuner({}, time.clock(0.1));
      await chosenBy(tuner, time, [launch, costly]);
      return tuner;
    })();
    const { compiled, timed } = await chosenBy(createTuner(table, time.clock(0.1)), time, [launch, costly]);
    expect({ compiled, timed }).toEqual({ compiled: new Set(['third']), timed: [] });
  });

  test('is not held up for longer than its budget: what is left takes the first variant, uncompiled others stay so', async () => {
    const time = createVirtualTime();
    const tuner = createTuner({}, time.clock(0.1));
    // Compiling the two variants of the costly launch takes it all.
    const { variants, compiled } = await chosenBy(tuner, time, [launch, costly], 0.6 * tuningBudget);
    expect(variants).toEqual([0, 0]);
    expect(compiled).toEqual(new Set(['second', 'third', 'first']));
    expect(tuner.table).toEqual({});
    expect(time.elapsed()).toBeLessThan(3 * 0.6 * tuningBudget + 100);
    // The same again, and no time at all.
    expect((await chosenBy(tuner, time, [launch, costly])).timed).toEqual([]);
  });
});

test('adapters that a browser does not name are told apart by what they offer', () => {
  const unnamed = (maxBufferSize: number, features: string[] = []): Adapter => ({
    gpu: { limits: { maxBufferSize, maxBindGroups: 4 } } as unknown as GPUAdapter,
    vendor: '',
    architecture: '',
    description: '',
    isSoftware: false,
    features,
    key: 'unnamed adapter',
  });
  const adapters = [unnamed(1), unnamed(2), unnamed(1, ['shader-f16']), { ...unnamed(1), isSoftware: true }];
  expect(new Set(adapters.map(adapterFingerprint)).size).toBe(adapters.length);
  expect(adapterFingerprint(unnamed(1))).toBe(adapterFingerprint(unnamed(1)));
});
