/**
 * What a model costs: parameters in all and per token, floating point operations per token.
 */
import { expertShareOf } from '../config/capacity.ts';
import type { Experiment } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import { sizeOf } from '../tensor/tensor.ts';

export interface Accounting {
  /** Every parameter, embedding and head included. */
  readonly total: number;
  /** Parameters that one token meets on average: of the routed experts the share that the router computes. */
  readonly active: number;
  /** Forward and backward operations per token: 6 per active matrix weight, 12 L T C for attention. */
  readonly trainFlopsPerToken: number;
  /** A third of it: forward only. */
  readonly inferenceFlopsPerToken: number;
}

/**
 * Counts a model over a vocabulary without the mask. The embedding is a look-up and costs no operations; the head is
 * counted in full, as an inference needs it (training computes it for masked rows only). Kaplan et al. 2020
 * (arXiv 2001.08361), section 2.1, with attention counted on all T positions because it is bidirectional.
 */
export function accountingOf({ model, data, training }: Experiment, vocabularySize: number): Accounting {
  const layout = layoutOf(model, vocabularySize);
  const expertShare = expertShareOf(model, training.batchSize, data.sequenceLength);
  let active = 0;
  let multiplied = 0;
  for (const [key, { shape, kind }] of layout.blocks) {
    const share = key.includes('.experts.') ? expertShare : 1;
    active += sizeOf(shape) * share;
    if (kind === 'matrix' && key !== 'embedding') multiplied += sizeOf(shape) * share;
  }
  const trainFlopsPerToken = 6 * multiplied + 12 * model.layers * data.sequenceLength * model.width;
  return {
    total: layout.parameters,
    active: Math.round(active),
    trainFlopsPerToken,
    inferenceFlopsPerToken: trainFlopsPerToken / 3,
  };
}
