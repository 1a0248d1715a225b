import { hyperShape, packHyper } from '../../src/ops/hyper.ts';
import { type MuonMatrix, muon } from '../../src/ops/muon.ts';
import { noise, type OpCase } from './case.ts';

// Corrections as in an early step.
const hyper = packHyper({ learningRate: 0.5, correction1: 10, correction2: 20, averageDecay: 0.9 });

/** Flat parameters made of these matrices, each at the next multiple of 4. */
function caseOf(name: string, shapes: readonly [rows: number, columns: number][], tolerance?: number): OpCase {
  const matrices: MuonMatrix[] = [];
  let length = 0;
  for (const [rows, columns] of shapes) {
    matrices.push({ offset: length, rows, columns });
    length += Math.ceil((rows * columns) / 4) * 4;
  }
  const fixed = { shape: [length], differentiate: false };
  return {
    name: `muon ${name}`,
    tolerance,
    inputs: {
      parameter: fixed,
      gradient: { ...fixed, values: (i) => 3 * noise(i, 7) },
      moment1: fixed,
      average: fixed,
      hyper: { shape: hyperShape, values: (i) => hyper[i], differentiate: false },
      clip: { shape: [2], values: (i) => [2, 0.5][i], differentiate: false },
    },
    record: (_, { parameter, gradient, moment1, average, hyper, clip }) => {
      const state = { parameter, gradient, moment1, average, hyper };
      muon(state, clip, matrices, { momentum: 0.9, weightDecay: 0.1 });
      return [parameter, moment1, average];
    },
  };
}

// Small singular values grow by up to 3.4445 per iteration, and with them the rounding of float32: 3.4445^5 = 485 units
// of 6e-8 are 3e-5. A rate of 0.5 lets it show in the parameters.
const grown = 5e-5;

export const cases: OpCase[] = [
  caseOf('1 x 1', [[1, 1]]),
  caseOf('3 x 7', [[3, 7]], grown),
  caseOf(
    'a tall and a wide one of one shape',
    [
      [11, 5],
      [5, 11],
    ],
    grown,
  ),
  caseOf(
    'squares and others',
    [
      [8, 8],
      [12, 8],
      [8, 8],
      [8, 12],
      [1, 9],
    ],
    grown,
  ),
  caseOf('48 x 20', [[48, 20]], grown),
];
