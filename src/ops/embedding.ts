/**
 * Rows of a table by token, and the gradient as a gather: positions sorted by token, every token's sum in that order.
 * No atomics, so two runs are bit-equal; a token that fills the batch (the mask token) is summed in chunks, so that
 * no invocation walks more than about 2 sqrt(N) rows. Not here: the sort itself (`sortByKey.ts`).
 */
import wgsl from '../../shaders/embedding.wgsl?raw';
import backwardWgsl from '../../shaders/embedding_backward.wgsl?raw';
import partialWgsl from '../../shaders/embedding_partial.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import type { Sorted } from './sortByKey.ts';

/** Positions (N) grouped by token, of which there are V. */
type SortedTokens = Pick<Sorted, 'order' | 'offsets'>;

const forwardKernel = kernel({
  name: 'embedding',
  wgsl,
  helpers: [indexWgsl],
  twin: ({ table, tokens, out }: { table: Floats; tokens: Words; out: Floats }, { N, C }: { N: number; C: number }) => {
    for (let n = 0; n < N; n++) {
      const row = tokens[n] * C;
      for (let c = 0; c < C; c++) out[n * C + c] = table[row + c];
    }
  },
});

const partialKernel = kernel({
  name: 'embedding_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { dy: Floats; tokens: Words; order: Words; offsets: Words; partial: Floats },
    { N, C, chunk }: { N: number; C: number; chunk: number },
  ) => {
    b.partial.fill(0);
    for (let first = 0, out = 0; first < N; first += chunk, out += C) {
      const end = Math.min(first + chunk, b.offsets[b.tokens[b.order[first]] + 1]);
      for (let p = first; p < end; p++) {
        const row = b.order[p] * C;
        for (let c = 0; c < C; c++) b.partial[out + c] += b.dy[row + c];
      }
    }
  },
});

const backwardKernel = kernel({
  name: 'embedding_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { dy: Floats; order: Words; offsets: Words; partial: Floats; previous: Floats; dtable: Floats },
    { V, C, chunk, ADD }: { V: number; C: number; chunk: number; ADD: number },
  ) => {
    for (let v = 0; v < V; v++) {
      const out = v * C;
      const start = b.offsets[v];
      const end = b.offsets[v + 1];
      const firstChunk = Math.ceil(start / chunk);
      for (let c = 0; c < C; c++) b.dtable[out + c] = ADD ? b.previous[out + c] : 0;
      for (let p = start; p < Math.min(end, firstChunk * chunk); p++) {
        const row = b.order[p] * C;
        for (let c = 0; c < C; c++) b.dtable[out + c] += b.dy[row + c];
      }
      for (let k = firstChunk; k < Math.ceil(end / chunk); k++) {
        for (let c = 0; c < C; c++) b.dtable[out + c] += b.partial[k * C + c];
      }
    }
  },
});

/**
 * `out[n] = table[tokens[n]]`: table (V, C), tokens (N) u32 below V, result (N, C). `sorted` groups the positions by
 * token for the gradient; null where none is recorded. Throws `ShapeError` for other shapes, or when it is missing.
 *
 * Gradient: dtable[v] = sum of dy[n] over the positions n of token v; exactly zero for a token that does not occur.
 */
export function embedding(table: Tensor, tokens: Tensor, sorted: SortedTokens | null): Tensor {
  const { V, C } = expectShape('embedding', 'table', table, ['V', 'C']);
  const { N } = expectShape('embedding', 'tokens', tokens, ['N'], 'u32');
  const { graph } = table;
  const out = transientTensor(graph, 'embedded', [N, C]);
  launch(graph, {
    label: `embedding ${N} x ${C}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(N * C) }],
    bindings: { table, tokens, out },
    parameters: { N, C },
  });
  if (sorted) {
    expectShape('embedding', 'order', sorted.order, [N], 'u32');
    expectShape('embedding', 'offsets', sorted.offsets, [V + 1], 'u32');
  } else if (graph.recordsGradients && table.isDifferentiable) {
    throw new ShapeError('embedding: expected sorted tokens for the gradient of table, got none');
  } else {
    return out;
  }
  return differentiable(out, [table], (dy) => [
    {
      input: table,
      writeSum: (dtable: Tensor, previous: Tensor | null) => writeGradient(dtable, previous, dy, tokens, sorted),
    },
  ]);
}

function writeGradient(
  dtable: Tensor,
  previous: Tensor | null,
  dy: Tensor,
  tokens: Tensor,
  { order, offsets }: SortedTokens,
): void {
  const { graph } = dy;
  const [V, C] = dtable.shape;
  const N = tokens.length;
  const chunk = Math.max(32, Math.ceil(Math.sqrt(N)));
  const chunks = Math.ceil(N / chunk);
  const partial = transientTensor(graph, 'partial sums', [chunks, C]);
  launch(graph, {
    label: `embedding gradient, runs ${N} x ${C}`,
    variants: [{ kernel: partialKernel, workgroups: linearWorkgroups(chunks * C) }],
    bindings: { dy, tokens, order, offsets, partial },
    parameters: { N, C, chunk },
    flops: N * C,
  });
  launch(graph, {
    label: `embedding gradient ${V} x ${C}`,
    variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(V * C) }],
    bindings: { dy, order, offsets, partial, previous: previous ?? dy, dtable },
    parameters: { V, C, chunk, ADD: Number(previous !== null) },
    flops: N * C,
  });
}
