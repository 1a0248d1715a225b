/**
 * What block diffusion reads while it trains (BD3-LM, arXiv 2503.09573, section 3.2): every noisy sequence followed by its
 * clean text; and the way back to the noisy rows, which alone carry loss. `attention` with `paired` knows who sees whom.
 */
import wgsl from '../../shaders/pair_sequences.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, persistentTensor, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { gatherRows } from './gatherRows.ts';
import { none } from './routing.ts';

const pairKernel = kernel({
  name: 'pair_sequences',
  wgsl,
  helpers: [indexWgsl],
  twin: ({ xt, x0, pairs }: { xt: Words; x0: Words; pairs: Words }, { N, T }: { N: number; T: number }) => {
    for (let from = 0, to = 0; to < N; from += T, to += 2 * T) {
      pairs.set(xt.subarray(from, from + T), to);
      pairs.set(x0.subarray(from, from + T), to + T);
    }
  },
});

/** (2 B T) tokens: each sequence of xt (B T), then the same of x0 (B, T). Throws `ShapeError` for other shapes. */
export function pairSequences(xt: Tensor, x0: Tensor): Tensor {
  const { B, T } = expectShape('pairSequences', 'x0', x0, ['B', 'T'], 'u32');
  expectShape('pairSequences', 'xt', xt, [B * T], 'u32');
  const N = 2 * B * T;
  const pairs = transientTensor(x0.graph, 'pairs', [N], 'u32');
  launch(x0.graph, {
    label: `pair ${B} x ${T}`,
    variants: [{ kernel: pairKernel, workgroups: linearWorkgroups(N) }],
    bindings: { xt, x0, pairs },
    parameters: { N, T },
  });
  return pairs;
}

/** The rows (B T, C) of the noisy sequences among pairs x (2 B T, C). Gradient: zero for the clean rows. */
export function noisyRows(x: Tensor, T: number): Tensor {
  const { N } = expectShape('noisyRows', 'x', x, ['N', 'C']);
  const rowOf = (slot: number) => slot + Math.floor(slot / T) * T;
  const isNoisy = (row: number) => Math.floor(row / T) % 2 === 0;
  const slotOf = (row: number) => (isNoisy(row) ? row - Math.floor(row / (2 * T)) * T : none);
  const slots = N / 2;
  const words = (label: string, shape: number[], value: (index: number) => number) => {
    const initial = Array.from({ length: shape[0] }, (_, index) => value(index));
    return persistentTensor(x.graph, label, shape, { type: 'u32', initial });
  };
  return gatherRows(x, {
    slotOf: words('slot of noisy rows', [N, 1], slotOf),
    pairOf: words('noisy rows', [slots], rowOf),
    J: 1,
    slots,
  });
}
