import { shiftRight } from '../../src/ops/shiftRight.ts';
import type { OpCase } from './case.ts';

export const cases: OpCase[] = [null, 0, 0.3, 1].flatMap((share) =>
  [
    { B: 1, T: 1 },
    { B: 3, T: 7 },
    { B: 5, T: 67 },
  ].map(
    ({ B, T }): OpCase => ({
      name: `shift right ${B} x ${T}, ${share ?? 'nothing'} masked`,
      inputs: {
        x0: { shape: [B, T], type: 'u32', values: (n) => n % 5 },
        draw: { shape: [2], type: 'u32', values: (i) => [4294967295, 123456][i] },
      },
      record: (_, { x0, draw }) => shiftRight(x0, 5, share === null ? null : { draw, share }),
    }),
  ),
);
