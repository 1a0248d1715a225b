/**
 * Stable counting sort of indices by a small integer key: routes by expert, positions by token id, masked rows.
 * One workgroup does all of it in one dispatch: no atomics, so the order is the same in every run.
 */
import wgsl from '../../shaders/sort_by_key.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { kernel, type Words } from '../runtime/kernel.ts';
import { expectShape, launch, showShape, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none } from './routing.ts';

const sortKernel = kernel({
  name: 'sort_by_key',
  wgsl,
  twin: (
    b: { keys: Words; counts: Words; order: Words; slotOf: Words; offsets: Words },
    { M, buckets }: { M: number; buckets: number; chunk: number },
  ) => {
    const { keys, counts, order, slotOf, offsets } = b;
    offsets.fill(0);
    for (let i = 0; i < M; i++) if (keys[i] < buckets) offsets[keys[i] + 1]++;
    for (let bucket = 0; bucket < buckets; bucket++) {
      offsets[bucket + 1] += offsets[bucket];
      counts[bucket] = offsets[bucket];
    }
    for (let i = 0; i < M; i++) {
      if (keys[i] < buckets) {
        const slot = counts[keys[i]]++;
        slotOf[i] = slot;
        order[slot] = i;
      } else {
        slotOf[i] = none;
      }
    }
    order.fill(none, offsets[buckets], M);
  },
});

export interface Sorted {
  /** (M) u32: indices of the keys, grouped by key and ascending within a group; `none` after the last. */
  readonly order: Tensor;
  /** u32, shaped like the keys: where an index landed in `order`; `none` where its key was left out. */
  readonly slotOf: Tensor;
  /** (buckets + 1) u32: the group of key b is order[offsets[b]] .. order[offsets[b + 1] - 1]. */
  readonly offsets: Tensor;
}

const invocations = 256;

/**
 * Sorts M keys, u32 of shape (N) or (N, J). Keys of `buckets` or more are left out. No gradient.
 * Throws `ShapeError` for other shapes and for no bucket.
 */
export function sortByKey(keys: Tensor, buckets: number): Sorted {
  expectShape('sortByKey', 'keys', keys, keys.shape.length === 1 ? ['N'] : ['N', 'J'], 'u32');
  if (!(buckets >= 1)) {
    throw new ShapeError(`sortByKey: expected at least 1 bucket for keys ${showShape(keys.shape)}, got ${buckets}`);
  }
  const { graph, length: M } = keys;
  // An invocation walks its chunk twice and its buckets' column of chunks once: sum(2 chunk + 3 M / chunk * buckets
  // / 256) is least at the square root. Fewer buckets than invocations cost as much as a third of them.
  const balanced = Math.ceil(Math.sqrt((M * Math.max(buckets, 85)) / 170));
  const chunk = Math.max(Math.ceil(M / invocations), balanced);
  const counts = transientTensor(graph, 'counts', [Math.ceil(M / chunk), buckets], 'u32');
  const order = transientTensor(graph, 'order', [M], 'u32');
  const slotOf = transientTensor(graph, 'slot of', keys.shape, 'u32');
  const offsets = transientTensor(graph, 'offsets', [buckets + 1], 'u32');
  launch(graph, {
    label: `sort ${M} by ${buckets}`,
    variants: [{ kernel: sortKernel, workgroups: [1, 1, 1] }],
    bindings: { keys, counts, order, slotOf, offsets },
    parameters: { M, buckets, chunk },
  });
  return { order, slotOf, offsets };
}
