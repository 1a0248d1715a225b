/**
 * A run that is moved, cut short, stopped or broken: no step is told twice or left out, the weights come out the same,
 * nothing that is not a number is kept, and what it answers is true.
 */
import { describe, expect, it } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import type { RunRecord, RunStatus } from '../../src/config/records.ts';
import type { Model } from '../../src/model/model.ts';
import type { RunPorts, RunSession } from '../../src/run/ports.ts';
import { createRunSession } from '../../src/run/session.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { hashOfSnapshot, type Snapshot } from '../../src/train/checkpoint.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

const experiment = tinyExperiment();
const text = tinyText(experiment);

/** A run, the place it runs in, and what a page would hold of it. */
function startRun(options: Partial<Parameters<typeof createRunSession>[0]> = {}, ports: Partial<RunPorts> = {}) {
  const told = {
    steps: [] as number[],
    validations: [] as number[],
    errors: [] as unknown[],
    ended: [] as { record: RunRecord; last: Snapshot | null }[],
    phases: [] as RunStatus['phase'][],
    kept: null as { snapshot: Snapshot; record: RunRecord } | null,
    model: null as Model | null,
  };
  const run = createRunSession(
    {
      identity: { id: 'a', name: 'A run', created: '2026-01-01T00:00:00.000Z', study: null },
      experiment,
      text,
      weights: null,
      snapshot: null,
      earlier: null,
      startPaused: false,
      ...options,
    },
    {
      tell: (news) => {
        if (news.kind === 'status') told.phases.push(news.status.phase);
        if (news.kind === 'event' && news.event.kind === 'step') told.steps.push(news.event.step);
        if (news.kind === 'event' && news.event.kind === 'validation') told.validations.push(news.event.step);
        if (news.kind !== 'rewound') return;
        told.steps = told.steps.filter((step) => step <= news.step);
        told.validations = told.validations.filter((step) => step <= news.step);
      },
      save: async (snapshot, record) => {
        told.kept = { snapshot, record };
        return true;
      },
      end: async (record, last) => void told.ended.push({ record, last }),
      publish: async (model) => {
        told.model = model;
      },
      isLost: async () => false,
      report: (error) => told.errors.push(error),
      adapterOf: ({ kind }) => kind,
      saveAfter: () => 1e9,
      ...ports,
    },
  );
  return { run, told };
}
const until = (holds: () => boolean) => expect.poll(holds, { interval: 1, timeout: 20_000 }).toBe(true);
const atStep = (run: RunSession, step: number) => until(() => run.state().step >= step);
const oneTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

async function wholeRun() {
  const { run, told } = startRun();
  await run.enter(createTwinRuntime());
  await run.ended;
  return { told, ...(await run.stateHash()) };
}

