/**
 * The transformer of SCIENCE 2: pre-norm, rotary embedding, QK-norm, SwiGLU feed-forward that is dense or a mixture
 * of experts. Composition of ops only; the objective and the head's loss are in `src/train/recordings.ts`.
 */
import { attention } from '../ops/attention.ts';
import { addDropped } from '../ops/dropout.ts';
import { embedding } from '../ops/embedding.ts';
import { matmul } from '../ops/matmul.ts';
import { qkNormRope } from '../ops/qkNormRope.ts';
import { rmsnorm } from '../ops/rmsnorm.ts';
import type { Sorted } from '../ops/sortByKey.ts';
import { layerTap, tap } from '../tensor/taps.ts';
import { reshape, type Tensor } from '../tensor/tensor.ts';
import { type LayerRoutes, mixtureOfExperts } from './experts.ts';
import { feedForward } from './feedForward.ts';
import { blockKey, feedForwardAt, type ModelSettings } from './layout.ts';
import type { ParameterSource } from './parameters.ts';
import { scheduledCapacities } from './routers.ts';

export interface TransformerOutput {
  /** (N, C) after the final norm. */
  readonly hidden: Tensor;
  readonly routes: readonly LayerRoutes[];
}

export interface Sequences {
  /** (N = B * T) token ids, masks included. */
  readonly tokens: Tensor;
  /** The positions sorted by token, which the gradient of the embedding gathers by; null without gradients. */
  readonly sorted: Sorted | null;
  readonly B: number;
  readonly T: number;
  /** (2) u32 in training: seed and step, the counters of what is random inside the model; null elsewhere. */
  readonly draw: Tensor | null;
  /** Sequences in pairs of equal text, noisy then clean, as `pairSequences` puts them; default false. */
  readonly paired?: boolean;
  /** By layer with experts, where the model is only run: see `RouterContext`. */
  readonly shares?: (layer: number) => Tensor;
}

/**
 * Hidden states of `B` sequences of `T` tokens. Position i attends to j where floor(j / blockSize) <=
 * floor(i / blockSize): `blockSize` T is bidirectional (diffusion), 1 is causal; of pairs see `attention`.
 */
export function transformer(
  source: ParameterSource,
  model: ModelSettings,
  { tokens, sorted, B, T, draw, paired, shares }: Sequences,
  blockSize: number,
): TransformerOutput {
  const { heads, ropeBase: base, dropout: rate } = model;
  // A branch adds itself to the residual stream, unless dropout comes between.
  const addBranch = (place: number, onto: Tensor, branch: (residual: Tensor | null) => Tensor) =>
    draw && rate > 0 ? addDropped(branch(null), onto, { rate, draw, place }) : branch(onto);
  const routes: LayerRoutes[] = [];
  const table = source('embedding');
  const capacities = scheduledCapacities(model, tokens, { B, T, maskId: table.shape[0] - 1 });
  let x = embedding(table, tokens, sorted);
  for (let layer = 0; layer < model.layers; layer++) {
    const block = (name: string) => source(blockKey(layer, name));
    const qkv = matmul(rmsnorm(x, block('attentionNorm')), block('qkv'), { transB: true });
    const qWeight = model.qkNorm ? block('queryNorm') : null;
    const kWeight = model.qkNorm ? block('keyNorm') : null;
    const turned = qkNormRope(qkv, { T, heads, base, qWeight, kWeight });
    const mixed = attention(turned, { T, heads, blockSize, paired });
    x = addBranch(2 * layer, x, (residual) => matmul(mixed, block('attentionOut'), { transB: true, residual }));
    const normalised = rmsnorm(x, block('feedForwardNorm'));
    const kind = feedForwardAt(model, layer);
    x = addBranch(2 * layer + 1, x, (residual) => {
      if (kind === 'dense') return feedForward(normalised, block('dense.gateUp'), block('dense.down'), residual);
      const { output, ...decisions } = mixtureOfExperts(kind, block, model, normalised, {
        B,
        T,
        layer,
        capacities,
        draw,
        shares: shares?.(layer) ?? null,
        residual,
      });
      const { asked, offsets } = decisions.routing;
      tap(x.graph, layerTap(layer, 'asked'), asked);
      if (asked !== offsets) tap(x.graph, layerTap(layer, 'held'), offsets);
      routes.push({ layer, ...decisions });
      return output;
    });
  }
  return { hidden: rmsnorm(x, source('finalNorm')), routes };
}

/** Logits (N, V + 1) of every row of hidden (N, C). */
export function headOf(hidden: Tensor, head: Tensor): Tensor {
  return matmul(hidden, reshape(head, head.shape.slice(1)), { transB: true });
}
