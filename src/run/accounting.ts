/**
 * What a model costs: parameters in all and per token, floating point operations per token.
 */
import { expertShareOf } from '../config/capacity.ts';
import { readsCleanText } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import { sizeOf } from '../tensor/tensor.ts';

export interface Accounting {
  /** Every parameter, embedding and head included. */
  readonly total: number;
  /** Parameters that one token meets on average: of the routed experts the share that the router computes. */
  readonly active: number;
  /** Forward and backward operations per token of text: 6 per active matrix weight, 12 L T C for attention. */
  readonly trainFlopsPerToken: number;
  /** Forward only: a third of it, where training reads no clean text besides. */
  readonly inferenceFlopsPerToken: number;
}

/**
 * Counts a model over a vocabulary without the mask. The embedding is a look-up and costs no operations; the head is
 * counted in full, as an inference needs it (training computes it for masked rows only). Kaplan et al. 2020
 * (arXiv 2001.08361), section 2.1, with attention counted on all T positions whatever the objective, so that equal shapes
 * count alike (a causal one skips up to half of it). Block diffusion trains on two rows per token, noisy and clean; the
 * head reads the noisy one.
 */
export function accountingOf(experiment: Experiment, vocabularySize: number): Accounting {
  const { model, data, training } = experiment;
  const layout = layoutOf(model, vocabularySize);
  const expertShare = expertShareOf(model, training.batchSize, data.sequenceLength);
  let active = 0;
  let multiplied = 0;
  const rows = readsCleanText(experiment) ? 2 : 1;
  for (const [key, { shape, kind }] of layout.blocks) {
    const share = key.includes('.experts.') ? expertShare : 1;
    active += sizeOf(shape) * share;
    if (kind === 'matrix' && key !== 'embedding') multiplied += sizeOf(shape) * share;
  }
  const head = sizeOf(layout.blocks.get('head')!.shape);
  const perRow = 2 * (multiplied - head) + 4 * model.layers * data.sequenceLength * model.width;
  return {
    total: layout.parameters,
    active: Math.round(active),
    trainFlopsPerToken: 3 * (rows * perRow + 2 * head),
    inferenceFlopsPerToken: perRow + 2 * head,
  };
}