describe('a run', () => {
  it('tells every step once and ends with a validation, off the device', async () => {
    const { told, step } = await wholeRun();
    expect(told.steps).toEqual(oneTo(30));
    expect(told.validations).toEqual([10, 20, 30]);
    expect([told.errors, step, told.model]).toEqual([[], 30, null]);
    expect(told.phases).toContain('running');
    expect(told.phases.at(-1)).toBe('ended');
    expect(told.ended).toMatchObject([{ record: { status: 'finished', steps: 30 }, last: { step: 30 } }]);
  });

  it.each([
    { what: 'moved', canRead: true },
    { what: 'cut short by a lost device', canRead: false },
  ])('comes out the same when it is $what', async ({ canRead }) => {
    const whole = await wholeRun();
    const { run, told } = startRun();
    await run.enter(createTwinRuntime());
    for (const step of [3, 10, 17]) {
      await atStep(run, step);
      await run.leave(canRead);
      const before = run.state().step;
      expect([run.status().phase, told.model]).toEqual(['suspended', null]);
      await run.enter(createTwinRuntime());
      if (canRead) expect(run.state().step).toBeGreaterThanOrEqual(before);
    }
    await run.ended;
    expect(told.steps).toEqual(oneTo(30));
    expect(told.validations).toEqual([10, 20, 30]);
    expect((await run.stateHash()).hash).toBe(whole.hash);
    expect(told.ended).toHaveLength(1);
  });

  it('goes on by itself where the device was lost under its work', async () => {
    let isGone = false;
    const { run, told } = startRun({}, { isLost: async () => isGone });
    const runtime = createTwinRuntime();
    await run.enter(breaking(runtime, () => isGone));
    await atStep(run, 4);
    isGone = true;
    await until(() => run.state().phase === 'suspended');
    isGone = false;
    await run.enter(createTwinRuntime());
    await run.ended;
    expect(told.steps).toEqual(oneTo(30));
    expect([told.errors, told.ended[0].record.status]).toEqual([[], 'finished']);
  });

  it('fails with a sentence where its work breaks on a device that is there', async () => {
    let isBroken = false;
    const { run, told } = startRun();
    await run.enter(breaking(createTwinRuntime(), () => isBroken));
    await atStep(run, 4);
    isBroken = true;
    await run.ended;
    expect(run.status()).toMatchObject({ phase: 'ended', ending: 'failed', problem: 'it broke' });
    expect(told.ended).toMatchObject([{ record: { status: 'failed', problem: 'it broke' } }]);
    expect(told.errors).toHaveLength(1);
  });

  it('goes on from the state that a pause took', async () => {
    const { run, told } = startRun({ startPaused: true });
    await run.enter(createTwinRuntime());
    await until(() => run.state().phase === 'paused');
    for (const step of [1, 2, 3, 4]) {
      run.singleStep();
      await until(() => run.state().step === step);
    }
    run.resume();
    await atStep(run, 6);
    await run.pause();
    const paused = run.state().step;
    expect(told.kept?.snapshot.step).toBe(paused);
    run.resume();
    await atStep(run, paused + 2);
    await run.leave(false);
    await run.enter(createTwinRuntime());
    expect(told.steps.slice(0, paused)).toEqual(oneTo(paused));
    await run.ended;
    expect(told.steps).toEqual(oneTo(30));
  });

  it('is stopped while it runs, while it is paused, while it is being prepared, and before', async () => {
    const running = startRun();
    await running.run.enter(createTwinRuntime());
    await atStep(running.run, 5);
    await running.run.stop();
    expect(running.told.steps).toEqual(oneTo(running.run.state().step));
    expect(running.told.ended).toMatchObject([{ record: { status: 'stopped', steps: running.told.steps.length } }]);
    expect(running.told.kept?.snapshot.step).toBe(running.told.steps.length);
    const paused = startRun({ startPaused: true });
    await paused.run.enter(createTwinRuntime());
    const preparing = startRun();
    const ready = preparing.run.enter(createTwinRuntime());
    const before = startRun();
    await Promise.all([paused, preparing, before].map(({ run }) => run.stop()));
    for (const { run, told } of [paused, preparing, before]) {
      await run.stop();
      expect([told.steps, told.ended.map(({ record }) => record.status)]).toEqual([[], ['stopped']]);
      expect(run.status()).toMatchObject({ phase: 'ended', ending: 'stopped', step: 0 });
    }
    await ready;
  });

  it('stays as it ended whatever becomes of devices', async () => {
    const { run, told } = startRun();
    await run.enter(createTwinRuntime());
    await atStep(run, 2);
    run.fail('the device is not to be trusted');
    await run.ended;
    await run.leave(true);
    await run.enter(createTwinRuntime());
    expect(run.status()).toMatchObject({ phase: 'ended', ending: 'failed' });
    expect(told.ended).toHaveLength(1);
  });

  it('goes on in another visit from what was saved, and comes out the same', async () => {
    const whole = await wholeRun();
    const first = startRun();
    await first.run.enter(createTwinRuntime());
    await atStep(first.run, 12);
    const safe = await first.run.save();
    expect(safe).toBeGreaterThanOrEqual(12);
    const { snapshot, record } = first.told.kept!;
    expect([snapshot.step, record.steps]).toEqual([safe, safe]);
    await first.run.leave(false);

    const second = startRun({ snapshot, earlier: record });
    await second.run.enter(createTwinRuntime());
    await second.run.ended;
    expect(second.told.steps).toEqual(oneTo(30).slice(safe));
    expect((await second.run.stateHash()).hash).toBe(whole.hash);
    const filed = second.told.ended[0].record;
    expect(filed).toMatchObject({ id: 'a', status: 'finished', steps: 30, backend: 'cpu', adapter: 'cpu' });
    expect(filed.training.step).toEqual(oneTo(30));
    expect(filed.validation.step).toEqual([10, 20, 30]);
    expect(filed.training.bpc).toEqual(whole.told.ended[0].record.training.bpc);
  });

  it('answers the step that is safe, and not one that could not be stored', async () => {
    let hasRoom = true;
    const { run } = startRun({ startPaused: true }, { save: async () => hasRoom });
    await run.enter(createTwinRuntime());
    run.singleStep();
    await until(() => run.state().step === 1 && run.state().doing === null);
    expect(await run.save()).toBe(1);
    hasRoom = false;
    run.singleStep();
    await until(() => run.state().step === 2 && run.state().doing === null);
    expect(await run.save()).toBe(1);
    hasRoom = true;
    run.singleStep();
    await until(() => run.state().step === 3 && run.state().doing === null);
    expect(await run.save()).toBe(3);
    await run.stop();
  });

  it('saves by itself when its time has come, with nothing in flight', async () => {
    const saved: number[] = [];
    const { run, told } = startRun(
      {},
      {
        saveAfter: () => 5,
        save: async ({ step }, record) => {
          saved.push(step);
          expect(record.steps).toBe(step);
          return true;
        },
      },
    );
    await run.enter(createTwinRuntime());
    await run.ended;
    expect(saved.length).toBeGreaterThan(2);
    expect(saved.at(-1)).toBe(30);
    expect(told.steps).toEqual(oneTo(30));
  });

  it('rests between steps in slow motion, and hears a pause in the middle of it', async () => {
    const { run } = startRun();
    run.setPace(10_000);
    await run.enter(createTwinRuntime());
    await run.pause();
    expect(run.state()).toMatchObject({ phase: 'paused', step: 0 });
    run.setPace(0);
    run.resume();
    await run.ended;
  });
});

