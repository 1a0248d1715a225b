/**
 * Multi-head attention, fused: nothing T x T is kept. The forward pass saves the log-sum-exp of each row; the backward
 * pass recomputes the probabilities, once by rows for dQ and once by columns for dK and dV.
 * Source: Dao et al. 2022 (arXiv 2205.14135), algorithms 1 and 4, with one invocation per row, or four rows, and head.
 */
import forwardWgsl from '../../shaders/attention.wgsl?raw';
import keyValueWgsl from '../../shaders/attention_backward_key_value.wgsl?raw';
import queryWgsl from '../../shaders/attention_backward_query.wgsl?raw';
import blockedWgsl from '../../shaders/attention_blocked.wgsl?raw';
import blockedKeyValueWgsl from '../../shaders/attention_blocked_key_value.wgsl?raw';
import blockedQueryWgsl from '../../shaders/attention_blocked_query.wgsl?raw';
import fourRowsWgsl from '../../shaders/shared/four_rows.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import seenRowsWgsl from '../../shaders/shared/seen_rows.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, showShape, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { forwardTwin, keyValueTwin, queryTwin } from './attentionTwins.ts';

const helpers = [indexWgsl, fourRowsWgsl, seenRowsWgsl];
const forwardKernel = kernel({ name: 'attention', wgsl: forwardWgsl, helpers, twin: forwardTwin });
const queryKernel = kernel({ name: 'attention_backward_query', wgsl: queryWgsl, helpers, twin: queryTwin });
const keyValueKernel = kernel({
  name: 'attention_backward_key_value',
  wgsl: keyValueWgsl,
  helpers,
  twin: keyValueTwin,
});
const blockedKernel = kernel({ name: 'attention_blocked', wgsl: blockedWgsl, helpers, twin: forwardTwin });
const blockedQueryKernel = kernel({
  name: 'attention_blocked_query',
  wgsl: blockedQueryWgsl,
  helpers,
  twin: queryTwin,
});
const blockedKeyValueKernel = kernel({
  name: 'attention_blocked_key_value',
  wgsl: blockedKeyValueWgsl,
  helpers,
  twin: keyValueTwin,
});

export interface AttentionOptions {
  readonly T: number;
  readonly heads: number;
  /** Position i sees j where floor(j / blockSize) <= floor(i / blockSize): T is bidirectional, 1 is causal. */
  readonly blockSize: number;
  /**
   * Sequences come in pairs of equal text, noisy then clean (BD3-LM 2503.09573, section 3.2): a noisy block sees itself
   * and the clean blocks before it, a clean block the clean ones up to itself. Default false.
   */
  readonly paired?: boolean;
}

/**
 * Attention of each of the N / T sequences with itself: qkv (N, 3 C) holds queries, keys and values, heads contiguous;
 * result (N, C). Throws `ShapeError` when T does not divide N, or the heads do not divide C.
 *
 * Gradients, with p the probabilities: dv_j = sum_i p_ij do_i; ds_ij = p_ij (do_i . v_j - do_i . o_i);
 * dq_i = sum_j ds_ij k_j / sqrt(D); dk_j = sum_i ds_ij q_i / sqrt(D).
 */
export function attention(qkv: Tensor, { T, heads, blockSize, paired = false }: AttentionOptions): Tensor {
  const { N, W } = expectShape('attention', 'qkv', qkv, ['N', 'W']);
  const C = W / 3;
  if (N % T !== 0 || C % heads !== 0) {
    throw new ShapeError(
      `attention: expected qkv (B * ${T}, 3 * C) with C divided by ${heads} heads, got ${showShape(qkv.shape)}`,
    );
  }
  if (!Number.isInteger(blockSize) || blockSize < 1) {
    throw new ShapeError(`attention: expected a block size of at least 1, got ${blockSize}`);
  }
  if (paired && (N / T) % 2 !== 0) {
    throw new ShapeError(`attention: expected pairs of noisy and clean sequences, got ${N / T} sequences`);
  }
  const { graph } = qkv;
  const out = transientTensor(graph, 'attention', [N, C]);
  const logSum = transientTensor(graph, 'attention log sum', [N, heads]);
  const D = C / heads;
  const parameters = { N, T, C, D, blockSize, PAIRED: Number(paired) };
  // One row per invocation for any width, or four rows with vector loads; which is faster depends on the adapter.
  const variantsOf = <K>(byRow: K, blocked: K) => {
    const ofRow = { kernel: byRow, workgroups: linearWorkgroups(N * heads) };
    const ofFour = { kernel: blocked, workgroups: linearWorkgroups((N / T) * heads * Math.ceil(T / 4)) };
    return D % 4 === 0 ? [ofFour, ofRow] : [ofRow];
  };
  const products = 2 * N * T * C;
  launch(graph, {
    label: `attention ${N} x ${C}, ${heads} heads`,
    variants: variantsOf(forwardKernel, blockedKernel),
    bindings: { qkv, out, logSum },
    parameters,
    flops: 2 * products,
  });
  return differentiable(out, [qkv], (dout) => [
    {
      input: qkv,
      write: (dqkv: Tensor) => {
        const delta = transientTensor(graph, 'delta', [N, heads]);
        launch(graph, {
          label: `attention backward, queries ${N} x ${C}`,
          variants: variantsOf(queryKernel, blockedQueryKernel),
          bindings: { qkv, out, logSum, dout, delta, dqkv },
          parameters,
          flops: 3 * products,
        });
        launch(graph, {
          label: `attention backward, keys and values ${N} x ${C}`,
          variants: variantsOf(keyValueKernel, blockedKeyValueKernel),
          bindings: { qkv, logSum, dout, delta, dqkv },
          parameters,
          flops: 4 * products,
        });
      },
    },
  ]);
}
