/**
 * `uniform-k` and `elbo` estimate one bound: on a fixed model, over many draws of masks through the training recordings,
 * their means agree within 3 standard errors, which are small enough that a factor of 2 % would show.
 */
import { expect, test } from 'vitest';
import { integerAt, streams } from '../../src/base/random.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { stepLevels } from '../../src/diffusion/noise.ts';
import { layoutOf } from '../../src/nn/layout.ts';
import { declareParameters, frozen, initialParameters } from '../../src/nn/parameters.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph } from '../../src/tensor/tensor.ts';
import { batchInputs, batchLoss, drawnInput } from '../../src/train/loss.ts';

const V = 5;
const T = 8;
const B = 64;

function probe(weighting: string, settings: Record<string, unknown>): Experiment {
  return withSettings(defaultExperiment(), {
    'model.layers': 1,
    'model.width': 8,
    'model.heads': 2,
    'model.feedForward': 'dense',
    'model.hiddenWidth': 8,
    // Far from uniform: the cost of a token depends on what is masked around it.
    'model.initStd': 0.5,
    'objective.weighting': weighting,
    'data.sequenceLength': T,
    'training.batchSize': B,
    ...settings,
  });
}

/** Mean and standard error over steps of the loss that training would see, on the same weights and text. */
async function estimate(experiment: Experiment, steps: number): Promise<{ mean: number; error: number }> {
  const { model } = experiment;
  const layout = layoutOf(model, V);
  const parameters = declareParameters(layout);
  const graph = createGraph();
  const inputs = batchInputs(graph, B, experiment);
  const source = frozen(graph, layout, parameters.average);
  const input = drawnInput(experiment, inputs, V, { inputMasking: 0 });
  const { ce } = batchLoss(source, experiment, inputs, input, null);
  const runtime = createTwinRuntime();
  const plan = await runtime.compile({ launches: graph.launches }, { report: [ce.loss] });
  const weights = initialParameters(layout, model.layers, model.initStd, 4);
  runtime.write({ storage: parameters.average, offset: 0, length: layout.length }, weights);
  runtime.write(
    inputs.x0,
    Uint32Array.from({ length: B * T }, (_, i) => integerAt(V, 3, streams.batch, 0, i % T)),
  );
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const { level, weight } = stepLevels(experiment, step)!;
    runtime.write(inputs.level, level);
    runtime.write(inputs.weight, weight);
    runtime.write(inputs.draw, [experiment.training.seed, step]);
    losses.push((await plan.run())[0][0]);
  }
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / steps;
  const squares = losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (steps - 1) / steps) };
}

test.each([
  ['masked diffusion', {}],
  ['blocks of 4', { 'objective.kind': 'block-diffusion', 'objective.blockSize': 4 }],
])('%s: both weightings estimate one bound', async (_, settings) => {
  const uniform = await estimate(probe('uniform-k', settings), 800);
  const elbo = await estimate(probe('elbo', settings), 4000);
  const error = Math.hypot(uniform.error, elbo.error);
  const measured = `uniform-k ${uniform.mean} +- ${uniform.error}, elbo ${elbo.mean} +- ${elbo.error}`;
  // 5 standard errors within 2 %: a factor of 1.02 on either is more than the 3 allowed below.
  expect(5 * error, measured).toBeLessThan(0.02 * uniform.mean);
  // LLaDA's eps leaves out masks rarer than 1e-3, which moves the bound by less than that share of it.
  expect(Math.abs(uniform.mean - elbo.mean), measured).toBeLessThan(3 * error + 1e-3 * uniform.mean);
  // The seeds are fixed; without weights the mean over masked positions is something else.
  const none = await estimate(probe('none', settings), 400);
  expect(Math.abs(none.mean - uniform.mean), `${measured}, none ${none.mean}`).toBeGreaterThan(3 * error);
});
