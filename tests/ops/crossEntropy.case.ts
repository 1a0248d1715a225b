import { crossEntropy } from '../../src/ops/crossEntropy.ts';
import { noise, type OpCase } from './case.ts';

const NONE = 0xffffffff;

/** Every position, none, or two out of three of them carry loss; slots are dealt in order. */
const selections = {
  all: (n: number) => n,
  none: () => NONE,
  some: (n: number) => (n % 3 === 1 ? NONE : n - Math.floor((n + 1) / 3)),
};

const shapes: OpCase[] = Object.entries(selections).flatMap(([selection, slotOf]) =>
  [
    { B: 1, T: 1, V: 2, maskId: 1 },
    { B: 3, T: 5, V: 7, maskId: 6 },
    { B: 70, T: 3, V: 5, maskId: 0 },
  ].map(
    ({ B, T, V, maskId }): OpCase => ({
      name: `cross-entropy ${B} x ${T} x ${V}, ${selection} of the positions`,
      inputs: {
        logits: { shape: [B * T, V], values: (i) => 4 * noise(i) },
        slots: { shape: [B * T], type: 'u32', values: slotOf },
        targets: { shape: [B * T], type: 'u32', values: (n) => (maskId + 1 + (n % (V - 1))) % V },
        weights: { shape: [B], values: (b) => 1 + b / 3, differentiate: false },
      },
      record: (_, { logits, slots, targets, weights }) => {
        const { loss, sampleLoss, nll } = crossEntropy(logits, { slotOf: slots, targets, weights, maskId });
        // Rows of the gradient without a slot are never written; the case's buffers start at zero.
        return [loss, sampleLoss, nll];
      },
    }),
  ),
);

/** The mean over the positions that carry loss, with their number read on the device; none at all is a loss of 0. */
const means = (['some', 'none'] as const).map((selection): OpCase => {
  const [B, T, V, maskId] = [4, 7, 5, 4];
  const slotOf = selections[selection];
  const count = Array.from({ length: B * T }, (_, n) => slotOf(n)).filter((slot) => slot !== NONE).length;
  return {
    name: `cross-entropy, mean over ${selection} of the positions`,
    inputs: {
      logits: { shape: [B * T, V], values: (i) => 4 * noise(i) },
      slots: { shape: [B * T], type: 'u32', values: slotOf },
      targets: { shape: [B * T], type: 'u32', values: (n) => n % (V - 1) },
      weights: { shape: [B], values: () => 1, differentiate: false },
      counted: { shape: [2], type: 'u32', values: (i) => i * count },
    },
    record: (_, { logits, slots, targets, weights, counted }) => {
      const { loss, sampleLoss, nll } = crossEntropy(logits, { slotOf: slots, targets, weights, maskId, counted });
      return [loss, sampleLoss, nll];
    },
  };
});

export const cases: OpCase[] = [...shapes, ...means];
