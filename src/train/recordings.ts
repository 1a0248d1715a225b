/**
 * The steps that are recorded of a run: training and evaluation. What a batch costs is `loss.ts`; running the steps is
 * `trainer.ts` and `evaluation.ts`. The plain forward pass is `src/model/forwardPass.ts`.
 */
import type { Experiment } from '../config/schema.ts';
import { adamwRoles, blockKey, hasRouterBias, muonMatrices } from '../nn/layout.ts';
import { frozen, maskIdOf, type ParameterStorages, trainable } from '../nn/parameters.ts';
import { adamw } from '../ops/adamw.ts';
import { add, backward } from '../ops/add.ts';
import { hyperShape } from '../ops/hyper.ts';
import { muon } from '../ops/muon.ts';
import { updateRouterBias } from '../ops/routerBias.ts';
import type { Recording } from '../runtime/recording.ts';
import { tap } from '../tensor/taps.ts';
import { createGraph, type Graph, persistentTensor, type Tensor, tensorOver } from '../tensor/tensor.ts';
import { type BatchInputs, batchInputs, batchLoss, drawnInput, givenInput } from './loss.ts';

export interface TrainingRecording {
  readonly recording: Recording;
  readonly inputs: BatchInputs & { readonly hyper: Tensor };
  /** (1) nats per token, balance losses left out. */
  readonly loss: Tensor;
  /**
   * What probes are recorded on. Taps: `clip` (2), the global norm of the gradient and the factor that clipped it;
   * `layer.N.asked` (E + 1) u32 of each layer with experts, where each expert's routes begin, dropped ones included;
   * `layer.N.held` (E + 1) u32 where experts may drop routes, where each expert's slots begin.
   */
  readonly graph: Graph;
  /** What the network reads, what sorts rows with loss first, and the loss that is differentiated: for tests. */
  readonly xt: Tensor;
  readonly maskKey: Tensor | null;
  readonly total: Tensor;
}

/**
 * Records one training step: corrupt or shift, forward, loss, backward, clip, optimizer, average.
 * With `given`, nothing is drawn: `xt` and `maskKey` are inputs, so that a step elsewhere can be repeated exactly.
 */
export function recordTraining(
  experiment: Experiment,
  parameters: ParameterStorages,
  { given = false }: { given?: boolean } = {},
): TrainingRecording {
  const { model, objective, training, data } = experiment;
  const graph = createGraph();
  const B = training.batchSize;
  const T = data.sequenceLength;
  const inputs = batchInputs(graph, B, experiment);
  const input = given
    ? givenInput(graph, experiment, B * T)
    : drawnInput(experiment, inputs, maskIdOf(parameters), { inputMasking: objective.inputMasking });
  const { ce, routes } = batchLoss(trainable(graph, parameters), experiment, inputs, input, inputs.draw);
  const total = routes.flatMap(({ auxiliaryLosses }) => auxiliaryLosses).reduce(add, ce.loss);
  const one = persistentTensor(graph, 'one', [1], { initial: [1] });
  backward(graph, [{ tensor: total, upstream: one }]);

  const hyper = persistentTensor(graph, 'hyperparameters of the step', hyperShape);
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
  tap(graph, 'clip', clip);
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
    graph,
    ...input,
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
  const inputs = batchInputs(graph, B, experiment);
  const source = frozen(graph, parameters.layout, parameters.average);
  // Always the NELBO by exact counts, or the exact NLL, whatever the weighting of training (SCIENCE 1).
  const exact = { ...experiment, objective: { ...experiment.objective, weighting: 'uniform-k' as const } };
  const input = drawnInput(exact, inputs, maskIdOf(parameters), { inputMasking: 0 });
  const { ce } = batchLoss(source, exact, inputs, input, null);
  return { recording: { launches: graph.launches }, inputs, sampleLoss: ce.sampleLoss };
}
