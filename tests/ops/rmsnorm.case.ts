import { rmsnorm } from '../../src/ops/rmsnorm.ts';
import type { OpCase } from './case.ts';

export const cases: OpCase[] = [
  [1, 1],
  [3, 5],
  [70, 13],
  [9, 130],
].map(([rows, C]) => ({
  name: `rmsnorm ${rows} x ${C}`,
  inputs: { x: { shape: [rows, C] }, weight: { shape: [C] } },
  record: (_, { x, weight }) => rmsnorm(x, weight),
}));
