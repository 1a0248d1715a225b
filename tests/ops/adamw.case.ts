import { adamw } from '../../src/ops/adamw.ts';
import { hyperShape, packHyper } from '../../src/ops/hyper.ts';
import { noise, type OpCase } from './case.ts';

// Corrections as in an early step.
const hyper = packHyper({ learningRate: 0.01, correction1: 10, correction2: 20, averageDecay: 0.9 });

export const cases: OpCase[] = [1, 63, 64, 70, 9001].map((length): OpCase => {
  const fixed = { shape: [length], differentiate: false };
  return {
    name: `adamw over ${length} weights`,
    inputs: {
      parameter: fixed,
      gradient: { ...fixed, values: (i) => 3 * noise(i, 7) },
      moment1: fixed,
      moment2: { ...fixed, values: (i) => 1 + noise(i, 8) },
      average: fixed,
      roles: { shape: [Math.ceil(length / 64)], type: 'u32', values: (block) => block % 3 },
      hyper: { shape: hyperShape, values: (i) => hyper[i], differentiate: false },
    },
    record: (_, { parameter, gradient, moment1, moment2, average, roles, hyper }) => {
      const state = { parameter, gradient, moment1, moment2, average, roles, hyper };
      const clip = adamw(state, { beta1: 0.9, beta2: 0.95, weightDecay: 0.1, clipNorm: 1 });
      return [clip, parameter, moment1, moment2, average];
    },
  };
});
