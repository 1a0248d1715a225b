import { qkNormRope } from '../../src/ops/qkNormRope.ts';
import type { OpCase } from './case.ts';

export const cases: OpCase[] = [
  { B: 1, T: 1, heads: 1, D: 2 },
  { B: 2, T: 7, heads: 3, D: 6 },
  { B: 3, T: 13, heads: 2, D: 10 },
  { B: 1, T: 67, heads: 1, D: 64 },
].flatMap(({ B, T, heads, D }) =>
  [true, false].map(
    (hasNorm): OpCase => ({
      name: `qk-norm and rotary ${B} x ${T}, ${heads} heads of ${D}${hasNorm ? '' : ', no norm'}`,
      inputs: {
        qkv: { shape: [B * T, 3 * heads * D] },
        ...(hasNorm ? { q: { shape: [D] }, k: { shape: [D] } } : {}),
      },
      record: (_, { qkv, q = null, k = null }) => qkNormRope(qkv, { T, heads, base: 100, qWeight: q, kWeight: k }),
    }),
  ),
);
