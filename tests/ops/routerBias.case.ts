import { hyperShape, packHyper } from '../../src/ops/hyper.ts';
import { updateRouterBias } from '../../src/ops/routerBias.ts';
import type { OpCase } from './case.ts';

// Corrections as in an early step.
const hyper = packHyper({ learningRate: 0.01, correction1: 10, correction2: 20, averageDecay: 0.9 });

/** Loads around their mean: below it, above it, and exactly it where E allows. */
const loadOf = (e: number, mean: number) => mean + [0, 1, -1, 0][e % 4];

export const cases: OpCase[] = [1, 4, 12, 64, 68].map((E): OpCase => {
  const mean = 5;
  const starts = Array.from({ length: E + 1 }, (_, end) =>
    Array.from({ length: end }, (_, e) => (E === 1 ? mean : loadOf(e, mean))).reduce((sum, load) => sum + load, 0),
  );
  const fixed = { shape: [E], differentiate: false };
  return {
    name: `routerBias of ${E} experts`,
    inputs: {
      bias: fixed,
      average: fixed,
      hyper: { shape: hyperShape, values: (i) => hyper[i], differentiate: false },
      asked: { shape: [E + 1], type: 'u32', values: (e) => starts[e] },
      expertOf: { shape: [mean * E, 1], type: 'u32' },
    },
    record: (_, { bias, average, hyper, asked, expertOf }) => {
      updateRouterBias({ bias, average, hyper }, { asked, expertOf, experts: E }, 0.125);
      return [bias, average];
    },
  };
});
