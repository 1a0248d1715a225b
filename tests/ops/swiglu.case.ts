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
  ...[
    { rows: 7, F: 3, offsets: [0, 2, 2, 5] },
    { rows: 4, F: 5, offsets: [0, 4] },
    { rows: 3, F: 1, offsets: [0, 0, 0] },
  ].map(
    ({ rows, F, offsets }): OpCase => ({
      name: `swiglu ${rows} x ${F}, the first ${offsets.at(-1)} rows of experts`,
      inputs: {
        gateUp: { shape: [rows, 2 * F], values: (i) => 4 * noise(i) },
        offsets: { shape: [offsets.length], type: 'u32', values: (i) => offsets[i] },
      },
      record: (_, inputs) => swiglu(inputs.gateUp, inputs.offsets),
    }),
  ),
  {
    name: 'swiglu of gates whose exponential overflows float32',
    inputs: { gateUp: { shape: [4, 2], values: (i) => [-200, 0.5, 200, -0.7, -88.8, 1, 0, 1][i] } },
    record: (_, { gateUp }) => swiglu(gateUp),
  },
];
