/** How fast a machine trains is measured by training, whatever its clock and its queue are like. */
import { describe, expect, test } from 'vitest';
import { clockResolution } from '../../src/base/clock.ts';
import { DeviceError } from '../../src/base/errors.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { chooseBackend, measureMachine, type Speeds } from '../../src/run/machine.ts';
import { type MeasureOptions, measureSteps, type Speed } from '../../src/run/speed.ts';
import type { Adapter } from '../../src/runtime/device.ts';
import { maxInFlight, type Runtime } from '../../src/runtime/runtime.ts';
import {
  createVirtualQueue,
  createVirtualTime,
  type VirtualTime,
  virtualGpu,
  virtualTwins,
} from '../support/virtualMachine.ts';

const experiment = withSettings(defaultExperiment(), {
  'model.width': 8,
  'model.heads': 2,
  'model.layers': 1,
  'model.feedForward': 'dense',
  'model.hiddenWidth': 8,
  'data.sequenceLength': 8,
  'training.batchSize': 2,
});

const measure = (runtime: Runtime, now: () => number, options: MeasureOptions = {}) =>
  measureSteps(runtime, experiment, 7, { now, turn: async () => {}, ...options });

/** Seconds per step of a long run with as many steps in flight as in training. */
async function trained(time: VirtualTime, runtime: Runtime): Promise<number> {
  const plan = await runtime.compile({ launches: [] });
  await plan.run();
  const steps = 900;
  const start = time.elapsed();
  const pending: Promise<unknown>[] = [];
  for (let step = 0; step < steps; step++) {
    pending.push(plan.run());
    if (pending.length === maxInFlight) await pending.shift();
  }
  await Promise.all(pending);
  return (time.elapsed() - start) / steps / 1000;
}

const machines: Record<string, (time: VirtualTime) => Promise<Runtime>> = {
  'twins of 25 ms': async (time) => virtualTwins(time, { step: 25, first: 400 }),
  'a GPU of 1 ms': (time) => virtualGpu(time, createVirtualQueue(time, { latency: 2 }), { step: 1, first: 800 }),
  'a GPU of 8 ms': (time) => virtualGpu(time, createVirtualQueue(time, { latency: 2 }), { step: 8 }),
  'a GPU of 8 ms that answers late': (time) => virtualGpu(time, createVirtualQueue(time, { latency: 15 }), { step: 8 }),
  'a GPU of 0.2 ms that answers late': (time) =>
    virtualGpu(time, createVirtualQueue(time, { latency: 12 }), { step: 0.2 }),
  'a GPU of 1 ms whose queue looks every 100 ms': (time) =>
    virtualGpu(time, createVirtualQueue(time, { every: 100 }), { step: 1 }),
  'a software adapter of 150 ms': (time) => virtualGpu(time, createVirtualQueue(time, { latency: 1 }), { step: 150 }),
};

describe.each(Object.entries(machines))('%s', (_, open) => {
  test.each([0.1, 1, 100])('is measured with a clock of %s ms', async (resolution) => {
    const time = createVirtualTime();
    const speed = await measure(await open(time), time.clock(resolution));
    // So that nobody waits long: rounds that grow up to 3 seconds, and 0.1 seconds where the clock is fine.
    expect(time.elapsed()).toBeLessThan(resolution === 100 ? 12_000 : 3000);
    const expected = await trained(time, await open(time));
    if (speed.kind !== 'measured') throw new Error(speed.why);
    // Two readings of the clock are off by less than a step of 50; 30 for the coarsest, as 3 seconds are the most.
    expect(Math.abs(speed.secondsPerStep / expected - 1)).toBeLessThan(resolution === 100 ? 0.1 : 0.05);
  });
});

test('measuring is over soon where the clock is fine', async () => {
  const time = createVirtualTime();
  await measure(virtualTwins(time, { step: 25 }), time.clock(0.1));
  expect(time.elapsed()).toBeLessThan(800);
});

test('a queue that looks every 100 ms does not hold up training', async () => {
  const time = createVirtualTime();
  const runtime = await virtualGpu(time, createVirtualQueue(time, { every: 100 }), { step: 1 });
  expect(await trained(time, runtime)).toBeLessThan(0.004);
});

test('the resolution of a clock is measured, and one that stands still is told by name', async () => {
  for (const resolution of [0.1, 1, 100])
    expect(clockResolution(createVirtualTime().clock(resolution))).toBeCloseTo(resolution, 6);
  expect(clockResolution(() => 5)).toBe(null);
  const time = createVirtualTime();
  expect(await measure(virtualTwins(time, { step: 25 }), () => 5)).toEqual({
    kind: 'unmeasured',
    why: 'clock stands still',
  });
});

describe('what keeps it from measuring is in the answer', () => {
  test('a person who wants to train', async () => {
    const time = createVirtualTime();
    const stop = new AbortController();
    let turns = 0;
    const turn = async () => {
      turns += 1;
      if (turns === 5) stop.abort();
    };
    const speed = await measure(virtualTwins(time, { step: 25 }), time.clock(1), { signal: stop.signal, turn });
    expect(speed).toEqual({ kind: 'unmeasured', why: 'stopped' });
    expect(time.elapsed()).toBeLessThan(130);
  });

  test('too little time', async () => {
    const time = createVirtualTime();
    const runtime = virtualTwins(time, { step: 300, first: 5000 });
    const speed = await measure(runtime, time.clock(1), { mostSeconds: 0.5 });
    expect(speed).toMatchObject({ kind: 'unmeasured', why: 'took too long' });
  });

  test('a device that fails', async () => {
    const time = createVirtualTime();
    const twins = virtualTwins(time, { step: 25 });
    const compile = () => Promise.reject(new DeviceError('no memory', 'memory'));
    const failing = { ...twins, compile };
    expect(await measure(failing, time.clock(1))).toEqual({ kind: 'unmeasured', why: 'failed', message: 'no memory' });
  });
});

