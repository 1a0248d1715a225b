/** The learning rate and the decay of the average by step, against the values of their formulas. */
import { expect, test } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { averageDecayAt, learningRateAt } from '../../src/train/schedule.ts';

const trainingWith = (settings: Record<string, unknown>) =>
  withSettings(defaultExperiment(), {
    'training.learningRate': 0.8,
    'training.warmupSteps': 4,
    'training.steps': 104,
    'training.finalShare': 0.25,
    'training.decayShare': 0.2,
    ...settings,
  }).training;

test.each(['constant', 'cosine', 'wsd'])('%s rises linearly to the peak over the warm-up', (schedule) => {
  const training = trainingWith({ 'training.schedule': schedule });
  const rates = [0, 1, 2, 3, 4].map((step) => learningRateAt(training, step));
  [0.2, 0.4, 0.6, 0.8, 0.8].forEach((expected, step) => {
    expect(rates[step]).toBeCloseTo(expected, 12);
  });
});

test('constant stays', () => {
  const training = trainingWith({ 'training.schedule': 'constant' });
  expect([4, 50, 103, 104, 1000].map((step) => learningRateAt(training, step))).toEqual([0.8, 0.8, 0.8, 0.8, 0.8]);
});

test('cosine passes the middle of peak and end half-way, and stays at the end', () => {
  const training = trainingWith({ 'training.schedule': 'cosine' });
  expect(learningRateAt(training, 54)).toBeCloseTo((0.8 + 0.2) / 2, 12);
  expect(learningRateAt(training, 29)).toBeCloseTo(0.2 + 0.6 * 0.5 * (1 + Math.SQRT1_2), 12);
  expect(learningRateAt(training, 104)).toBeCloseTo(0.2, 12);
  expect(learningRateAt(training, 500)).toBeCloseTo(0.2, 12);
});

test('wsd is level until the last share, then falls linearly to the end', () => {
  const training = trainingWith({ 'training.schedule': 'wsd' });
  for (const step of [4, 40, 84]) expect(learningRateAt(training, step)).toBeCloseTo(0.8, 12);
  expect(learningRateAt(training, 94)).toBeCloseTo(0.5, 12);
  expect(learningRateAt(training, 104)).toBeCloseTo(0.2, 12);
  const never = trainingWith({ 'training.schedule': 'wsd', 'training.decayShare': 0 });
  expect(learningRateAt(never, 103)).toBeCloseTo(0.8, 12);
});

test('no warm-up, and a warm-up as long as the run, are fine', () => {
  expect(learningRateAt(trainingWith({ 'training.warmupSteps': 0 }), 0)).toBeCloseTo(0.8, 12);
  const only = trainingWith({ 'training.warmupSteps': 104 });
  expect(learningRateAt(only, 103)).toBeCloseTo(0.8, 12);
  expect(learningRateAt(only, 104)).toBeCloseTo(0.2, 12);
});

test('the average forgets its start quickly, then keeps to its decay', () => {
  const training = trainingWith({ 'training.emaDecay': 0.9 });
  expect(averageDecayAt(training, 0)).toBeCloseTo(0.1, 12);
  expect(averageDecayAt(training, 8)).toBeCloseTo(0.5, 12);
  expect(averageDecayAt(training, 80)).toBe(0.9);
  expect(averageDecayAt(training, 1e6)).toBe(0.9);
  expect(averageDecayAt(trainingWith({ 'training.emaDecay': 0 }), 100)).toBe(0);
});
