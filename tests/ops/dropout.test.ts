/** How much falls, that places and steps differ, and that nothing is launched where there is no dropout. */
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { addDropped } from '../../src/ops/dropout.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';
import { recordEvaluation, recordTraining } from '../../src/train/recordings.ts';

const length = 20_000;

/** Dropout of ones onto zeros. */
async function dropped(rate: number, place: number, step: number): Promise<number[]> {
  const runtime = createTwinRuntime();
  const graph = createGraph();
  const x = persistentTensor(graph, 'x', [length], { initial: new Array<number>(length).fill(1) });
  const residual = persistentTensor(graph, 'residual', [length]);
  const draw = persistentTensor(graph, 'draw', [2], { type: 'u32', initial: [7, step] });
  const out = addDropped(x, residual, { rate, draw, place });
  const plan = await runtime.compile({ launches: graph.launches }, { report: [out] });
  const [values] = await plan.run();
  plan.destroy();
  return Array.from(values);
}

test.each([0.1, 0.5, 0.8])('a share of %d falls, and the mean stays', async (rate) => {
  const values = await dropped(rate, 2, 3);
  const kept = values.filter((value) => value !== 0);
  // Four standard deviations of a binomial share.
  const spread = 4 * Math.sqrt((rate * (1 - rate)) / length);
  expect(Math.abs(kept.length / length - (1 - rate))).toBeLessThan(spread);
  for (const value of kept) expect(value).toBeCloseTo(1 / (1 - rate), 6);
});

test('places and steps draw different elements, the same place and step the same', async () => {
  const first = await dropped(0.5, 2, 3);
  expect(await dropped(0.5, 2, 3)).toEqual(first);
  for (const other of [await dropped(0.5, 3, 3), await dropped(0.5, 2, 4)]) {
    const shared = other.filter((value, i) => value === first[i]).length / length;
    // Independent halves agree on a half, within four standard deviations.
    expect(Math.abs(shared - 0.5)).toBeLessThan(4 * Math.sqrt(0.25 / length));
  }
});

test.each(['dense', 'expert-choice'])('%s: only training with dropout draws any', (feedForward) => {
  const experimentWith = (dropout: number) =>
    withSettings(defaultExperiment(), {
      'model.feedForward': feedForward,
      'model.layers': 3,
      'model.dropout': dropout,
      'model.sharedExperts': 1,
    });
  const count = (record: typeof recordTraining, dropout: number) => {
    const experiment = experimentWith(dropout);
    const { recording } = record(experiment, declareParameters(layoutOf(experiment.model, 11)));
    return recording.launches.filter(({ label }) => label.startsWith('dropout')).length;
  };
  expect(count(recordTraining, 0)).toBe(0);
  // Two branches per layer, forward and backward.
  expect(count(recordTraining, 0.1)).toBe(12);
  const experiment = experimentWith(0.1);
  const { recording } = recordEvaluation(experiment, declareParameters(layoutOf(experiment.model, 11)), 2);
  expect(recording.launches.some(({ label }) => label.startsWith('dropout'))).toBe(false);
});
