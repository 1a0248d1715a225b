import { corrupt, type LevelKind } from '../../src/ops/corrupt.ts';
import type { OpCase } from './case.ts';

const plain = (['count', 'probability'] as LevelKind[]).flatMap((kind) =>
  [
    { B: 1, T: 1 },
    { B: 3, T: 7 },
    { B: 5, T: 67 },
  ].map(
    ({ B, T }): OpCase => ({
      name: `corrupt ${B} x ${T} by ${kind}`,
      inputs: {
        x0: { shape: [B, T], type: 'u32', values: (n) => n % 5 },
        level: {
          shape: [B],
          type: 'u32',
          values: (b) => Math.round(((b + 1) / B) * (kind === 'count' ? T : 2 ** 24)),
        },
        draw: { shape: [2], type: 'u32', values: (i) => [4294967295, 123456][i] },
      },
      record: (_, { x0, level, draw }) => {
        const { xt, maskKey } = corrupt(x0, { level, draw, maskId: 5, kind });
        return [xt, maskKey];
      },
    }),
  ),
);

/** Prompts of every length, the empty one and the whole window included; never more masks than the answer has room. */
const afterPrompts = (['count', 'probability'] as LevelKind[]).flatMap((kind) =>
  [
    { B: 3, T: 7 },
    { B: 5, T: 67 },
  ].map(({ B, T }): OpCase => {
    const startOf = (b: number) => Math.round((b / (B - 1)) * T);
    return {
      name: `corrupt answers ${B} x ${T} by ${kind}`,
      inputs: {
        x0: { shape: [B, T], type: 'u32', values: (n) => n % 5 },
        level: {
          shape: [B],
          type: 'u32',
          values: (b) => (kind === 'count' ? Math.ceil((T - startOf(b)) / 2) : 2 ** 23),
        },
        answerStart: { shape: [B], type: 'u32', values: startOf },
        draw: { shape: [2], type: 'u32', values: (i) => [17, 3][i] },
      },
      record: (_, { x0, level, answerStart, draw }) => {
        const { xt, maskKey } = corrupt(x0, { level, answerStart, draw, maskId: 5, kind });
        return [xt, maskKey];
      },
    };
  }),
);

export const cases: OpCase[] = [...plain, ...afterPrompts];
