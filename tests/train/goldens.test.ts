/**
 * The whole model against an independent PyTorch reference in float64: logits, routes, loss, every gradient, and the
 * weights after some steps of a trainer (tests/reference/README.md says what the files hold).
 *
 * Tolerances are relative to the largest value of a kind, as every tensor of a kind is made of the same sums. 1e-5 in
 * float32: a perturbation of the weights by their rounding moves gradients and weights by up to 4e-6 (README, "Tolerances").
 * 3e-7 in float64: the files hold float32, whose rounding is 6e-8; the rest is the order of sums, and AdamW's division.
 */
import { afterAll, expect, test } from 'vitest';
import { perAnswerToken } from '../../src/diffusion/noise.ts';
import { layoutOf, partsOf } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { requestAdapter } from '../../src/runtime/device.ts';
import { createGpuRuntime } from '../../src/runtime/gpuRuntime.ts';
import type { Range, Storage } from '../../src/runtime/recording.ts';
import type { Data, Runtime } from '../../src/runtime/runtime.ts';
import { createTuner } from '../../src/runtime/tuner.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { sizeOf } from '../../src/tensor/tensor.ts';
import { recordTraining } from '../../src/train/recordings.ts';
import { createTrainer, type StepReport } from '../../src/train/trainer.ts';
import { forwardValues } from '../support/goldenForward.ts';
import { type Golden, readGoldens } from '../support/goldens.ts';
import { requestTestGpu } from '../support/gpu.ts';

const goldens = readGoldens();
const whole = (storage: Storage): Range => ({ storage, offset: 0, length: storage.length });

/** Runs the golden's problem and answers every tensor that the file states, under its names. */
async function compute(golden: Golden, runtime: Runtime): Promise<Map<string, Data | number[]>> {
  const { experiment, vocabularySize } = golden;
  const { training, data, model } = experiment;
  const computed = new Map<string, Data | number[]>();
  const layout = layoutOf(model, vocabularySize);
  const parts = partsOf(layout);
  const parameters = declareParameters(layout);
  const initial = new Array<number>(layout.length).fill(0);
  for (const { name, offset } of parts) {
    golden.tensor(`param.${name}`).forEach((value, index) => {
      initial[offset + index] = value;
    });
  }
  runtime.write(whole(parameters.parameter), initial);
  runtime.write(whole(parameters.average), initial);

  const xt = golden.tensor('input.xt');
  for (const [name, values] of await forwardValues(golden, runtime, parameters)) computed.set(name, values);

  const recorded = recordTraining(experiment, parameters, { given: true });
  const plan = await runtime.compile(recorded.recording, { report: [recorded.loss, recorded.total] });
  const x0 = Uint32Array.from(golden.tensor('input.x0'));
  const T = data.sequenceLength;
  const starts = golden.names.includes('input.answerStart')
    ? Uint32Array.from(golden.tensor('input.answerStart'))
    : null;
  const perToken = (weight: number, b: number) => (starts ? perAnswerToken(weight, T - starts[b], T) : weight);
  const weight = golden.tensor('input.weight').map(perToken);
  const maskKey = recorded.maskKey && xt.map((token) => (token === vocabularySize ? 0 : 1));
  runtime.write(recorded.inputs.x0, x0);
  runtime.write(recorded.inputs.weight, weight);
  runtime.write(recorded.inputs.draw, [training.seed, 0]);
  runtime.write(recorded.xt, xt);
  if (recorded.maskKey && maskKey) runtime.write(recorded.maskKey, maskKey);
  const split = (prefix: string, flat: Data) => {
    for (const { name, shape, offset } of parts)
      computed.set(`${prefix}.${name}`, flat.subarray(offset, offset + sizeOf(shape)));
  };
  const [loss, total] = await plan.run();
  computed.set('loss', total);
  computed.set('loss.balance', [total[0] - loss[0]]);
  const [gradient] = await runtime.read([whole(parameters.gradient)]);
  split('grad', gradient);
  plan.destroy();
  runtime.release(Object.values(parameters).filter((value): value is Storage => 'lifetime' in value));

  // The steps as runs take them: the trainer counts them, and gives the optimizers their numbers.
  const given = { xt, maskKey, weight };
  const initialWeights = Float32Array.from(initial);
  const trainer = await createTrainer(runtime, experiment, vocabularySize, undefined, initialWeights, given);
  const reports: StepReport[] = [];
  while (trainer.step < training.steps) reports.push(await trainer.advance(x0, starts ?? undefined));
  // The step and its report are those whose loss and gradient were compared.
  expect(reports.map(({ step }) => step)).toEqual(reports.map((_, index) => index + 1));
  expect(reports[0].loss / loss[0]).toBeCloseTo(1, 6);
  expect(reports[0].gradNorm / Math.hypot(...gradient)).toBeCloseTo(1, 6);
  const { parameter, average } = await trainer.snapshot();
  split('after', parameter);
  split('ema', average);
  trainer.destroy();
  return computed;
}

