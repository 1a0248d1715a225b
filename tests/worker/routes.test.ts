/** What the *Routing* view is told: whose load is whose, whatever the gates, and what is masked. */
import { expect, test } from 'vitest';
import type { LayerDecision } from '../../src/model/forwardPass.ts';
import { modelOfWeights } from '../../src/model/model.ts';
import { blockKey, layoutOf } from '../../src/nn/layout.ts';
import { initialParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import type { RouteReport } from '../../src/worker/protocol.ts';
import { loadOf, routesOf } from '../../src/worker/routes.ts';
import { tinyExperiment, tinyText } from '../support/tinyRun.ts';

/** Tokens of each (layer, expert), counted one by one. */
function countedLoad({ chosen, layers, experts, tokens }: RouteReport): number[][] {
  return layers.map((_, layer) =>
    Array.from({ length: experts }, (_, expert) => {
      let count = 0;
      for (let token = 0; token < tokens.length; token++)
        count += chosen[(layer * tokens.length + token) * experts + expert];
      return count;
    }),
  );
}

test('load goes to the expert that holds the token, whatever its gate', () => {
  const decision = (layer: number, chosen: number[], gates: number[]): LayerDecision => ({
    layer,
    scores: new Float32Array(chosen.length),
    gates: Float32Array.from(gates),
    chosen: Uint8Array.from(chosen),
    dropped: new Uint8Array(chosen.length),
    experts: 2,
  });
  const { load, maxVio } = loadOf(
    [
      // Three tokens, two experts: both, the first, the first, once with a gate that float32 makes 0.
      decision(1, [1, 1, 1, 0, 1, 0], [0.5, 0.5, 0, 0, 1, 0]),
      decision(2, [0, 1, 0, 1, 0, 1], [0, 0, 0, 1, 0, 1]),
    ],
    2,
  );
  expect([...load]).toEqual([3, 1, 0, 3]);
  expect([...maxVio]).toEqual([0.5, 1]);
});

/** A model of two layers whose routers are so sure that most scores are 0 or 1 in float32. */
function sureModel() {
  const experiment = tinyExperiment({
    'model.layers': 2,
    'model.feedForward': 'token-choice',
    'model.choices': 2,
    'model.score': 'sigmoid',
    'model.gate': 'scores',
  });
  const { tokenizer } = tinyText(experiment);
  const layout = layoutOf(experiment.model, tokenizer.vocabularySize);
  const weights = initialParameters(layout, 2, 0.3, 1);
  for (const layer of [0, 1]) {
    const { offset, shape } = layout.blocks.get(blockKey(layer, 'router'))!;
    const end = offset + shape.reduce((size, axis) => size * axis, 1);
    for (let i = offset; i < end; i++) weights[i] *= 1000;
  }
  return { model: modelOfWeights(createTwinRuntime(), experiment, tokenizer, weights), experiment };
}

const request = { model: 'run:a', text: 'the quick brown ', maskRatio: 0.4, seed: 3 } as const;

test('every token counts for both experts that it chose, though gates are 0', async () => {
  const { model } = sureModel();
  const report = await routesOf(model, request, new Uint32Array());
  const T = report.tokens.length;
  expect(T).toBe(16);
  const ofGateZero = report.chosen.filter((isChosen, at) => isChosen === 1 && report.gates[at] === 0);
  expect(ofGateZero.length).toBeGreaterThan(0);
  const counted = countedLoad(report);
  expect([...report.load]).toEqual(counted.flat());
  for (const layer of counted) {
    expect(layer.reduce((sum, count) => sum + count)).toBe(2 * T);
    // Otherwise an exchange of experts would not show.
    expect(new Set(layer).size).toBeGreaterThan(2);
  }
  expect([...report.maxVio]).toEqual(counted.map((layer) => expect.closeTo(Math.max(...layer) / (T / 2) - 1, 6)));
});

test('the experts of a token are those of its two largest scores', async () => {
  const { model } = sureModel();
  const { scores, chosen, experts } = await routesOf(model, request, new Uint32Array());
  for (let start = 0; start < scores.length; start += experts) {
    const row = [...scores.subarray(start, start + experts)];
    const order = [0, 1, 2, 3].sort((a, b) => row[b] - row[a] || a - b);
    const held = [...chosen.subarray(start, start + experts)].flatMap((isChosen, expert) => (isChosen ? [expert] : []));
    expect(held).toEqual(order.slice(0, 2).sort((a, b) => a - b));
  }
});

test('what is masked is read as masked', async () => {
  const { model } = sureModel();
  const { tokens, masked } = await routesOf(model, request, new Uint32Array());
  expect([...masked]).toEqual(Array.from(tokens, (token) => Number(token === model.maskId)));
  const share = masked.reduce((sum, one) => sum + one, 0);
  expect(share).toBeGreaterThan(0);
  expect(share).toBeLessThan(16);
  expect((await routesOf(model, { ...request, maskRatio: 0 }, new Uint32Array())).masked).not.toContain(1);
});