describe('a run that diverges', () => {
  const wild = withSettings(experiment, {
    'training.learningRate': 1,
    'training.weightDecay': 10,
    'training.warmupSteps': 10,
    'training.optimizer': 'adamw',
    'training.steps': 400,
  });

  it('says so at the first number that is not finite, and keeps no weight of it', async () => {
    const { run, told } = startRun({ experiment: wild }, { saveAfter: () => 1 });
    await run.enter(createTwinRuntime());
    await run.ended;
    const { step, ending, problem } = run.status();
    expect(ending).toBe('diverged');
    expect(step).toBeLessThan(400);
    expect(problem).toMatch(
      /^training: expected (a )?finite .*, got (NaN|-?Infinity) at step \d+; lower the learning rate/,
    );
    expect(told.errors).toEqual([]);
    const { snapshot } = told.kept!;
    for (const name of ['parameter', 'moment1', 'moment2', 'average'] as const)
      expect(snapshot[name].every(Number.isFinite), name).toBe(true);
    expect(told.ended).toMatchObject([{ record: { status: 'diverged', problem }, last: { step: snapshot.step } }]);
    expect(await hashOfSnapshot(told.ended[0].last!)).toBe(await hashOfSnapshot(snapshot));
    // The curve ends with the last finite loss.
    expect(told.ended[0].record.training.bpc.every(Number.isFinite)).toBe(true);
  });

  it('is seen by the loss or the gradient of the very step, long before anything is saved or validated', async () => {
    const late = withSettings(wild, { 'training.evaluateEvery': 400 });
    const { run, told } = startRun({ experiment: late });
    await run.enter(createTwinRuntime());
    await run.ended;
    const { ending, problem, step } = run.status();
    expect([ending, told.kept, told.validations]).toEqual(['diverged', null, []]);
    expect(problem).toMatch(new RegExp(`expected a finite (loss|gradient norm), got .* at step ${step + 1};`));
    expect(told.ended[0].last).toBe(null);
  });

  it('is seen in the weights where the loss is finite still, and those are not kept', async () => {
    const twins = createTwinRuntime();
    let isPoisoned = false;
    const poisoned: Runtime = {
      ...twins,
      read: async (ranges) => {
        const found = await twins.read(ranges);
        if (isPoisoned) found[0][3] = Number.POSITIVE_INFINITY;
        return found;
      },
    };
    const { run, told } = startRun();
    await run.enter(poisoned);
    await atStep(run, 3);
    const safe = await run.save();
    isPoisoned = true;
    await run.save();
    await run.ended;
    expect(run.status()).toMatchObject({ ending: 'diverged' });
    expect(run.status().problem).toMatch(/^training: expected finite weights, got Infinity at step \d+;/);
    expect(told.kept?.snapshot.step).toBe(safe);
    expect(told.kept?.snapshot.parameter.every(Number.isFinite)).toBe(true);
  });
});

/** A runtime on which every run of a plan fails from some moment on. */
function breaking(runtime: Runtime, isBroken: () => boolean): Runtime {
  return {
    ...runtime,
    compile: async (...args) => {
      const plan = await runtime.compile(...args);
      return {
        ...plan,
        run: async () => {
          if (isBroken()) throw new Error('it broke');
          return plan.run();
        },
      };
    },
  };
}

describe('a step that comes home after the device was lost', () => {
  it('is not told: it comes again', async () => {
    const { run, told } = startRun();
    const late: (() => void)[] = [];
    const twins = createTwinRuntime();
    let isSlow = false;
    await run.enter({
      ...twins,
      compile: async (...args) => {
        const plan = await twins.compile(...args);
        const held = () => new Promise<void>((resolve) => late.push(resolve));
        return { ...plan, run: async () => (isSlow ? held().then(() => plan.run()) : plan.run()) };
      },
    });
    await atStep(run, 4);
    isSlow = true;
    await until(() => late.length > 0);
    await run.leave(false);
    const before = told.steps.length;
    for (const comeHome of late) comeHome();
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(told.steps).toHaveLength(before);
    await run.enter(createTwinRuntime());
    await run.ended;
    expect(told.steps).toEqual(oneTo(30));
  });
});
