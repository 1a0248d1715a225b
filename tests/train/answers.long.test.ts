/**
 * Learning to answer, whole: a small dense model learns sums and gets sums right that it never saw; scoring itself is
 * held against decoding one prompt at a time.
 */
import { expect, test } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { additionText } from '../../src/data/tasks.ts';
import { decode } from '../../src/diffusion/decode.ts';
import { decodingOf, denoiserOf, type Model, modelOfTrainer } from '../../src/model/model.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { scoreAnswers } from '../../src/train/answers.ts';
import { createEvaluator } from '../../src/train/evaluation.ts';
import { type EvaluationText, heldOut, prepareText } from '../../src/train/text.ts';
import { createTrainer } from '../../src/train/trainer.ts';
import { validate } from '../../src/train/validation.ts';

const experiment = withSettings(presetExperiment('addition'), {
  'training.steps': 450,
  'training.schedule': 'wsd',
  'training.decayShare': 0.4,
  'training.emaDecay': 0.98,
});
const { sequenceLength: T } = experiment.data;

/** Asks the prompts one by one, and reads what is written as a person would. */
async function askOneByOne(model: Model, { windows, answers }: EvaluationText): Promise<number> {
  const denoise = await denoiserOf(model, T);
  let right = 0;
  for (const [row, start] of answers!.starts.entries()) {
    const window = windows.subarray(row * T, (row + 1) * T);
    const asked = window.slice().fill(model.maskId, start);
    const options = decodingOf(model, 'confidence', { 'decode.temperature': 0, 'decode.steps': T - start });
    let tokens: Uint32Array = asked;
    for await (const frame of decode(denoise, asked, options)) tokens = frame.tokens;
    const [written] = model.tokenizer.decode(tokens).split('\n');
    const [a, b, sum] = written.split(/[+=]/).map(Number);
    if (a + b === sum) right++;
  }
  return right;
}

test('a small model learns to add, and adds what it never saw', async () => {
  const text = prepareText(experiment, additionText());
  const runtime = createTwinRuntime();
  const trainer = await createTrainer(runtime, experiment, text.tokenizer.vocabularySize);
  const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, 64);
  const model = modelOfTrainer(trainer, text.tokenizer);
  const held = heldOut(text, 300);
  const untrained = await validate(evaluator, model, held, 2);
  expect(untrained.answers).toEqual({ accuracy: expect.any(Number), pairs: 300 });
  expect(untrained.answers!.accuracy).toBeLessThan(0.05);
  expect(untrained.tokens).toBe(300 * 4);

  while (trainer.step < experiment.training.steps) {
    const { step } = trainer;
    await trainer.advance(text.batchAt(step), text.answerStartsAt!(step));
  }
  const { bpc, answers } = await validate(evaluator, model, held, 2);
  expect(answers!.accuracy, `bits per character of the answer ${bpc}`).toBeGreaterThan(0.9);
  expect(bpc).toBeLessThan(0.5);

  const few = heldOut(text, 40);
  const right = await askOneByOne(model, few);
  const asked = { windows: few.windows, ...few.answers! };
  for (const B of [64, 7]) expect((await scoreAnswers(model, asked, B)).accuracy * 40).toBeCloseTo(right, 9);
  // Wrong answers count as wrong, however fluent: every expected sum moved by one.
  const moved = few.windows.slice();
  few.answers!.starts.forEach((start, row) => {
    const last = row * T + start + 2;
    moved[last] = text.tokenizer.encode('0')[0] === moved[last] ? moved[last] + 1 : moved[last] - 1;
  });
  const scored = await scoreAnswers(model, { ...asked, windows: moved }, 64);
  expect(scored.accuracy * 40).toBeLessThanOrEqual(40 - right);
});

test('a step on pairs without where their answers begin is refused, and so is the reverse', async () => {
  const tiny = withSettings(experiment, { 'model.width': 4, 'model.heads': 1, 'model.hiddenWidth': 3 });
  const trainer = await createTrainer(createTwinRuntime(), tiny, 12);
  await expect(trainer.advance(new Uint32Array(64 * T))).rejects.toThrow(
    /^batch: expected answer starts .*, got none$/,
  );
  const plain = withSettings(tiny, { 'data.corpus': 'names' });
  const other = await createTrainer(createTwinRuntime(), plain, 12);
  await expect(other.advance(new Uint32Array(64 * T), new Uint32Array(64))).rejects.toThrow(/no answer starts/);
});
