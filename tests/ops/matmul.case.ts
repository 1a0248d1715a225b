import { matmul } from '../../src/ops/matmul.ts';
import type { OpCase } from './case.ts';

const shapes = [
  { G: 1, M: 1, N: 1, K: 1 },
  { G: 1, M: 5, N: 3, K: 7 },
  { G: 1, M: 67, N: 70, K: 33 },
  { G: 1, M: 12, N: 20, K: 8 },
  { G: 1, M: 64, N: 36, K: 100 },
  { G: 3, M: 5, N: 9, K: 4 },
  { G: 2, M: 8, N: 12, K: 16 },
];
const layouts = [
  { transA: false, transB: false },
  { transA: false, transB: true },
  { transA: true, transB: false },
  { transA: true, transB: true },
];

export const cases: OpCase[] = shapes.flatMap(({ G, M, N, K }) =>
  layouts.flatMap(({ transA, transB }) =>
    [false, true].map((hasResidual): OpCase => {
      const batch = G > 1 ? [G] : [];
      const layout = `${transA ? 'T' : 'N'}${transB ? 'T' : 'N'}`;
      const residual = { shape: [...batch, M, N] };
      return {
        name: `matmul ${layout} ${G} x ${M} x ${N} x ${K}${hasResidual ? ' + residual' : ''}`,
        inputs: {
          a: { shape: [...batch, ...(transA ? [K, M] : [M, K])] },
          b: { shape: [...batch, ...(transB ? [N, K] : [K, N])] },
          ...(hasResidual ? { residual } : {}),
        },
        record: (_, inputs) => matmul(inputs.a, inputs.b, { transA, transB, residual: inputs.residual }),
      };
    }),
  ),
);
