/** A run that is moved, cut short or stopped: no step is told twice or left out, and the weights come out the same. */
import { describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/config/records.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { decodeSnapshot, type Snapshot } from '../../src/train/checkpoint.ts';
import { createKeeper, type KeptRun } from '../../src/worker/keeper.ts';
import { memoryFiles, memoryRecords } from '../../src/worker/memoryStorage.ts';
import { createRunDriver, type RunDriver } from '../../src/worker/runDriver.ts';
import type { Telemetry } from '../../src/worker/telemetry.ts';
import { tinyExperiment, tinyText } from './tinyRun.ts';

const experiment = tinyExperiment();
const text = tinyText(experiment);

/** A run and what a page would hold of it. */
function startRun(startPaused = false, from: { kept: KeptRun; snapshot: Snapshot } | null = null) {
  const told = {
    steps: [] as number[],
    validations: [] as number[],
    errors: [] as unknown[],
    saved: [] as RunRecord[],
    ends: 0,
  };
  const emit = (telemetry: Telemetry) => {
    if (telemetry.kind === 'metrics') told.steps.push(...telemetry.step);
    if (telemetry.kind === 'validation') told.validations.push(telemetry.step);
    if (telemetry.kind === 'savedRun') told.saved.push(telemetry.record);
    if (telemetry.kind === 'problem') told.errors.push(telemetry.problem);
    if (telemetry.kind !== 'rewound') return;
    told.steps = told.steps.filter((step) => step <= telemetry.step);
    told.validations = told.validations.filter((step) => step <= telemetry.step);
  };
  const storage = { records: memoryRecords(), files: memoryFiles(), warning: null };
  const identity = { id: 'a', name: 'A run', created: '2026-01-01T00:00:00.000Z', study: null };
  const earlier = from?.kept ?? null;
  const keeper = createKeeper({ identity, experiment, text, earlier, adapterOf: (kind) => kind, storage, emit });
  const start = {
    startPaused,
    weights: null,
    snapshot: from?.snapshot ?? null,
    isFinished: earlier?.isFinished ?? false,
  };
  const onError = (error: unknown) => told.errors.push(error);
  const onEnd = () => {
    told.ends += 1;
  };
  const run = createRunDriver({ experiment, text, keeper, ...start, emit, onError, onEnd });
  /** What a later visit would find. */
  const kept = async () => {
    const kept = (await storage.records.get('kept', 'a'))!;
    const bytes = (await storage.files.read(kept.snapshotFile))!;
    const layout = layoutOf(experiment.model, text.tokenizer.vocabularySize);
    return { kept, snapshot: decodeSnapshot(bytes, layout, kept.snapshotFile) };
  };
  return { run, told, kept };
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
    const { run, told } = startRun();
    await run.prepare(createTwinRuntime());
    await atStep(run, 2);
    await run.fail('it broke');
    await run.suspend(true);
    await run.prepare(createTwinRuntime());
    expect(run.status().phase).toBe('failed');
    expect(told.saved).toMatchObject([{ status: 'failed', problem: 'it broke' }]);
  });

  it('goes on in another visit from what was saved, and comes out the same', async () => {
    const whole = await wholeRun();
    const first = startRun();
    await first.run.prepare(createTwinRuntime());
    await atStep(first.run, 12);
    const safe = await first.run.save();
    expect(safe).toBeGreaterThanOrEqual(12);
    const from = await first.kept();
    expect(from.snapshot.step).toBe(safe);
    await first.run.suspend(false);

    const second = startRun(false, from);
    await second.run.prepare(createTwinRuntime());
    await isOver(second.run);
    expect(second.told.steps).toEqual(oneTo(30).slice(safe));
    expect(await second.run.trainer()?.stateHash()).toBe(whole.hash);
    const record = second.told.saved[0];
    expect(record).toMatchObject({ id: 'a', status: 'finished', steps: 30, backend: 'cpu', adapter: 'cpu' });
    expect(record.training.step).toEqual(oneTo(30));
    expect(record.validation.step).toEqual([10, 20, 30]);
    expect(record.training.bpc).toEqual(whole.told.saved[0].training.bpc);

    // Its weights can be opened once more, without training.
    const third = startRun(false, await second.kept());
    await third.run.prepare(createTwinRuntime());
    expect(third.run.status()).toMatchObject({ phase: 'finished', step: 30 });
    expect(await third.run.trainer()?.stateHash()).toBe(whole.hash);
    expect([third.told.steps, third.told.saved]).toEqual([[], []]);
  });

  it('files a stopped run once, with the steps it did', async () => {
    const { run, told, kept } = startRun();
    await run.prepare(createTwinRuntime());
    await atStep(run, 4);
    await run.stop();
    await run.stop();
    expect(told.saved).toHaveLength(1);
    expect(told.ends).toBe(1);
    expect(told.saved[0]).toMatchObject({ status: 'stopped', steps: told.steps.at(-1) });
    expect((await kept()).snapshot.step).toBe(told.steps.at(-1));
  });
});
