/**
 * Training works in the end: on a source whose entropy is known, a small model trained for under a minute of two free
 * cores comes to within 0.05 bits per character of the floor, and not below it. On the CPU twins, which
 * `wholeStep.test.ts` holds equal to the GPU.
 */
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { defaultMarkovSource, entropyOfWindow, markovText } from '../../src/data/markov.ts';
import { createTwinRuntime } from '../../src/gpu/twinRuntime.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';
import { prepareText } from '../../src/train/text.ts';
import { createTrainer } from '../../src/train/trainer.ts';

// Short windows and large batches: what limits the last hundredths of a bit is the noise of the gradient.
const experiment = withSettings(defaultExperiment(), {
  'data.corpus': 'markov',
  'data.sequenceLength': 8,
  'model.feedForward': 'dense',
  'model.layers': 2,
  'model.width': 32,
  'model.heads': 2,
  'model.hiddenWidth': 64,
  'model.ropeBase': 100,
  'training.batchSize': 128,
  'training.steps': 1800,
  'training.learningRate': 0.012,
  'training.warmupSteps': 150,
  'training.finalShare': 0.01,
  'training.weightDecay': 0.01,
  'training.beta2': 0.98,
});

test('a trained model reaches the entropy of the source, and does not pass it', async () => {
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
  expect(bpc - floor, measured).toBeLessThan(0.05);
  expect(bpc - floor, measured).toBeGreaterThan(-3 * standardError);
}, 300_000);
