/**
 * Probes against a plain count of what was recorded: first on routings made of given scores, then on a whole step of
 * training against the routes that a forward pass of the same batch tells.
 */
import { describe, expect, test } from 'vitest';
import { KernelError } from '../../src/base/errors.ts';
import { integerAt } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { createForwardPass } from '../../src/model/forwardPass.ts';
import { dropsProbe } from '../../src/model/probes/drops.ts';
import { gradientNormProbe } from '../../src/model/probes/gradientNorm.ts';
import { loadProbe, maxViolation } from '../../src/model/probes/load.ts';
import { recordProbes } from '../../src/model/probes/probe.ts';
import { dropOverflow } from '../../src/ops/dropOverflow.ts';
import { gates } from '../../src/ops/gates.ts';
import { none, type Routing } from '../../src/ops/routing.ts';
import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import type { Data } from '../../src/runtime/runtime.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { layerTap, tap } from '../../src/tensor/taps.ts';
import { createGraph, persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';
import { createTrainer } from '../../src/train/trainer.ts';

const [N, E] = [12, 4];

/** Scores (N, E) by which each token prefers the expert that `preferred` names, with nothing for all others. */
const scoresOf = (preferred: readonly number[]) =>
  preferred.flatMap((expert) => Array.from({ length: E }, (_, e) => (e === expert ? 0.5 : 0)));

/** Routes for each expert, counted one by one; with `slotOf`, of those that are held. */
function countedLoad(expertOf: Data, slotOf?: Data): number[] {
  const counts = new Array<number>(E).fill(0);
  expertOf.forEach((expert, route) => {
    if (expert !== none && slotOf?.[route] !== none) counts[expert]++;
  });
  return counts;
}

/** Runs routings of given scores as layers 1 and 3 of a model of four, with load and drops probed. */
async function probed(layers: readonly number[][], route: (scores: Tensor) => Routing) {
  const graph = createGraph();
  const routings = layers.map((initial, index) => {
    const scores = persistentTensor(graph, 'scores', [N, E], { initial });
    const routing = route(scores);
    const layer = 2 * index + 1;
    tap(graph, layerTap(layer, 'asked'), routing.asked);
    if (routing.asked !== routing.offsets) tap(graph, layerTap(layer, 'held'), routing.offsets);
    return { routing, gate: gates(scores, routing, { renormalise: false }) };
  });
  const probes = recordProbes(graph, { load: loadProbe(4), drops: dropsProbe(4) });
  const plan = await createTwinRuntime().compile(
    { launches: graph.launches },
    { keepAll: true, report: probes.ranges },
  );
  const readings = probes.decode(await plan.run());
  const layersRun = await Promise.all(
    routings.map(async ({ routing, gate }) => ({
      expertOf: await plan.read(routing.expertOf),
      slotOf: await plan.read(routing.slotOf),
      gates: await plan.read(gate),
    })),
  );
  return { ...readings, ranges: probes.ranges, layers: layersRun };
}

/** More tokens for some experts than for others, otherwise a permutation of experts would not show. */
const skewed = [0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3, 0];
/** The same with the experts in another order. */
const permuted = skewed.map((expert) => [2, 3, 1, 0][expert]);

describe('on routings', () => {
  test('load counts the routes of each expert, layer by layer', async () => {
    const { load, layers, ranges } = await probed([scoresOf(skewed), scoresOf(permuted)], (scores) =>
      tokenChoice(scores, { choices: 1 }),
    );
    expect(load.map((counts) => [...counts])).toEqual([
      [6, 3, 2, 1],
      [1, 2, 6, 3],
    ]);
    expect(load.map((counts) => [...counts])).toEqual(layers.map(({ expertOf }) => countedLoad(expertOf)));
    expect(load.every((counts) => counts instanceof Uint32Array)).toBe(true);
    expect(ranges).toHaveLength(2);
  });

  test('routes of gate 0 count, asked and held', async () => {
    // Two choices of experts of which one has a score: the second route of every token has gate 0.
    const { load, drops, layers } = await probed([scoresOf(skewed)], (scores) =>
      dropOverflow(scores, tokenChoice(scores, { choices: 2 }), { capacity: 7, rule: 'position' }),
    );
    const [{ expertOf, slotOf, gates: weights }] = layers;
    const isHeld = (route: number) => slotOf[route] !== none;
    const ofGateZero = [...weights.keys()].filter((route) => isHeld(route) && weights[route] === 0);
    expect(ofGateZero.length).toBeGreaterThan(0);
    expect([...load[0]]).toEqual(countedLoad(expertOf));
    const held = countedLoad(expertOf, slotOf).reduce((sum, count) => sum + count, 0);
    expect(held).toBeLessThan(2 * N);
    expect(drops).toEqual([{ asked: 2 * N, dropped: 2 * N - held }]);
  });

  test('drops are told of the layers whose experts may be full, beside the load of all', async () => {
    const drop = (scores: Tensor) =>
      dropOverflow(scores, tokenChoice(scores, { choices: 1 }), { capacity: 2, rule: 'position' });
    const { load, drops, ranges } = await probed([scoresOf(skewed), scoresOf(permuted)], drop);
    // Past two of each expert: 4 + 1 + 0 + 0.
    expect(drops).toEqual([
      { asked: N, dropped: 5 },
      { asked: N, dropped: 5 },
    ]);
    expect(load.map((counts) => [...counts].reduce((sum, count) => sum + count))).toEqual([N, N]);
    // What both probes read comes once.
    expect(ranges).toHaveLength(4);
    const dropless = await probed([scoresOf(skewed)], (scores) => tokenChoice(scores, { choices: 1 }));
    expect(dropless.drops).toEqual([]);
  });

  test('a name is given once, and what nothing marks is not read', () => {
    const graph = createGraph();
    const tensor = persistentTensor(graph, 'x', [2]);
    tap(graph, 'clip', tensor);
    expect(() => tap(graph, 'clip', tensor)).toThrow(KernelError);
    const probes = recordProbes(graph, { load: loadProbe(3), drops: dropsProbe(3), norm: gradientNormProbe });
    expect(probes.ranges).toEqual([tensor]);
    expect(probes.decode([Float32Array.of(2.5, 0.4)])).toEqual({ load: [], drops: [], norm: 2.5 });
  });

  test('MaxVio is how far the fullest expert exceeds the mean', () => {
    expect(maxViolation([6, 3, 2, 1])).toBe(1);
    expect(maxViolation([3, 3])).toBe(0);
    expect(maxViolation([0, 0])).toBe(0);
  });
});

describe('on a step of training', () => {
  const vocabularySize = 11;
  const [B, T] = [3, 9];
  const experimentOf = (settings: Record<string, unknown>) =>
    withSettings(defaultExperiment(), {
      'model.feedForward': 'token-choice',
      'model.layers': 3,
      'model.denseLayers': 1,
      'model.width': 12,
      'model.heads': 2,
      'model.experts': E,
      'model.choices': 2,
      'model.expertWidth': 7,
      'model.initStd': 0.3,
      'data.sequenceLength': T,
      'training.batchSize': B,
      ...settings,
    });
  const xt = Array.from({ length: B * T }, (_, i) => integerAt(vocabularySize + 1, 5, 5, 0, i));
  const given = { xt, maskKey: xt.map((token) => Number(token !== vocabularySize)), weight: new Array(B).fill(1) };
  const x0 = Uint32Array.from(xt, (token) => token % vocabularySize);

  /** What a step reports, and which experts hold which tokens of the same batch before it. */
  async function step(settings: Record<string, unknown>) {
    const runtime = createTwinRuntime();
    const experiment = experimentOf(settings);
    const trainer = await createTrainer(runtime, experiment, vocabularySize, undefined, null, given);
    const pass = await createForwardPass(runtime, experiment, trainer.parameters, { B, T });
    const { layers } = await pass.run(Uint32Array.from(xt));
    const held = layers.map(({ chosen }) =>
      Array.from({ length: E }, (_, e) => chosen.filter((_, at) => at % E === e).reduce((sum, one) => sum + one, 0)),
    );
    const report = await trainer.advance(x0);
    const [gradient] = await runtime.read([
      { storage: trainer.parameters.gradient, offset: 0, length: trainer.parameters.gradient.length },
    ]);
    return { report, held, gradient, layers: layers.map(({ layer }) => layer) };
  }

  test('the load of each layer and expert is what the forward pass tells', async () => {
    const { report, held, layers } = await step({});
    expect(layers).toEqual([1, 2]);
    expect([...report.load]).toEqual(held.flat());
    // Otherwise an exchange of experts or layers would not show.
    expect(new Set(held.map(String)).size).toBe(2);
    for (const counts of held) expect(new Set(counts).size).toBeGreaterThan(2);
    expect([...report.maxVio]).toEqual([...Float32Array.from(held, maxViolation)]);
    expect([...report.dropRate]).toEqual([]);
  });

  test('the drop rate is the share of routes that the forward pass does not hold', async () => {
    const { report, held } = await step({ 'model.capacity': 'factor', 'model.capacityFactor': 0.6 });
    const routes = 2 * B * T;
    const rates = held.map((counts) => (routes - counts.reduce((sum, count) => sum + count)) / routes);
    expect([...report.dropRate]).toEqual([...Float32Array.from(rates)]);
    expect(Math.min(...rates)).toBeGreaterThan(0);
    const asked = report.load.reduce((sum, count) => sum + count, 0);
    expect(asked).toBe(2 * routes);
  });

  test('the norm is that of the whole gradient, before it is clipped', async () => {
    const { report, gradient } = await step({ 'training.clipNorm': 0.01 });
    // Sums of float32 squares in another order.
    expect(report.gradNorm / Math.hypot(...gradient)).toBeCloseTo(1, 5);
    expect(report.gradNorm).toBeGreaterThan(0.01);
  });
});
