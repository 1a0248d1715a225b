import { sequenceCapacity } from '../../src/ops/sequenceCapacity.ts';
import { noise, type OpCase } from './case.ts';

const shapes = [
  { B: 1, T: 1 },
  { B: 3, T: 7 },
  { B: 300, T: 5 },
  { B: 2, T: 129 },
];

const maskId = 9;

export const cases: OpCase[] = shapes.map(({ B, T }) => ({
  name: `sequenceCapacity ${B} x ${T} tokens`,
  inputs: {
    // More masks from sequence to sequence, from none in the first to all in the last of many.
    tokens: {
      shape: [B * T],
      type: 'u32',
      values: (i) => (Math.abs(noise(i)) < Math.floor(i / T) / Math.max(1, B - 1) ? maskId : i % maskId),
    },
  },
  record: (_, { tokens }) => {
    const byMasks = Array.from({ length: T + 1 }, (_, masks) => 1 + ((masks * 5) % 11));
    return sequenceCapacity(tokens, { B, maskId, byMasks }).starts;
  },
}));
