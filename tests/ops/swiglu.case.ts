import { swiglu } from '../../src/ops/swiglu.ts';
import { noise, type OpCase } from './case.ts';

export const cases: OpCase[] = [
  ...[
    [1, 1],
    [3, 5],
    [13, 67],
  ].map(
    ([rows, F]): OpCase => ({
      name: `swiglu ${rows} x ${F}`,
      inputs: { gateUp: { shape: [rows, 2 * F], values: (i) => 4 * noise(i) } },
      record: (_, { gateUp }) => swiglu(gateUp),
    }),
  ),
  {
    name: 'swiglu of gates whose exponential overflows float32',
    inputs: { gateUp: { shape: [4, 2], values: (i) => [-200, 0.5, 200, -0.7, -88.8, 1, 0, 1][i] } },
    record: (_, { gateUp }) => swiglu(gateUp),
  },
];
