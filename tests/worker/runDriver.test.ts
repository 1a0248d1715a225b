/** A run that is moved, cut short or stopped: no step is told twice or left out, and the weights come out the same. */
import { describe, expect, it } from 'vitest';
import { createTwinRuntime } from '../../src/gpu/twinRuntime.ts';
import type { Telemetry } from '../../src/worker/protocol.ts';
import { createRunDriver, type RunDriver } from '../../src/worker/runDriver.ts';
import { tinyExperiment, tinyText } from './tinyRun.ts';

const experiment = tinyExperiment();
const text = tinyText(experiment);

/** A run and what a page would hold of it. */
function startRun(startPaused = false) {
  const told = { steps: [] as number[], validations: [] as number[], phases: [] as string[], errors: [] as unknown[] };
  const emit = (telemetry: Telemetry) => {
    if (telemetry.kind === 'metrics') told.steps.push(...telemetry.step);
    if (telemetry.kind === 'validation') told.validations.push(telemetry.step);
    if (telemetry.kind === 'status') told.phases.push(telemetry.status.phase);
    if (telemetry.kind !== 'rewound') return;
    told.steps = told.steps.filter((step) => step <= telemetry.step);
    told.validations = told.validations.filter((step) => step <= telemetry.step);
  };
  const run = createRunDriver({ experiment, text, startPaused, emit, onError: (error) => told.errors.push(error) });
  return { run, told };
}
const until = (holds: () => boolean) => expect.poll(holds, { interval: 1, timeout: 20_000 }).toBe(true);
const atStep = (run: RunDriver, step: number) => until(() => run.status().step >= step);
const isOver = (run: RunDriver) => until(() => run.status().phase === 'finished');
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

async function wholeRun() {
  const { run, told } = startRun();
  await run.prepare(createTwinRuntime());
  await isOver(run);
  return { told, hash: await run.trainer()?.stateHash() };
}

describe('run driver', () => {
  it('tells every step once and ends with a validation', async () => {
    const { told } = await wholeRun();
    expect(told.steps).toEqual(oneTo(30));
    expect(told.validations).toEqual([10, 20, 30]);
    expect(told.errors).toEqual([]);
  });

  it.each([
    { what: 'moved', canRead: true },
    { what: 'cut short by a lost device', canRead: false },
  ])('comes out the same when it is $what', async ({ canRead }) => {
    const whole = await wholeRun();
    const { run, told } = startRun();
    await run.prepare(createTwinRuntime());
    for (const step of [3, 10, 17]) {
      await atStep(run, step);
      await run.suspend(canRead);
      const before = run.status().step;
      await run.prepare(createTwinRuntime());
      if (canRead) expect(run.status().step).toBe(before);
    }
    await isOver(run);
    expect(told.steps).toEqual(oneTo(30));
    expect(told.validations).toEqual([10, 20, 30]);
    expect(await run.trainer()?.stateHash()).toBe(whole.hash);
  });

  it('goes on from the snapshot that a pause took', async () => {
    const { run, told } = startRun(true);
    await run.prepare(createTwinRuntime());
    await until(() => run.status().phase === 'paused');
    for (const step of [1, 2, 3, 4]) {
      run.singleStep();
      await until(() => run.status().step === step);
    }
    run.resume();
    await atStep(run, 6);
    await run.pause();
    const paused = run.status().step;
    run.resume();
    await atStep(run, paused + 2);
    await run.suspend(false);
    await run.prepare(createTwinRuntime());
    expect(run.status().step).toBe(paused);
    await isOver(run);
    expect(told.steps).toEqual(oneTo(30));
  });

  it('stops with the weights of the last step told', async () => {
    const { run, told } = startRun();
    await run.prepare(createTwinRuntime());
    await atStep(run, 5);
    await run.stop();
    expect(run.status().phase).toBe('finished');
    expect(run.trainer()?.step).toBe(told.steps.at(-1));
    expect(told.steps).toEqual(oneTo(told.steps.length));
    // Its weights move with it, and it stays what it was.
    await run.suspend(true);
    await run.prepare(createTwinRuntime());
    expect([run.status().phase, run.trainer()?.step]).toEqual(['finished', told.steps.length]);
  });

  it('is stopped while it is paused, or while it is being prepared', async () => {
    const paused = startRun(true);
    await paused.run.prepare(createTwinRuntime());
    await paused.run.stop();
    const preparing = startRun();
    const ready = preparing.run.prepare(createTwinRuntime());
    preparing.run.end();
    await ready;
    await preparing.run.stop();
    for (const { run, told } of [paused, preparing]) {
      expect(run.status()).toMatchObject({ phase: 'finished', step: 0 });
      expect(told.steps).toEqual([]);
    }
  });

  it('stays failed when its runtime changes', async () => {
    const { run } = startRun();
    await run.prepare(createTwinRuntime());
    await atStep(run, 2);
    run.fail();
    await run.suspend(true);
    await run.prepare(createTwinRuntime());
    expect(run.status().phase).toBe('failed');
  });
});
