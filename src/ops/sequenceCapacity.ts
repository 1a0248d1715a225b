/**
 * Capacity of every sequence by its mask ratio, counted from the tokens that the model sees: training, evaluation and
 * decoding agree without being told a time (EC-DLM, arXiv 2604.01622). The schedule itself is a table
 * (`src/config/capacity.ts`).
 */
import wgsl from '../../shaders/sequence_capacity.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { kernel, type Words } from '../runtime/kernel.ts';
import { expectShape, launch, persistentTensor, type Tensor, transientTensor } from '../tensor/tensor.ts';

/** Capacities that are known on the device only. */
export interface GroupCapacities {
  /** (groups + 1) u32: an expert's rows of group g are starts[g] to starts[g + 1] - 1, counted from its first row. */
  readonly starts: Tensor;
  /** The largest capacity that a group can have: what memory is reserved for. */
  readonly most: number;
}

const capacityKernel = kernel({
  name: 'sequence_capacity',
  wgsl,
  twin: (
    { tokens, capacities, starts }: { tokens: Words; capacities: Words; starts: Words },
    { B, T, maskId }: { B: number; T: number; maskId: number },
  ) => {
    starts[0] = 0;
    for (let b = 0; b < B; b++) {
      let masks = 0;
      for (let i = b * T; i < (b + 1) * T; i++) if (tokens[i] === maskId) masks++;
      starts[b + 1] = starts[b] + capacities[masks];
    }
  },
});

/**
 * Capacities of B sequences, tokens (B * T) u32, from `byMasks`: T + 1 capacities, for 0 to T masks. No gradient.
 * Throws `ShapeError` when B does not divide the tokens, or the table is of another length.
 */
export function sequenceCapacity(
  tokens: Tensor,
  { B, maskId, byMasks }: { B: number; maskId: number; byMasks: readonly number[] },
): GroupCapacities {
  const { N } = expectShape('sequenceCapacity', 'tokens', tokens, ['N'], 'u32');
  const T = byMasks.length - 1;
  if (B * T !== N) {
    throw new ShapeError(`sequenceCapacity: expected ${N} tokens / ${B} sequences + 1 capacities, got ${T + 1}`);
  }
  const { graph } = tokens;
  const capacities = persistentTensor(graph, 'capacities by masks', [T + 1], { type: 'u32', initial: byMasks });
  const starts = transientTensor(graph, 'starts of sequences', [B + 1], 'u32');
  launch(graph, {
    label: `sequence capacity ${B} x ${T}`,
    variants: [{ kernel: capacityKernel, workgroups: [1, 1, 1] }],
    bindings: { tokens, capacities, starts },
    parameters: { B, T, maskId },
  });
  return { starts, most: byMasks.reduce((most, capacity) => Math.max(most, capacity)) };
}
