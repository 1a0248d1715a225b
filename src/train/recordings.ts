/**
 * The three steps that are recorded: training, evaluation and a plain forward pass. Here the model of `src/nn` meets
 * the objective of `src/diffusion`; running them is `trainer.ts` and `forwardPass.ts`.
 */

import { corpusKind } from '../config/corpusKinds.ts';
import { ShapeError } from '../config/errors.ts';
import type { Experiment } from '../config/schema.ts';
import { isMeanOverMasked, levelKind } from '../diffusion/noise.ts';
import type { Range, Recording } from '../gpu/recording.ts';
import type { Runtime } from '../gpu/runtime.ts';
import type { LayerRoutes } from '../nn/experts.ts';
import { adamwRoles, blockKey, hasRouterBias, muonMatrices } from '../nn/layout.ts';
import { frozen, type ParameterSource, type ParameterStorages, trainable } from '../nn/parameters.ts';
import { transformer } from '../nn/transformer.ts';
import { adamw } from '../ops/adamw.ts';
import { add, backward } from '../ops/add.ts';
import { type Corrupted, corrupt } from '../ops/corrupt.ts';
import { type CrossEntropy, crossEntropy } from '../ops/crossEntropy.ts';
import { gatherRows } from '../ops/gatherRows.ts';
import { groupedMatmul } from '../ops/groupedMatmul.ts';
import { matmul } from '../ops/matmul.ts';
import { muon } from '../ops/muon.ts';
import { updateRouterBias } from '../ops/routerBias.ts';
import { sortByKey } from '../ops/sortByKey.ts';
import { createGraph, type Graph, persistentTensor, reshape, type Tensor, tensorOver } from '../tensor/tensor.ts';

/** What is written before every step of training or evaluation. */
export interface BatchInputs {
  /** (B, T) u32 clean tokens. */
  readonly x0: Tensor;
  /** (B) u32 and (B) f32: see `MaskLevels`. */
  readonly level: Tensor;
  readonly weight: Tensor;
  /** (2) u32: seed and step, the counters of the random masks. */
  readonly draw: Tensor;
  /** (B) u32 where the answer of each sample begins, where the text is prompts with answers. */
  readonly answerStart?: Tensor;
}

export interface TrainingRecording {
  readonly recording: Recording;
  readonly inputs: BatchInputs & { readonly hyper: Tensor };
  /** (1) nats per token, balance losses left out. */
  readonly loss: Tensor;
  /** (2) global norm of the gradient, and the factor that clipped it. */
  readonly clip: Tensor;
  /** Per layer with experts, (E + 1) u32: where each expert's routes begin, dropped ones included. */
  readonly asked: readonly Range[];
  /** Per layer whose experts may drop routes, (E + 1) u32: where each expert's slots begin. */
  readonly held: readonly Range[];
  /** Tokens with masks, what sorts the masked first, and the loss to differentiate: for tests that look inside. */
  readonly xt: Tensor;
  readonly maskKey: Tensor;
  readonly total: Tensor;
}

/**
 * Records one training step: corrupt, forward, loss on the masked rows, backward, clip, AdamW, average.
 * With `given`, nothing is drawn: `xt` and `maskKey` are inputs, so that a step elsewhere can be repeated exactly.
 */
export function recordTraining(
  experiment: Experiment,
  parameters: ParameterStorages,
  { given = false }: { given?: boolean } = {},
): TrainingRecording {
  const { model, training, data } = experiment;
  const graph = createGraph();
  const B = training.batchSize;
  const T = data.sequenceLength;
  const inputs = batchInputs(graph, B, data);
  const corrupted = given ? givenMasks(graph, B * T) : drawnMasks(experiment, inputs, maskIdOf(parameters));
  const { ce, routes } = diffusionLoss(trainable(graph, parameters), experiment, inputs, corrupted, inputs.draw);
  const total = routes.flatMap(({ auxiliaryLosses }) => auxiliaryLosses).reduce(add, ce.loss);
  const one = persistentTensor(graph, 'one', [1], { initial: [1] });
  backward(graph, [{ tensor: total, upstream: one }]);

  const hyper = persistentTensor(graph, 'hyperparameters of the step', [4]);
  const { layout } = parameters;
  const flat = (name: 'parameter' | 'gradient' | 'moment1' | 'moment2' | 'average') =>
    tensorOver(graph, parameters[name], 0, [layout.length]);
  const granules = adamwRoles(layout, training.optimizer);
  const state = {
    parameter: flat('parameter'),
    gradient: flat('gradient'),
    moment1: flat('moment1'),
    moment2: flat('moment2'),
    average: flat('average'),
    roles: persistentTensor(graph, 'roles of the optimizer', [granules.length], { type: 'u32', initial: granules }),
    hyper,
  };
  const clip = adamw(state, training);
  if (training.optimizer === 'muon') {
    const { muonMomentum: momentum, weightDecay } = training;
    muon(state, clip, muonMatrices(layout), { momentum, weightDecay });
  }
  if (hasRouterBias(model))
    for (const { layer, routing } of routes) {
      const { offset, shape } = layout.blocks.get(blockKey(layer, 'routerBias'))!;
      const at = (name: 'parameter' | 'average') => tensorOver(graph, parameters[name], offset, shape);
      updateRouterBias({ bias: at('parameter'), average: at('average'), hyper }, routing, model.biasRate);
    }
  return {
    recording: { launches: graph.launches },
    inputs: { ...inputs, hyper },
    loss: ce.loss,
    clip,
    asked: routes.map(({ routing }) => routing.asked),
    held: routes.flatMap(({ routing }) => (routing.asked === routing.offsets ? [] : [routing.offsets])),
    ...corrupted,
    total,
  };
}

