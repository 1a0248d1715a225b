/** The cost of interventions against the evaluator's loss, a plain computation, and what must be exactly zero. */
import { describe, expect, test } from 'vitest';
import { parseIntervention } from '../../src/config/interventions.ts';
import { expertCosts, lossSamples, pairedLoss, windowLosses } from '../../src/lab/ablation.ts';
import { samplesOf } from '../../src/lab/samples.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { variantPass } from '../../src/model/variant.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';
import { heldOut } from '../../src/train/text.ts';
import { range, tinyModel } from './routing/recorded.ts';

const W = 6;

function prepared(settings: Record<string, string | number> = {}, rounds = 4) {
  const tiny = tinyModel(settings);
  const { experiment, text, model } = tiny;
  const held = heldOut(text, W);
  const { maskId } = model;
  const samples = lossSamples(samplesOf(experiment, held, { maskId, rounds, seed: 1 }), maskId + 1, held);
  const networkOf = (...interventions: string[]) =>
    variantPass(
      model,
      interventions.map((one) => parseIntervention(one, 'x')),
      2,
      16,
    );
  return { ...tiny, held, samples, networkOf };
}

/** The evaluator's estimate, with masks of its own. */
async function evaluated({ experiment, text, weights, held }: ReturnType<typeof prepared>, rounds: number) {
  const runtime = createTwinRuntime();
  const parameters = declareParameters(layoutOf(experiment.model, text.tokenizer.vocabularySize));
  runtime.write({ storage: parameters.average, offset: 0, length: parameters.average.length }, weights);
  const evaluator = await createEvaluator(runtime, experiment, parameters, 2);
  return evaluator.evaluate(held.windows, { rounds, tokensPerCharacter: 1 });
}

describe('the loss', () => {
  test('of an autoregressive model is the exact one of the evaluator', async () => {
    const given = prepared({ 'objective.kind': 'autoregressive', 'model.feedForward': 'token-choice' });
    const losses = await windowLosses(await given.networkOf(), given.samples);
    const { without } = pairedLoss(losses, losses, given.samples);
    const { bpc, standardError } = await evaluated(given, 1);
    expect(without.value).toBeCloseTo(bpc, 5);
    expect(without.standardError).toBeCloseTo(standardError, 5);
  });

  test.each([
    ['masked diffusion', {}],
    [
      'block diffusion',
      { 'objective.kind': 'block-diffusion', 'objective.blockSize': 8, 'model.feedForward': 'token-choice' },
    ],
  ])('of %s is the bound of the evaluator, up to which masks were drawn', async (_, settings) => {
    const given = prepared(settings, 48);
    const losses = await windowLosses(await given.networkOf(), given.samples);
    const { without } = pairedLoss(losses, losses, given.samples);
    const { bpc } = await evaluated(given, 48);
    // Both draw masks of their own: 288 samples each.
    expect(Math.abs(without.value - bpc)).toBeLessThan(0.08);
    expect(bpc).toBeGreaterThan(3);
  });

  test('is the mean over the masked positions of a window, over its levels', async () => {
    const { model, samples } = prepared({}, 2);
    const pass = await model.forward(1, 16);
    const plain = new Float64Array(W);
    for (const { xt, x0, masked, window } of samples.samples) {
      const { logits } = await pass.run(xt);
      const masks = range(16).filter((n) => masked[n]);
      const nats = masks.map((n) => {
        const row = [...logits.subarray(n * samples.columns, (n + 1) * samples.columns - 1)];
        return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[x0[n]];
      });
      plain[window] += nats.reduce((sum, value) => sum + value, 0) / masks.length / 2;
    }
    const told: number[][] = [];
    const found = await windowLosses(await model.forward(2, 16), samples, (...progress) => void told.push(progress));
    expect([...found]).toEqual([...plain].map((loss) => expect.closeTo(loss, 10)));
    expect(told).toEqual(range(W).map((call) => [2 * call + 2, 2 * W]));
  });
});

describe('the cost', () => {
  test('of nothing is exactly zero, and its error too', async () => {
    const { samples, networkOf } = prepared();
    const without = await windowLosses(await networkOf(), samples);
    const same = await windowLosses(await networkOf('clamp:0.1=1'), samples);
    expect(pairedLoss(without, same, samples).difference).toEqual({ value: 0, standardError: 0 });
  });

  test('is the mean of the differences of windows, and surer than the losses', async () => {
    const { samples, networkOf } = prepared();
    const without = await windowLosses(await networkOf(), samples);
    const changed = await windowLosses(await networkOf('ablate:0.1'), samples);
    const cost = pairedLoss(without, changed, { tokensPerCharacter: 0.5 });
    const differences = range(W).map((w) => ((changed[w] - without[w]) * 0.5) / Math.LN2);
    const mean = differences.reduce((sum, value) => sum + value, 0) / W;
    const squares = differences.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    expect(cost.difference.value).toBeCloseTo(mean, 10);
    expect(cost.difference.standardError).toBeCloseTo(Math.sqrt(squares / (W - 1) / W), 10);
    expect(cost.with.value - cost.without.value).toBeCloseTo(mean, 10);
    expect(mean).not.toBe(0);
    expect(cost.difference.standardError).toBeLessThan(cost.without.standardError);
  });

  test('of every expert of a layer is that of taking it away alone, told as it comes', async () => {
    const { samples, networkOf } = prepared({ 'model.feedForward': 'token-choice' }, 2);
    const heard: number[] = [];
    const progress: number[][] = [];
    const costs = await expertCosts((e) => (e === null ? networkOf() : networkOf(`ablate:1.${e}`)), 4, samples, {
      onProgress: (...told) => void progress.push(told),
      onCost: (expert) => void heard.push(expert),
    });
    expect(heard).toEqual([0, 1, 2, 3]);
    expect(progress.map(([done]) => done)).toEqual(range(30).map((call) => 2 * call + 2));
    expect(progress.every(([, of]) => of === 60)).toBe(true);
    const without = await windowLosses(await networkOf(), samples);
    for (const e of range(4)) {
      const changed = await windowLosses(await networkOf(`ablate:1.${e}`), samples);
      expect(costs[e]).toEqual(pairedLoss(without, changed, samples));
    }
    expect(new Set(costs.map(({ difference }) => difference.value)).size).toBe(4);
  });

  test('ends where progress throws', async () => {
    const { samples, networkOf } = prepared();
    let calls = 0;
    const stop = () => {
      if (++calls === 3) throw new Error('enough');
    };
    await expect(expertCosts(() => networkOf(), 4, samples, { onProgress: stop })).rejects.toThrow('enough');
    expect(calls).toBe(3);
  });
});

test('keeping one of two experts is ablating the other', async () => {
  const { samples, experiment, text, weights } = prepared({ 'model.experts': 2, 'model.choices': 2 });
  const model = modelOfWeights(createTwinRuntime(), experiment, text.tokenizer, weights);
  const both = await variantPass(model, [parseIntervention('experts:0=0', 'x')], 2, 16);
  const one = await windowLosses(both, samples);
  const other = await windowLosses(await variantPass(model, [parseIntervention('ablate:0.1', 'x')], 2, 16), samples);
  expect(one).toEqual(other);
});
