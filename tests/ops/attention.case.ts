import { attention } from '../../src/ops/attention.ts';
import { noise, type OpCase } from './case.ts';

interface Sizes {
  B: number;
  T: number;
  heads: number;
  D: number;
  blockSize: number;
  paired?: boolean;
}

const sizes: Sizes[] = [
  { B: 1, T: 1, heads: 1, D: 2, blockSize: 1 },
  { B: 2, T: 7, heads: 3, D: 2, blockSize: 7 },
  { B: 2, T: 7, heads: 1, D: 10, blockSize: 1 },
  { B: 3, T: 9, heads: 2, D: 6, blockSize: 4 },
  // Widths of whole vectors have a second shader, four rows per invocation: sequences that end inside a group of four.
  { B: 1, T: 1, heads: 2, D: 4, blockSize: 1 },
  { B: 2, T: 11, heads: 3, D: 8, blockSize: 1 },
  { B: 2, T: 18, heads: 1, D: 12, blockSize: 5 },
  { B: 3, T: 9, heads: 2, D: 4, blockSize: 100 },
  { B: 1, T: 67, heads: 2, D: 32, blockSize: 67 },
  { B: 1, T: 5, heads: 1, D: 256, blockSize: 3 },
  // More rows than the twins hold at once.
  { B: 1, T: 150, heads: 1, D: 4, blockSize: 7 },
  // Noisy and clean sequences in turn: blocks of one token, of the whole window, and with a rest; both shaders.
  { B: 2, T: 1, heads: 1, D: 2, blockSize: 1, paired: true },
  { B: 4, T: 7, heads: 2, D: 6, blockSize: 1, paired: true },
  { B: 2, T: 9, heads: 1, D: 10, blockSize: 3, paired: true },
  { B: 2, T: 5, heads: 2, D: 4, blockSize: 5, paired: true },
  { B: 4, T: 11, heads: 3, D: 8, blockSize: 4, paired: true },
  { B: 2, T: 18, heads: 1, D: 12, blockSize: 6, paired: true },
  { B: 2, T: 13, heads: 2, D: 4, blockSize: 1, paired: true },
  { B: 2, T: 150, heads: 1, D: 4, blockSize: 10, paired: true },
];

export const cases: OpCase[] = sizes.map(
  ({ B, T, heads, D, blockSize, paired = false }): OpCase => ({
    name: `attention ${B} x ${T}, ${heads} heads of ${D}, blocks of ${blockSize}${paired ? ', in pairs' : ''}`,
    // Values of some size, so that the softmax is far from uniform.
    inputs: { qkv: { shape: [B * T, 3 * heads * D], values: (i) => 2 * noise(i) } },
    record: (_, { qkv }) => attention(qkv, { T, heads, blockSize, paired }),
  }),
);
