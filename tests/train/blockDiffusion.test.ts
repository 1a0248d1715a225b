/** Block diffusion between its two ends: blocks of one token are an autoregressive model, the window is masked diffusion. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerAt } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { drawTimes } from '../../src/diffusion/noise.ts';
import { createForwardPass } from '../../src/model/forwardPass.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters, initialParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';
import { createTrainer } from '../../src/train/trainer.ts';

const V = 7;
const T = 6;

function probe(settings: Record<string, unknown> = {}): Experiment {
  return withSettings(defaultExperiment(), {
    'model.layers': 2,
    'model.width': 8,
    'model.heads': 2,
    'model.feedForward': 'dense',
    'model.hiddenWidth': 9,
    'model.initStd': 0.5,
    'objective.kind': 'block-diffusion',
    'objective.blockSize': 3,
    'data.sequenceLength': T,
    'training.batchSize': 3,
    'training.learningRate': 0.01,
    'training.steps': 10,
    ...settings,
  });
}

async function modelOf(experiment: Experiment, B: number) {
  const runtime = createTwinRuntime({ bits: 64 });
  const layout = layoutOf(experiment.model, V);
  const parameters = declareParameters(layout);
  const weights = initialParameters(layout, experiment.model.layers, experiment.model.initStd, 4);
  runtime.write({ storage: parameters.average, offset: 0, length: layout.length }, weights);
  return { runtime, parameters, pass: await createForwardPass(runtime, experiment, parameters, { B, T }) };
}

const windowsOf = (B: number) => Uint32Array.from({ length: B * T }, (_, i) => integerAt(V, 3, 2, 0, i));

/** -log p of `token` in a row of logits without the mask's column, in bits. */
function bitsOf(logits: Float32Array, row: number, token: number): number {
  const values = Array.from(logits.subarray(row * (V + 1), row * (V + 1) + V));
  return (Math.log(values.reduce((sum, value) => sum + Math.exp(value), 0)) - values[token]) / Math.LN2;
}

test('blocks of one token: the bound is the exact likelihood of a model that reads from left to right', async () => {
  const experiment = probe({ 'objective.blockSize': 1 });
  const B = 4;
  const { runtime, parameters, pass } = await modelOf(experiment, B);
  const windows = windowsOf(B);
  let bits = 0;
  for (let at = 0; at < T; at++) {
    const known = windows.map((token, n) => (n % T < at ? token : V));
    const { logits } = await pass.run(known);
    for (let b = 0; b < B; b++) bits += bitsOf(logits, b * T + at, windows[b * T + at]);
  }
  const evaluator = await createEvaluator(runtime, experiment, parameters, 3);
  for (const rounds of [1, 3]) {
    const { bpc } = await evaluator.evaluate(windows, { rounds, tokensPerCharacter: 1 });
    expect(bpc).toBeCloseTo(bits / (B * T), 9);
  }
});

test('blocks of one token: every step is the same whatever masks are drawn, as there is one way to mask a block', async () => {
  const losses = new Set<number>();
  for (const timeSampling of ['uniform', 'antithetic', 'shared']) {
    const experiment = probe({ 'objective.blockSize': 1, 'objective.timeSampling': timeSampling });
    const trainer = await createTrainer(createTwinRuntime({ bits: 64 }), experiment, V);
    losses.add((await trainer.advance(windowsOf(3))).loss);
  }
  expect(losses.size).toBe(1);
});

test('a block as long as the window is masked diffusion, bit for bit', async () => {
  const hashes: string[] = [];
  const bounds: number[] = [];
  for (const settings of [{ 'objective.blockSize': T }, { 'objective.kind': 'diffusion' }]) {
    const experiment = probe({
      ...settings,
      'model.feedForward': 'expert-choice',
      'model.experts': 3,
      'model.choices': 1,
    });
    const runtime = createTwinRuntime();
    const trainer = await createTrainer(runtime, experiment, V);
    for (let step = 0; step < 3; step++) await trainer.advance(windowsOf(3));
    hashes.push(await trainer.stateHash());
    const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, 2);
    bounds.push((await evaluator.evaluate(windowsOf(5), { rounds: 2, tokensPerCharacter: 1 })).bpc);
  }
  expect(hashes[0]).toBe(hashes[1]);
  expect(bounds[0]).toBe(bounds[1]);
});

test.each(['dense', 'token-choice'])('%s: a block reads nothing of the blocks after it', async (feedForward) => {
  const { pass } = await modelOf(probe({ 'model.feedForward': feedForward, 'model.experts': 3 }), 1);
  const token = fc.integer({ min: 0, max: V });
  const window = fc.array(token, { minLength: T, maxLength: T });
  await fc.assert(
    fc.asyncProperty(window, window, async (before, other) => {
      const rows = (tokens: number[]) =>
        pass.run(Uint32Array.from(tokens)).then(({ logits }) => logits.slice(0, 3 * (V + 1)));
      expect(await rows(before.map((id, i) => (i < 3 ? id : other[i])))).toEqual(await rows(before));
    }),
    { numRuns: 25 },
  );
});

test('no block of a window has a stratum of its own: each sees all mask levels over the steps', () => {
  const [B, blocks] = [2, 4];
  for (const sampling of ['uniform', 'antithetic', 'shared'] as const) {
    const byBlock = Array.from({ length: blocks }, () => new Array<number>(4).fill(0));
    for (let step = 0; step < 400; step++) {
      const times = drawTimes(sampling, B, 5, step, blocks);
      expect(times).toHaveLength(B * blocks);
      if (sampling === 'antithetic') {
        const strata = times.map((t) => Math.floor(t * B * blocks + 1e-12)).sort((a, b) => a - b);
        expect(strata).toEqual(Array.from({ length: B * blocks }, (_, i) => i));
      }
      for (const [sample, t] of times.entries()) byBlock[sample % blocks][Math.floor(4 * t)]++;
    }
    // 200 of 800 expected in each quarter; 5 standard deviations of independent draws are 61.
    for (const quarters of byBlock) for (const count of quarters) expect(Math.abs(count - 200)).toBeLessThan(61);
  }
});

test('a block size that does not divide the window, and routers that read later blocks, are refused', () => {
  expect(() => probe({ 'objective.blockSize': 4 })).toThrow(
    'objective.blockSize: expected a divisor of data.sequenceLength (6), got 4',
  );
  expect(() => probe({ 'model.feedForward': 'expert-choice' })).toThrow(/^model\.feedForward: .* read the future/);
  expect(() => probe({ 'model.feedForward': 'token-choice', 'model.capacity': 'factor' })).toThrow(
    /^model\.capacity: expected "dropless" .* got "factor"$/,
  );
});
