/** What makes an autoregressive model one: no token reads itself or a later one, and its likelihood is exact. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { integerAt } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { characterTokenizer } from '../../src/data/tokenizers.ts';
import { createForwardPass } from '../../src/model/forwardPass.ts';
import { modelOfWeights, promptTokens } from '../../src/model/model.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters, initialParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';

const V = 7;
const T = 6;

function probe(settings: Record<string, unknown> = {}): Experiment {
  return withSettings(defaultExperiment(), {
    'model.layers': 2,
    'model.width': 8,
    'model.heads': 2,
    'model.feedForward': 'dense',
    'model.hiddenWidth': 9,
    'model.experts': 3,
    'model.choices': 1,
    'model.expertWidth': 5,
    'model.gate': 'scores',
    'model.initStd': 0.5,
    'objective.kind': 'autoregressive',
    'data.sequenceLength': T,
    'training.batchSize': 3,
    ...settings,
  });
}

function weightsOf({ model }: Experiment) {
  const layout = layoutOf(model, V);
  return { layout, weights: initialParameters(layout, model.layers, model.initStd, 4) };
}

async function forwardOf(experiment: Experiment, B = 1) {
  const runtime = createTwinRuntime({ bits: 64 });
  const { layout, weights } = weightsOf(experiment);
  const parameters = declareParameters(layout);
  runtime.write({ storage: parameters.average, offset: 0, length: layout.length }, weights);
  return { runtime, parameters, pass: await createForwardPass(runtime, experiment, parameters, { B, T }) };
}

test.each(['dense', 'token-choice'])(
  '%s: the logits of token i do not depend on token i or those after it',
  async (feedForward) => {
    const { pass } = await forwardOf(probe({ 'model.feedForward': feedForward }));
    const token = fc.integer({ min: 0, max: V - 1 });
    const window = fc.array(token, { minLength: T, maxLength: T });
    await fc.assert(
      fc.asyncProperty(window, window, fc.nat(T - 1), async (before, other, at) => {
        const changed = before.map((id, position) => (position < at ? id : other[position]));
        const one = (await pass.run(Uint32Array.from(before))).logits.slice(0, (at + 1) * (V + 1));
        const two = (await pass.run(Uint32Array.from(changed))).logits.slice(0, (at + 1) * (V + 1));
        expect(two).toEqual(one);
      }),
      { numRuns: 25 },
    );
  },
);

test('experts that choose tokens read the future: refused, unless asked for by name, and then it shows', async () => {
  expect(() => probe({ 'model.feedForward': 'expert-choice' })).toThrow(/^model\.feedForward: .* read the future/);
  const leaky = probe({ 'model.feedForward': 'expert-choice', 'model.futureLeak': true });
  const { pass } = await forwardOf(leaky);
  const tokens = Uint32Array.from({ length: T }, (_, i) => i % V);
  const firstRows = new Set<string>();
  for (let last = 0; last < V; last++) {
    tokens[T - 2] = last;
    firstRows.add((await pass.run(tokens)).logits.slice(0, V + 1).join());
  }
  expect(firstRows.size, 'the first prediction depends on the last tokens').toBeGreaterThan(1);
});

test('evaluation is the exact likelihood: the log-probabilities of the forward pass, whatever the rounds', async () => {
  const experiment = probe();
  const B = 5;
  const { runtime, parameters, pass } = await forwardOf(experiment, B);
  const windows = Uint32Array.from({ length: B * T }, (_, i) => integerAt(V, 3, 2, 0, i));
  const { logits } = await pass.run(windows);
  const costs = Array.from({ length: B }, (_, b) => {
    let nats = 0;
    for (let n = b * T; n < (b + 1) * T; n++) {
      const row = Array.from(logits.subarray(n * (V + 1), n * (V + 1) + V));
      nats += Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[windows[n]];
    }
    return nats / Math.LN2 / T;
  });
  const mean = costs.reduce((sum, cost) => sum + cost, 0) / B;
  const deviation = Math.sqrt(costs.reduce((sum, cost) => sum + (cost - mean) ** 2, 0) / (B - 1));
  const evaluator = await createEvaluator(runtime, experiment, parameters, 3);
  for (const rounds of [1, 4]) {
    const { bpc, standardError } = await evaluator.evaluate(windows, { rounds, tokensPerCharacter: 1 });
    expect(bpc).toBeCloseTo(mean, 9);
    expect(standardError).toBeCloseTo(deviation / Math.sqrt(B), 9);
  }
});

test('a prompt is continued as it is: it has no holes', () => {
  const experiment = probe();
  const modelWith = (characters: string) =>
    modelOfWeights(createTwinRuntime(), experiment, characterTokenizer([...characters]), weightsOf(experiment).weights);
  const model = modelWith('abcdefg');
  expect([...promptTokens(model, 'ab', 4)]).toEqual([0, 1, V, V]);
  expect([...promptTokens(modelWith('ab_\\efg'), 'a\\_b', 6)]).toEqual([0, 3, 2, 1, V, V]);
  expect(() => promptTokens(model, 'a_b', 4)).toThrow(
    'prompt: expected characters that the model knows (it continues the prompt as it is, without holes), got "_" (U+005F) as character 2',
  );
});
