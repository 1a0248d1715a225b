/**
 * The objective of a batch as recorded: what the network reads, and the loss of the rows that carry one. Masked
 * diffusion hides positions and predicts those; an autoregressive model predicts every token from those before it; block
 * diffusion hides positions of each block and reads the clean blocks before it.
 */

import { ShapeError } from '../base/errors.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import { attentionBlock, noiseLength, readsCleanText } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import { isMeanOverMasked, levelKind } from '../diffusion/noise.ts';
import type { LayerRoutes } from '../nn/experts.ts';
import type { ParameterSource } from '../nn/parameters.ts';
import { headOf, transformer } from '../nn/transformer.ts';
import { corrupt } from '../ops/corrupt.ts';
import { type CrossEntropy, crossEntropy } from '../ops/crossEntropy.ts';
import { gatherRows } from '../ops/gatherRows.ts';
import { groupedMatmul } from '../ops/groupedMatmul.ts';
import { noisyRows, pairSequences } from '../ops/pairSequences.ts';
import { shiftRight } from '../ops/shiftRight.ts';
import { sortByKey } from '../ops/sortByKey.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { type Graph, persistentTensor, reshape, type Tensor } from '../tensor/tensor.ts';

/** What is written before every step of training or evaluation. */
export interface BatchInputs {
  /** (B, T) u32 clean tokens. */
  readonly x0: Tensor;
  /** (S) u32 and (S) f32: see `MaskLevels`; a sample is a sequence, or a block of one. Without noise levels are not read. */
  readonly level: Tensor;
  readonly weight: Tensor;
  /** (2) u32: seed and step, the counters of the random masks. */
  readonly draw: Tensor;
  /** (B) u32 where the answer of each sample begins, where the text is prompts with answers. */
  readonly answerStart?: Tensor;
}

/** What the network reads of a batch. */
export interface NetworkInput {
  /** (B * T) tokens, masks included. */
  readonly xt: Tensor;
  /** (B * T) 0 where a row carries loss, 1 elsewhere; null where all of them do. */
  readonly maskKey: Tensor | null;
}

export function batchInputs(graph: Graph, B: number, experiment: Experiment): BatchInputs {
  const { sequenceLength: T, corpus } = experiment.data;
  const S = (B * T) / (noiseLength(experiment) ?? T);
  return {
    ...(corpusKind(corpus).isPairs && { answerStart: persistentTensor(graph, 'answer starts', [B], { type: 'u32' }) }),
    x0: persistentTensor(graph, 'x0', [B, T], { type: 'u32' }),
    level: persistentTensor(graph, 'mask levels', [S], { type: 'u32' }),
    weight: persistentTensor(graph, 'loss weights', [S], { initial: new Array<number>(S).fill(1) }),
    draw: persistentTensor(graph, 'seed and step', [2], { type: 'u32' }),
  };
}

/** Writes where answers begin. Throws `ShapeError` where a recording needs it and got none, or the reverse. */
export function writeAnswerStart(runtime: Runtime, inputs: BatchInputs, answerStart: Uint32Array | undefined): void {
  if ((inputs.answerStart === undefined) !== (answerStart === undefined)) {
    const [expected, got] = inputs.answerStart ? ['answer starts (B)', 'none'] : ['no answer starts', 'some'];
    throw new ShapeError(`batch: expected ${expected} as data.corpus says, got ${got}`);
  }
  if (inputs.answerStart && answerStart) runtime.write(inputs.answerStart, answerStart);
}

/** Records the noise of a step. `inputMasking` is part of training alone. */
export function drawnInput(
  experiment: Experiment,
  { x0, level, draw, answerStart }: BatchInputs,
  maskId: number,
  { inputMasking }: { inputMasking: number },
): NetworkInput {
  const length = noiseLength(experiment);
  if (length === null) return { xt: shiftRight(x0, maskId, { draw, share: inputMasking }), maskKey: null };
  const samples = reshape(x0, [x0.length / length, length]);
  return corrupt(samples, { level, draw, answerStart, maskId, kind: levelKind(experiment.objective.weighting) });
}

/** The same as inputs, for a step elsewhere that is to be repeated exactly. */
export function givenInput(graph: Graph, { objective }: Experiment, N: number): NetworkInput {
  const input = (label: string) => persistentTensor(graph, label, [N], { type: 'u32' });
  return { xt: input('xt'), maskKey: objective.kind === 'autoregressive' ? null : input('mask key') };
}

/** The loss of a batch; the head runs on the rows that carry loss only. `draw` as in `Sequences`: null outside training. */
export function batchLoss(
  source: ParameterSource,
  experiment: Experiment,
  { x0, weight }: BatchInputs,
  { xt, maskKey }: NetworkInput,
  draw: Tensor | null,
): { ce: CrossEntropy; routes: readonly LayerRoutes[] } {
  const [B, T] = x0.shape;
  const head = source('head');
  const vocabulary = head.shape[1];
  const paired = readsCleanText(experiment);
  const tokens = paired ? pairSequences(xt, x0) : xt;
  const sorted = x0.graph.recordsGradients && head.isDifferentiable ? sortByKey(tokens, vocabulary) : null;
  const sequences = { tokens, sorted, B: tokens.length / T, T, draw, paired };
  const { hidden: all, routes } = transformer(source, experiment.model, sequences, attentionBlock(experiment));
  const hidden = paired ? noisyRows(all, T) : all;
  const target = { targets: reshape(x0, [B * T]), weights: weight, maskId: vocabulary - 1 };
  return {
    ce: maskKey ? lossOfMasked(experiment, hidden, head, maskKey, target) : lossOfAll(hidden, head, target),
    routes,
  };
}

interface Target {
  readonly targets: Tensor;
  readonly weights: Tensor;
  readonly maskId: number;
}

function lossOfMasked({ objective }: Experiment, hidden: Tensor, head: Tensor, maskKey: Tensor, target: Target) {
  const N = maskKey.length;
  const masked = sortByKey(maskKey, 1);
  const rows = { slotOf: reshape(masked.slotOf, [N, 1]), pairOf: masked.order, J: 1, slots: N };
  const logits = groupedMatmul(gatherRows(hidden, rows), head, masked.offsets);
  const counted = isMeanOverMasked(objective.weighting) ? masked.offsets : undefined;
  return crossEntropy(logits, { slotOf: masked.slotOf, ...target, counted });
}

function lossOfAll(hidden: Tensor, head: Tensor, target: Target) {
  const N = target.targets.length;
  const initial = Array.from({ length: N }, (_, n) => n);
  const slotOf = persistentTensor(hidden.graph, 'every row', [N], { type: 'u32', initial });
  return crossEntropy(headOf(hidden, head), { slotOf, ...target });
}