const seconds = (secondsPerStep: number): Speed => ({ kind: 'measured', secondsPerStep, steps: 9 });
const missing = (why: 'not yet' | 'stopped'): Speed => ({ kind: 'unmeasured', why });
const slow: Speed = { kind: 'unmeasured', why: 'took too long', seconds: 10 };
const failed: Speed = { kind: 'unmeasured', why: 'failed', message: '' };

test.each<[string, boolean | null, Speeds, 'gpu' | 'cpu']>([
  ['no adapter', null, { cpu: seconds(1) }, 'cpu'],
  ['hardware, faster', false, { gpu: seconds(1), cpu: seconds(2) }, 'gpu'],
  ['hardware, equal', false, { gpu: seconds(2), cpu: seconds(2) }, 'gpu'],
  ['hardware, slower', false, { gpu: seconds(3), cpu: seconds(2) }, 'cpu'],
  ['hardware, not measured', false, {}, 'gpu'],
  ['hardware, not measured yet', false, { gpu: missing('not yet'), cpu: seconds(1) }, 'gpu'],
  ['hardware, stopped', false, { gpu: missing('stopped'), cpu: seconds(1) }, 'gpu'],
  ['hardware that compiles slowly', false, { gpu: slow, cpu: seconds(1) }, 'gpu'],
  ['hardware that failed', false, { gpu: failed, cpu: missing('stopped') }, 'cpu'],
  ['software, faster', true, { gpu: seconds(1), cpu: seconds(2) }, 'gpu'],
  ['software, equal', true, { gpu: seconds(2), cpu: seconds(2) }, 'cpu'],
  ['software, slower', true, { gpu: seconds(3), cpu: seconds(2) }, 'cpu'],
  ['software, not measured', true, { gpu: slow, cpu: seconds(2) }, 'cpu'],
  ['software, twins not measured', true, { gpu: seconds(1), cpu: missing('stopped') }, 'cpu'],
])('%s', (_, isSoftware, speeds, expected) => {
  const adapter = isSoftware === null ? null : { isSoftware };
  expect(chooseBackend({ adapter, speeds })).toBe(expected);
});

describe('a whole machine', () => {
  const measured = async (isSoftware: boolean, step: number, queue: { latency?: number; every?: number }) => {
    const time = createVirtualTime();
    const adapter = { isSoftware } as Adapter;
    const destroyed: string[] = [];
    const open = async (kind: 'gpu' | 'cpu'): Promise<Runtime> => {
      const runtime =
        kind === 'cpu'
          ? virtualTwins(time, { step: 25 })
          : await virtualGpu(time, createVirtualQueue(time, queue), { step });
      return { ...runtime, destroy: () => destroyed.push(kind) };
    };
    const heard: Speeds[] = [];
    const machine = { adapter, whyNoGpu: null, open };
    const now = time.clock(1);
    const onSpeed = (speeds: Speeds) => heard.push(speeds);
    const speeds = await measureMachine(machine, experiment, 7, { now, turn: async () => {}, onSpeed });
    return { speeds, chosen: chooseBackend({ adapter, speeds }), heard, destroyed, elapsed: time.elapsed() };
  };

  test('in Firefox (clock of 1 ms, queue that looks every 100 ms) a GPU of 1 ms wins over twins of 25 ms', async () => {
    const { speeds, chosen, heard, destroyed } = await measured(false, 1, { every: 100 });
    expect(chosen).toBe('gpu');
    expect(speeds.gpu).toMatchObject({ kind: 'measured' });
    expect(heard.map(({ gpu, cpu }) => [gpu?.kind, cpu?.kind])).toEqual([
      ['unmeasured', 'measured'],
      ['measured', 'measured'],
    ]);
    expect(destroyed).toEqual(['cpu', 'gpu']);
  });

  test('a software adapter of 150 ms loses, and is not waited for once that is clear', async () => {
    const { speeds, chosen, elapsed } = await measured(true, 150, { latency: 1 });
    expect(chosen).toBe('cpu');
    expect(speeds.gpu).toMatchObject({ kind: 'measured', steps: maxInFlight });
    // The twins, then seven steps.
    expect(elapsed).toBeLessThan(800 + 8 * 150);
  });

  test('a software adapter of 5 ms wins', async () => {
    expect((await measured(true, 5, { latency: 1 })).chosen).toBe('gpu');
  });

  test('an adapter that cannot be opened is one that failed, in its own words', async () => {
    const time = createVirtualTime();
    const open = async (kind: 'gpu' | 'cpu') => {
      if (kind === 'gpu') throw new DeviceError('no device', 'none');
      return virtualTwins(time, { step: 25 });
    };
    const machine = { adapter: { isSoftware: false } as Adapter, whyNoGpu: null, open };
    const { gpu } = await measureMachine(machine, experiment, 7, { now: time.clock(1), turn: async () => {} });
    expect(gpu).toEqual({ kind: 'unmeasured', why: 'failed', message: 'no device' });
  });
});
