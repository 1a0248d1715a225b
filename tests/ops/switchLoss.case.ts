import { switchLoss } from '../../src/ops/switchLoss.ts';
import { noise, type OpCase } from './case.ts';

export const cases: OpCase[] = [
  { N: 1, E: 1 },
  { N: 7, E: 3 },
  { N: 70, E: 5 },
].flatMap(({ N, E }) =>
  [true, false].map(
    (normalise): OpCase => ({
      name: `switch loss ${N} x ${E}${normalise ? ', normalised' : ''}`,
      inputs: {
        scores: { shape: [N, E], values: (i) => 1.1 + noise(i) },
        // Expert 0 gets what the others leave.
        offsets: { shape: [E + 1], type: 'u32', values: (e) => (e === 0 ? 0 : N - (E - e)) },
      },
      record: (_, { scores, offsets }) => switchLoss(scores, { offsets, slots: N }, { weight: 0.3, normalise }),
    }),
  ),
);
