/** The guess of how long a run will take counts what its steps compute. How near it comes is for benchmarks. */
import { expect, test } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { layoutOf, muonMatrices } from '../../src/nn/layout.ts';
import { declareParameters } from '../../src/nn/parameters.ts';
import { stepSeconds } from '../../src/run/duration.ts';
import { recordTraining } from '../../src/train/recordings.ts';

const recordingOf = (optimizer: string) => {
  const experiment = withSettings(presetExperiment('expert-choice'), { 'training.optimizer': optimizer });
  return recordTraining(experiment, declareParameters(layoutOf(experiment.model, 64))).recording;
};

test('counts what Muon multiplies, at the speed of products', () => {
  const { model } = presetExperiment('expert-choice');
  const sizes = muonMatrices(layoutOf(model, 64)).map(({ rows, columns }) => [rows, columns].sort((a, b) => a - b));
  // Five iterations, each x x^T, its square, and the product with x.
  const products = sizes.reduce((sum, [R, C]) => sum + 5 * (2 * R * R * C + 2 * R * R * R + 2 * R * R * C), 0);
  const loops = sizes.reduce((sum, [R, C]) => sum + (7 + 8 + 3) * R * C + 5 * 3 * R * R, 0);
  const more = stepSeconds(recordingOf('muon'), 'cpu', 1) - stepSeconds(recordingOf('adamw'), 'cpu', 1);
  expect(more * 1e9).toBeCloseTo(products + 14 * loops, 0);
});

test('a GPU spends the same operations faster, and time on every launch', () => {
  const recording = recordingOf('adamw');
  const [slow, fast] = [1, 1e6].map((gflops) => stepSeconds(recording, 'gpu', gflops));
  expect(slow).toBeLessThan(stepSeconds(recording, 'cpu', 1));
  expect(fast).toBeCloseTo(recording.launches.length * 1e-5, 5);
});
