/**
 * One whole training step, recorded once, on the GPU and on the twins: after each run every range that a launch writes
 * is compared, in the order of the launches, and the first that differs is named. Floats to 2e-5 of the largest value
 * of their tensor, as for single ops (`tests/ops/case.ts`) but against float64 after the whole chain; words exactly.
 */
import { afterAll, expect, test } from 'vitest';
import { integerAt, streams } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { stepLevels } from '../../src/diffusion/noise.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters, initialParameters } from '../../src/nn/parameters.ts';
import { packHyper } from '../../src/ops/hyper.ts';
import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import { accessOf, type Range, type Storage } from '../../src/runtime/recording.ts';
import type { Data, Plan, Runtime } from '../../src/runtime/runtime.ts';
import { createTuner } from '../../src/runtime/tuner.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { recordTraining } from '../../src/train/recordings.ts';
import { requestTestGpu } from '../support/gpu.ts';

const vocabularySize = 13;
const seed = 3;
const tolerance = 2e-5;

// One runtime for all models, so that they share pipelines: compiling them is what takes the time here.
const errors: string[] = [];
const adapter = await requestAdapter(await requestTestGpu());
const gpu = await createGpuRuntime(adapter, createTuner(), (error) => errors.push(error.message));
afterAll(() => gpu.destroy());

function probe(settings: Record<string, unknown>): Experiment {
  return withSettings(defaultExperiment(), {
    'model.layers': 2,
    'model.width': 20,
    'model.heads': 2,
    'model.initStd': 0.3,
    'model.hiddenWidth': 19,
    'model.experts': 3,
    'model.choices': 2,
    'model.expertWidth': 7,
    'model.balanceLoss': 0.1,
    'data.sequenceLength': 11,
    'training.batchSize': 3,
    'training.seed': seed,
    ...settings,
  });
}

/** Compiles a recording with all its memory kept, and runs it once on the first batch of the seed. */
async function runStep(
  runtime: Runtime,
  experiment: Experiment,
  recorded: ReturnType<typeof recordTraining>,
  parameters: ReturnType<typeof declareParameters>,
): Promise<Plan> {
  const { training, data, model } = experiment;
  const { batchSize: B } = training;
  const T = data.sequenceLength;
  const { inputs } = recorded;
  const whole = (storage: Storage): Range => ({ storage, offset: 0, length: storage.length });
  const initial = initialParameters(parameters.layout, model.layers, model.initStd, seed);
  runtime.write(whole(parameters.parameter), initial);
  runtime.write(whole(parameters.average), initial);
  const levels = stepLevels(experiment, 0);
  // Expert choice on nothing but masks is a tie, decided by rounding (tests/reference/README.md).
  if (model.feedForward === 'expert-choice') expect(Math.max(...levels!.level)).toBeLessThan(T);
  runtime.write(
    inputs.x0,
    Uint32Array.from({ length: B * T }, (_, i) => integerAt(vocabularySize, seed, streams.batch, 0, i)),
  );
  if (levels) {
    runtime.write(inputs.level, levels.level);
    runtime.write(inputs.weight, levels.weight);
  }
  runtime.write(inputs.draw, [seed, 0]);
  // As a step in the middle of a run would have it: no correction so large that it hides the moments.
  const hyper = { learningRate: 0.01, correction1: 1 / (1 - 0.9), correction2: 1 / (1 - 0.95), averageDecay: 0.5 };
  runtime.write(inputs.hyper, packHyper(hyper));
  const plan = await runtime.compile(recorded.recording, { keepAll: true });
  await plan.run();
  return plan;
}

function difference(actual: Data, expected: Data): string | null {
  const isExact = expected instanceof Uint32Array;
  let largest = 0;
  for (const value of expected) if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(value));
  const allowed = isExact ? 0 : tolerance * largest;
  for (let i = 0; i < expected.length; i++) {
    const isEqual = Object.is(actual[i], expected[i]) || Math.abs(actual[i] - expected[i]) <= allowed;
    if (!isEqual) return `[${i}]: expected ${expected[i]} within ${allowed}, got ${actual[i]}`;
  }
  return null;
}

test.each([
  ['dense', { 'model.feedForward': 'dense', 'model.qkNorm': false }],
  ['expert choice', { 'model.feedForward': 'expert-choice', 'model.sharedExperts': 1, 'model.scalingFactor': 2.5 }],
  ['expert choice by masks, first layer dense', { 'model.capacitySchedule': 'linear', 'model.denseLayers': 1 }],
  ['token choice', { 'model.feedForward': 'token-choice', 'model.score': 'sigmoid' }],
  [
    'token choice with a capacity, a bias and all losses',
    {
      'model.feedForward': 'token-choice',
      'model.capacity': 'factor',
      'model.capacityFactor': 0.7,
      'model.dropRule': 'score',
      'model.balanceScope': 'sequence',
      'model.zLoss': 0.1,
      'model.jitter': 0.1,
      'model.biasRate': 0.01,
    },
  ],
  [
    'autoregressive with masked inputs',
    { 'model.feedForward': 'dense', 'objective.kind': 'autoregressive', 'objective.inputMasking': 0.4 },
  ],
  [
    'block diffusion, mean over the masked',
    {
      'model.feedForward': 'token-choice',
      'objective.kind': 'block-diffusion',
      'objective.blockSize': 4,
      'objective.weighting': 'none',
      'data.sequenceLength': 12,
    },
  ],
])(
  'every buffer of a step agrees: %s',
  async (_, settings) => {
    const experiment = probe(settings);
    const parameters = declareParameters(layoutOf(experiment.model, vocabularySize));
    const recorded = recordTraining(experiment, parameters);
    const twins = createTwinRuntime({ bits: 64 });
    const actual = await runStep(gpu, experiment, recorded, parameters);
    const expected = await runStep(twins, experiment, recorded, parameters);

    // Scratch of one launch is its own affair: a twin need not fill it.
    const uses = new Map<Storage, number>();
    const { launches } = recorded.recording;
    for (const { range } of launches.flatMap(accessOf)) uses.set(range.storage, (uses.get(range.storage) ?? 0) + 1);
    const results = new Set([recorded.loss.storage, recorded.total.storage, recorded.graph.taps.get('clip')!.storage]);
    const isScratch = ({ storage }: Range) =>
      storage.lifetime === 'transient' && uses.get(storage) === 1 && !results.has(storage);

    const failures: string[] = [];
    let compared = 0;
    let changing = 0;
    for (const launch of launches) {
      for (const { name, range, writes } of accessOf(launch)) {
        if (!writes || isScratch(range)) continue;
        const values = await expected.read(range);
        const failure = difference(await actual.read(range), values);
        if (failure) failures.push(`${launch.label}, ${name} ${failure}`);
        compared++;
        if (values.some((value) => value !== values[0])) changing++;
      }
    }
    // The first is what to look at; the rest follow from it.
    expect(failures.slice(0, 9)).toEqual([]);
    expect(errors).toEqual([]);
    expect(compared).toBeGreaterThanOrEqual(launches.length);
    expect(changing / compared, 'share of buffers that hold more than one value').toBeGreaterThan(0.8);
    actual.destroy();
  },
  180_000,
);
