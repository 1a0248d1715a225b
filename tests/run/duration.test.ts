/** How long a run will take follows from steps that were measured, and from the run's own as soon as there are any. */
import { describe, expect, test } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment, presetToStartWith } from '../../src/config/presets.ts';
import { layoutOf, muonMatrices } from '../../src/nn/layout.ts';
import {
  type Calibration,
  correct,
  estimateRun,
  estimateStep,
  type StepWork,
  trainingWork,
} from '../../src/run/duration.ts';

const small = presetExperiment('expert-choice');
const medium = presetExperiment('expert-choice-medium');
const [smallWork, mediumWork] = [small, medium].map((experiment) => trainingWork(experiment, 80));

const secondsOf = (calibration: Calibration, backend: 'gpu' | 'cpu', work: StepWork) => {
  const estimate = estimateStep(calibration, backend, work);
  return estimate.kind === 'estimated' ? estimate.seconds : Number.NaN;
};

test('counts what Muon multiplies', () => {
  const sizes = muonMatrices(layoutOf(small.model, 64)).map(({ rows, columns }) =>
    [rows, columns].sort((a, b) => a - b),
  );
  // Five iterations, each x x^T, its square, and the product with x.
  const products = sizes.reduce((sum, [R, C]) => sum + 5 * (2 * R * R * C + 2 * R * R * R + 2 * R * R * C), 0);
  const loops = sizes.reduce((sum, [R, C]) => sum + (7 + 8 + 3) * R * C + 5 * 3 * R * R, 0);
  const [muon, adamw] = ['muon', 'adamw'].map((optimizer) =>
    trainingWork(withSettings(small, { 'training.optimizer': optimizer }), 64),
  );
  expect(muon.products - adamw.products).toBeCloseTo(products, 0);
  expect(muon.others - adamw.others).toBeCloseTo(loops, 0);
});

test('nothing measured, nothing estimated', () => {
  expect(estimateStep({}, 'cpu', smallWork)).toEqual({ kind: 'unmeasured' });
  expect(estimateRun({}, 'gpu', small, 80)).toEqual({ kind: 'unmeasured' });
  const onlyCpu = correct({}, 'cpu', smallWork, 0.025);
  expect(estimateStep(onlyCpu, 'gpu', smallWork)).toEqual({ kind: 'unmeasured' });
});

test('a time that is zero, infinite or missing changes nothing', () => {
  const known = correct({}, 'cpu', smallWork, 0.025);
  for (const seconds of [0, -1, Number.NaN, Number.POSITIVE_INFINITY])
    expect(correct(known, 'cpu', smallWork, seconds)).toBe(known);
});

describe('what was measured is answered exactly, and a run is its steps', () => {
  test.each(['gpu', 'cpu'] as const)('%s', (backend) => {
    const calibration = correct({}, backend, smallWork, 0.025);
    expect(secondsOf(calibration, backend, smallWork)).toBeCloseTo(0.025, 9);
    const run = estimateRun(calibration, backend, small, 80);
    expect(run).toEqual({ kind: 'estimated', seconds: expect.closeTo(0.025 * small.training.steps, 6) });
  });
});

/** Machines as they are: GFLOP/s of products and of all else, and seconds of a launch. */
const machines = {
  'a fast GPU': { backend: 'gpu', products: 3000, others: 500, launch: 2e-5 },
  'a small GPU': { backend: 'gpu', products: 200, others: 60, launch: 5e-5 },
  'a software adapter': { backend: 'gpu', products: 3.8, others: 2, launch: 2e-5 },
  twins: { backend: 'cpu', products: 50, others: 2.5, launch: 0 },
} as const;

test('on the twins, what is not a large product takes most of the time', () => {
  const longer = trainingWork(withSettings(small, { 'data.sequenceLength': 512, 'training.batchSize': 1 }), 80);
  const truth = ({ products, others }: StepWork) => products / 50e9 + others / 3.5e9;
  const estimate = secondsOf(correct({}, 'cpu', smallWork, truth(smallWork)), 'cpu', longer);
  expect(Math.abs(estimate / truth(longer) - 1)).toBeLessThan(0.1);
});

describe.each(Object.entries(machines))('%s', (_, { backend, ...machine }) => {
  const truth = ({ products, others, launches }: StepWork) =>
    products / machine.products / 1e9 + others / machine.others / 1e9 + launches * machine.launch;
  const measured = correct({}, backend, smallWork, truth(smallWork));

  test('another configuration is estimated within a factor of three', () => {
    const ratio = secondsOf(measured, backend, mediumWork) / truth(mediumWork);
    expect(ratio).toBeGreaterThan(1 / 3);
    expect(ratio).toBeLessThan(3);
  });

  test('and within a quarter once a run like it has told its speed', () => {
    const corrected = correct(measured, backend, mediumWork, truth(mediumWork));
    const larger = trainingWork(withSettings(medium, { 'training.batchSize': 24, 'model.layers': 5 }), 80);
    const ratio = secondsOf(corrected, backend, larger) / truth(larger);
    expect(Math.abs(ratio - 1)).toBeLessThan(0.25);
  });

  test('the page starts with what is over in minutes', () => {
    const { id } = presetToStartWith((experiment) => {
      const run = estimateRun(measured, backend, experiment, 80);
      return run.kind === 'estimated' ? run.seconds : null;
    });
    const isFast = truth(mediumWork) * medium.training.steps < 200;
    expect(id).toBe(isFast ? 'expert-choice-medium' : 'expert-choice');
  });
});
