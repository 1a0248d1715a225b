/** One seed gives one run, bit for bit, on one adapter; and a run that was put down and taken up again is the same run. */
import { expect, test } from 'vitest';
import { integerAt, streams } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Setting } from '../../src/config/settings.ts';
import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import type { Runtime } from '../../src/runtime/runtime.ts';
import { createTuner } from '../../src/runtime/tuner.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createTrainer, type Trainer } from '../../src/train/trainer.ts';
import { requestTestGpu } from '../support/gpu.ts';

const vocabularySize = 11;
const B = 3;
const T = 9;

function experimentOf(seed: number, feedForward = 'expert-choice', more: Readonly<Record<string, Setting>> = {}) {
  return withSettings(defaultExperiment(), {
    'model.layers': 1,
    'model.width': 12,
    'model.heads': 3,
    'model.feedForward': feedForward,
    'model.hiddenWidth': 19,
    'model.experts': 3,
    'model.expertWidth': 7,
    'data.sequenceLength': T,
    'training.batchSize': B,
    'training.steps': 50,
    'training.warmupSteps': 5,
    'training.learningRate': 0.01,
    'training.seed': seed,
    ...more,
  });
}

const batchAt = (step: number) =>
  Uint32Array.from({ length: B * T }, (_, index) => integerAt(vocabularySize, 77, streams.batch, step, index));

async function advance(trainer: Trainer, until: number): Promise<number[]> {
  const losses: number[] = [];
  while (trainer.step < until) losses.push((await trainer.advance(batchAt(trainer.step))).loss);
  return losses;
}

/** Hash of the state after 50 steps of a fresh run. */
async function hashAfter(runtime: Runtime, seed: number, feedForward?: string): Promise<string> {
  const trainer = await createTrainer(runtime, experimentOf(seed, feedForward), vocabularySize);
  const losses = await advance(trainer, 50);
  expect(losses.every(Number.isFinite)).toBe(true);
  const hash = await trainer.stateHash();
  trainer.destroy();
  return hash;
}

async function checkSeeds(runtime: Runtime, feedForward?: string): Promise<void> {
  const first = await hashAfter(runtime, 1, feedForward);
  expect(first).toMatch(/^[0-9a-f]{64}$/);
  expect(await hashAfter(runtime, 1, feedForward)).toBe(first);
  expect(await hashAfter(runtime, 2, feedForward)).not.toBe(first);
}

/** 20 steps in one go, and 10, a snapshot, a new trainer, and 10. */
async function checkResume(runtime: Runtime, more: Readonly<Record<string, Setting>> = {}): Promise<void> {
  const experiment = experimentOf(4, 'expert-choice', more);
  const straight = await createTrainer(runtime, experiment, vocabularySize);
  const losses = await advance(straight, 20);
  const first = await createTrainer(runtime, experiment, vocabularySize);
  await advance(first, 10);
  const snapshot = await first.snapshot();
  expect(snapshot.step).toBe(10);
  first.destroy();
  const second = await createTrainer(runtime, experiment, vocabularySize);
  const fresh = await second.stateHash();
  second.restore(snapshot);
  expect(second.step).toBe(10);
  expect(await second.stateHash()).not.toBe(fresh);
  expect(await advance(second, 20)).toEqual(losses.slice(10));
  expect(await second.stateHash()).toBe(await straight.stateHash());
  straight.destroy();
  second.destroy();
}

test.each(['dense', 'expert-choice', 'token-choice'])('twins, %s: one seed, one state', (feedForward) =>
  checkSeeds(createTwinRuntime(), feedForward),
);

test('twins: a run goes on from a snapshot as if it had not stopped', () => checkResume(createTwinRuntime()));

test('twins, Muon and dropout: a run goes on from a snapshot as if it had not stopped', () =>
  checkResume(createTwinRuntime(), { 'training.optimizer': 'muon', 'model.dropout': 0.2 }));

test('GPU: one seed, one state; and a run goes on from a snapshot as if it had not stopped', async () => {
  const errors: string[] = [];
  const adapter = await requestAdapter(await requestTestGpu());
  const runtime = await createGpuRuntime(adapter, createTuner(), (error) => errors.push(error.message));
  await checkSeeds(runtime);
  await checkResume(runtime);
  expect(errors).toEqual([]);
  runtime.destroy();
}, 180_000);

test('a batch in flight changes nothing: three steps at a time reach the state of one at a time', async () => {
  const runtime = createTwinRuntime();
  const single = await createTrainer(runtime, experimentOf(6), vocabularySize);
  await advance(single, 9);
  const overlapped = await createTrainer(runtime, experimentOf(6), vocabularySize);
  for (let step = 0; step < 9; step += 3)
    await Promise.all([0, 1, 2].map((ahead) => overlapped.advance(batchAt(step + ahead))));
  expect(await overlapped.stateHash()).toBe(await single.stateHash());
});