/** Every tensor that differs, as a sentence. Which kinds there are, and that none is missing, comes from the file. */
async function differences(golden: Golden, runtime: Runtime, tolerance: number): Promise<string[]> {
  const computed = await compute(golden, runtime);
  const stated = golden.names.filter((name) => !/^(param|input)\./.test(name));
  expect([...computed.keys()].sort()).toEqual([...stated].sort());
  const kindOf = (name: string) => name.split('.')[0];
  const largest = new Map<string, number>();
  for (const name of stated) {
    const most = golden.tensor(name).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    largest.set(kindOf(name), Math.max(largest.get(kindOf(name)) ?? 0, most));
  }
  const failures: string[] = [];
  for (const name of stated) {
    const expected = golden.tensor(name);
    const actual = computed.get(name)!;
    expect(actual.length, name).toBe(expected.length);
    const allowed = tolerance * largest.get(kindOf(name))!;
    let worst = 0;
    for (let i = 0; i < expected.length; i++) {
      if (!(Math.abs(actual[i] - expected[i]) <= Math.abs(actual[worst] - expected[worst]))) worst = i;
    }
    if (!(Math.abs(actual[worst] - expected[worst]) <= allowed)) {
      failures.push(`${name}[${worst}]: expected ${expected[worst]} within ${allowed}, got ${actual[worst]}`);
    }
  }
  return failures;
}

test('there are goldens of every kind of feed-forward', () => {
  const kinds = new Set(goldens.map(({ experiment }) => experiment.model.feedForward));
  expect([...kinds].sort()).toEqual(['dense', 'expert-choice', 'token-choice']);
});

test.each(goldens.map((golden) => [golden.name, golden] as const))('%s on float64 twins', async (_, golden) => {
  expect(await differences(golden, createTwinRuntime({ bits: 64 }), 3e-7)).toEqual([]);
});

test.each(goldens.map((golden) => [golden.name, golden] as const))('%s on float32 twins', async (_, golden) => {
  expect(await differences(golden, createTwinRuntime(), 1e-5)).toEqual([]);
});

// One of each feed-forward and of each objective on the GPU, with one runtime and so one set of pipelines: a software
// adapter compiles for seconds what it runs in milliseconds.
const errors: string[] = [];
const adapter = await requestAdapter(await requestTestGpu());
const gpu = await createGpuRuntime(adapter, createTuner(), (error) => errors.push(error.message));
afterAll(() => gpu.destroy());
const onGpu = [
  'dense-qk-norm',
  'expert-choice-sigmoid-renormalised-shared',
  'token-choice-2-sigmoid-renormalised-shared',
  'autoregressive-dense',
  'block-diffusion-dense',
];

test('goldens of every feed-forward and of every objective run on the GPU', () => {
  const kindsOf = (some: readonly Golden[], kind: (golden: Golden) => string) => [...new Set(some.map(kind))].sort();
  const chosen = goldens.filter(({ name }) => onGpu.includes(name));
  expect(chosen).toHaveLength(onGpu.length);
  for (const kind of [
    ({ experiment }: Golden) => experiment.model.feedForward,
    ({ experiment }: Golden) => experiment.objective.kind,
  ]) {
    expect(kindsOf(chosen, kind)).toEqual(kindsOf(goldens, kind));
  }
});

test.each(onGpu)(
  '%s on the GPU',
  async (name) => {
    const golden = goldens.find((golden) => golden.name === name)!;
    expect(await differences(golden, gpu, 1e-5)).toEqual([]);
    expect(errors).toEqual([]);
  },
  120_000,
);
