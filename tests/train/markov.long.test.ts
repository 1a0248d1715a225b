/**
 * Training works in the end: on a source whose entropy is known, a small model trained for half a minute of a free
 * core comes to within 0.05 bits per character of the floor, and not below it. On the CPU twins, which
 * `wholeStep.test.ts` holds equal to the GPU.
 */
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';
import { defaultMarkovSource, entropyOfWindow, markovText } from '../../src/data/markov.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';
import { prepareText } from '../../src/train/text.ts';
import { createTrainer } from '../../src/train/trainer.ts';

// Short windows, large batches, a rate that falls to nothing: the noise of the gradient limits the last hundredths of a bit.
const experiment = withSettings(defaultExperiment(), {
  'data.corpus': 'markov',
  'data.sequenceLength': 8,
  'model.feedForward': 'dense',
  'model.layers': 2,
  'model.width': 32,
  'model.heads': 2,
  'model.hiddenWidth': 64,
  'model.ropeBase': 100,
  'training.batchSize': 64,
  'training.steps': 2200,
  'training.optimizer': 'muon',
  'training.learningRate': 0.014,
  'training.warmupSteps': 80,
  'training.finalShare': 0.01,
  'training.weightDecay': 0.01,
  'training.beta2': 0.98,
});

test('a trained model reaches the entropy of the source, and does not pass it', async () => {
  await expectEntropyReached(experiment, 0.05);
});

test('an autoregressive model reaches it too: its exact likelihood is that of the source', async () => {
  const autoregressive = withSettings(experiment, {
    'objective.kind': 'autoregressive',
    // Every token carries loss, and its context is always whole: there is less to learn, and less noise.
    'model.layers': 1,
    'training.steps': 700,
    'training.warmupSteps': 50,
  });
  await expectEntropyReached(autoregressive, 0.02);
});

async function expectEntropyReached(experiment: Experiment, within: number): Promise<void> {
  const text = prepareText(experiment, markovText(defaultMarkovSource()));
  const floor = entropyOfWindow(defaultMarkovSource(), experiment.data.sequenceLength);
  expect(text.floorBpc).toBe(floor);
  const runtime = createTwinRuntime();
  const trainer = await createTrainer(runtime, experiment, text.tokenizer.vocabularySize);
  const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, 125);
  // All 6250 windows of the held-out text: their own likelihood differs from the floor by less than 0.001.
  const windows = text.validationWindows(10_000);
  const evaluate = () => evaluator.evaluate(windows, { rounds: 4, tokensPerCharacter: text.tokensPerCharacter });

  const untrained = await evaluate();
  // A model that knows nothing spends log2(16) bits.
  expect(Math.abs(untrained.bpc - 4)).toBeLessThan(0.1);
  while (trainer.step < experiment.training.steps) await trainer.advance(text.batchAt(trainer.step));
  const { bpc, standardError, tokens } = await evaluate();
  const measured = `${bpc.toFixed(4)} +- ${standardError.toFixed(4)} bits per character, floor ${floor.toFixed(4)}`;
  expect(tokens).toBe(windows.length);
  expect(standardError).toBeLessThan(0.01);
  expect(bpc - floor, measured).toBeLessThan(within);
  expect(bpc - floor, measured).toBeGreaterThan(-3 * standardError);
}
