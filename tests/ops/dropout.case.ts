import { addDropped } from '../../src/ops/dropout.ts';
import type { OpCase } from './case.ts';

const caseOf = (shape: [number, number], rate: number, place: number): OpCase => ({
  name: `dropout ${shape.join(' x ')}, rate ${rate}, place ${place}`,
  inputs: {
    x: { shape },
    residual: { shape },
    draw: { shape: [2], type: 'u32', values: (i) => [0xfffffff0, 12345][i] },
  },
  record: (_, { x, residual, draw }) => addDropped(x, residual, { rate, draw, place }),
});

export const cases: OpCase[] = [
  caseOf([1, 1], 0.5, 0),
  caseOf([7, 11], 0, 1),
  caseOf([67, 5], 0.1, 31),
  caseOf([13, 33], 0.9, 3),
];