export interface EvaluationRecording {
  readonly recording: Recording;
  readonly inputs: BatchInputs;
  /** (B) weighted nats per token of each sample. */
  readonly sampleLoss: Tensor;
}

/** Records the loss of a batch under the averaged weights, without gradients. */
export function recordEvaluation(
  experiment: Experiment,
  parameters: ParameterStorages,
  B: number,
): EvaluationRecording {
  const graph = createGraph();
  const inputs = batchInputs(graph, B, experiment.data);
  const source = frozen(graph, parameters.layout, parameters.average);
  // Evaluation always reports the NELBO by exact counts, whatever the objective of training (SCIENCE 1).
  const exact = { ...experiment, objective: { ...experiment.objective, weighting: 'uniform-k' as const } };
  const { ce } = diffusionLoss(source, exact, inputs, drawnMasks(exact, inputs, maskIdOf(parameters)), null);
  return { recording: { launches: graph.launches }, inputs, sampleLoss: ce.sampleLoss };
}

export interface ForwardRecording {
  readonly recording: Recording;
  /** (B, T) u32 tokens, masks included. */
  readonly tokens: Tensor;
  /** (B * T, V + 1); the column of the mask is as the head gives it. */
  readonly logits: Tensor;
  readonly routes: readonly LayerRoutes[];
}

/** Records logits and routes of given tokens, under the averaged weights. */
export function recordForward(
  model: Experiment['model'],
  parameters: ParameterStorages,
  B: number,
  T: number,
): ForwardRecording {
  const graph = createGraph();
  const source = frozen(graph, parameters.layout, parameters.average);
  const tokens = persistentTensor(graph, 'tokens', [B, T], { type: 'u32' });
  const sequences = { tokens: reshape(tokens, [B * T]), sorted: null, B, T, draw: null };
  const { hidden, routes } = transformer(source, model, sequences, T);
  const head = source('head');
  const logits = matmul(hidden, reshape(head, head.shape.slice(1)), { transB: true });
  return { recording: { launches: graph.launches }, tokens, logits, routes };
}

function batchInputs(graph: Graph, B: number, { sequenceLength: T, corpus }: Experiment['data']): BatchInputs {
  return {
    ...(corpusKind(corpus).isPairs && { answerStart: persistentTensor(graph, 'answer starts', [B], { type: 'u32' }) }),
    x0: persistentTensor(graph, 'x0', [B, T], { type: 'u32' }),
    level: persistentTensor(graph, 'mask levels', [B], { type: 'u32' }),
    weight: persistentTensor(graph, 'loss weights', [B]),
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

/** The mask is the last token of the vocabulary. */
function maskIdOf({ layout }: ParameterStorages): number {
  return layout.blocks.get('embedding')!.shape[0] - 1;
}

function drawnMasks(
  { objective }: Experiment,
  { x0, level, draw, answerStart }: BatchInputs,
  maskId: number,
): Corrupted {
  return corrupt(x0, { level, draw, answerStart, maskId, kind: levelKind(objective.weighting) });
}

function givenMasks(graph: Graph, N: number): Corrupted {
  return {
    xt: persistentTensor(graph, 'xt', [N], { type: 'u32' }),
    maskKey: persistentTensor(graph, 'mask key', [N], { type: 'u32' }),
  };
}

/** The loss of the masked rows of a corrupted batch; the head runs on those rows only. */
function diffusionLoss(
  source: ParameterSource,
  { model, objective }: Experiment,
  { x0, weight }: BatchInputs,
  { xt, maskKey }: Corrupted,
  draw: Tensor | null,
): { ce: CrossEntropy; routes: readonly LayerRoutes[] } {
  const [B, T] = x0.shape;
  const N = B * T;
  const head = source('head');
  const vocabulary = head.shape[1];
  const maskId = vocabulary - 1;
  const sorted = x0.graph.recordsGradients && head.isDifferentiable ? sortByKey(xt, vocabulary) : null;
  const { hidden, routes } = transformer(source, model, { tokens: xt, sorted, B, T, draw }, T);
  const masked = sortByKey(maskKey, 1);
  const rows = { slotOf: reshape(masked.slotOf, [N, 1]), pairOf: masked.order, J: 1, slots: N };
  const logits = groupedMatmul(gatherRows(hidden, rows), head, masked.offsets);
  const targets = reshape(x0, [N]);
  const counted = isMeanOverMasked(objective.weighting) ? masked.offsets : undefined;
  const ce = crossEntropy(logits, { slotOf: masked.slotOf, targets, weights: weight, maskId, counted });
  return { ce, routes };
}
