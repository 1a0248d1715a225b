/**
 * Cross-entropy over the rows that carry loss: the masked positions of a diffusion step, or all of an AR step.
 * SUBS parametrisation (MDLM, arXiv 2406.07524): the logit of the mask token counts as -inf.
 */
import wgsl from '../../shaders/cross_entropy.wgsl?raw';
import backwardWgsl from '../../shaders/cross_entropy_backward.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import weightedMeanWgsl from '../../shaders/weighted_mean.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none } from './routing.ts';

const forwardKernel = kernel({
  name: 'cross_entropy',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    b: { logits: Floats; slotOf: Words; targets: Words; nll: Floats; logSum: Floats },
    { N, V, maskId }: { N: number; V: number; maskId: number },
  ) => {
    for (let n = 0; n < N; n++) {
      b.nll[n] = 0;
      b.logSum[n] = 0;
      if (b.slotOf[n] === none) continue;
      const base = b.slotOf[n] * V;
      let largest = Number.NEGATIVE_INFINITY;
      for (let v = 0; v < V; v++) if (v !== maskId) largest = Math.max(largest, b.logits[base + v]);
      let sum = 0;
      for (let v = 0; v < V; v++) if (v !== maskId) sum += Math.exp(b.logits[base + v] - largest);
      b.logSum[n] = largest + Math.log(sum);
      b.nll[n] = b.logSum[n] - b.logits[base + b.targets[n]];
    }
  },
});

const backwardKernel = kernel({
  name: 'cross_entropy_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: {
      logits: Floats;
      slotOf: Words;
      targets: Words;
      weights: Floats;
      logSum: Floats;
      dloss: Floats;
      counted: Words;
      dlogits: Floats;
    },
    { N, V, T, maskId, COUNTED }: { N: number; V: number; T: number; maskId: number; COUNTED: number },
  ) => {
    const rows = COUNTED ? Math.max(1, b.counted[1]) : N;
    for (let n = 0; n < N; n++) {
      if (b.slotOf[n] === none) continue;
      const base = b.slotOf[n] * V;
      const scale = (b.dloss[0] * b.weights[Math.floor(n / T)]) / rows;
      for (let v = 0; v < V; v++) b.dlogits[base + v] = scale * Math.exp(b.logits[base + v] - b.logSum[n]);
      b.dlogits[base + b.targets[n]] -= scale;
      b.dlogits[base + maskId] = 0;
    }
  },
});

const weightedMeanKernel = kernel({
  name: 'weighted_mean',
  wgsl: weightedMeanWgsl,
  twin: (
    b: { nll: Floats; weights: Floats; counted: Words; sampleLoss: Floats; loss: Floats },
    { B, T, COUNTED }: { B: number; T: number; COUNTED: number },
  ) => {
    let total = 0;
    for (let sample = 0; sample < B; sample++) {
      let sum = 0;
      for (let n = sample * T; n < (sample + 1) * T; n++) sum += b.nll[n];
      b.sampleLoss[sample] = (b.weights[sample] * sum) / T;
      total += b.sampleLoss[sample];
    }
    b.loss[0] = COUNTED ? (total * T) / Math.max(1, b.counted[1]) : total / B;
  },
});

export interface CrossEntropy {
  /** (1) nats per token: mean over samples of `sampleLoss`, or over the rows that `counted` counts. */
  readonly loss: Tensor;
  /** (B) weight * (sum of nll over the sample) / T. */
  readonly sampleLoss: Tensor;
  /** (B * T) nats of each position; 0 where it carries no loss. */
  readonly nll: Tensor;
}

/**
 * `loss = sum over positions with a slot of weights[b] * -log softmax(logits)[target] / (B T)` in nats:
 * logits (B T, V + 1) with rows by slot, slotOf (B T) (`none`: no loss), targets (B T), weights (B). The softmax runs
 * over all columns but `maskId`; no target may be the mask. Normalised by all positions, not by the masked ones
 * (LLaDA 2502.09992, equation 3), unless `counted` (2) is given, whose second word is the number of positions to divide
 * by, e.g. `offsets` of the sort that dealt the slots (MaskGIT 2202.04200, equation 1). Throws `ShapeError` for other
 * shapes.
 *
 * Gradient: weights[b] / (B T, or that number) * (softmax - onehot(target)), 0 for the mask's column.
 */
export function crossEntropy(
  logits: Tensor,
  options: { slotOf: Tensor; targets: Tensor; weights: Tensor; maskId: number; counted?: Tensor },
): CrossEntropy {
  const { slotOf, targets, weights, maskId } = options;
  const { graph } = logits;
  const { N, V } = expectShape('crossEntropy', 'logits', logits, ['N', 'V']);
  const { B } = expectShape('crossEntropy', 'weights', weights, ['B']);
  if (N % B !== 0) throw new ShapeError(`crossEntropy: expected logits of ${B} samples of one length, got ${N} rows`);
  if (!(maskId < V)) throw new ShapeError(`crossEntropy: expected a mask among ${V} columns, got column ${maskId}`);
  expectShape('crossEntropy', 'slotOf', slotOf, [N], 'u32');
  expectShape('crossEntropy', 'targets', targets, [N], 'u32');
  if (options.counted) expectShape('crossEntropy', 'counted', options.counted, [2], 'u32');
  const counted = options.counted ?? slotOf;
  const COUNTED = Number(options.counted !== undefined);
  const T = N / B;
  const nll = transientTensor(graph, 'nll', [N]);
  const logSum = transientTensor(graph, 'log sum', [N]);
  const sampleLoss = transientTensor(graph, 'sample loss', [B]);
  const loss = transientTensor(graph, 'loss', [1]);
  launch(graph, {
    label: `cross-entropy ${N} x ${V}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(N) }],
    bindings: { logits, slotOf, targets, nll, logSum },
    parameters: { N, V, maskId },
    flops: 4 * N * V,
  });
  launch(graph, {
    label: 'weighted mean of the loss',
    variants: [{ kernel: weightedMeanKernel, workgroups: [1, 1, 1] }],
    bindings: { nll, weights, counted, sampleLoss, loss },
    parameters: { B, T, COUNTED },
    flops: N,
  });
  const result = differentiable(loss, [logits], (dloss) => [
    {
      input: logits,
      write: (dlogits: Tensor) =>
        launch(graph, {
          label: `cross-entropy backward ${N} x ${V}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(N * V) }],
          bindings: { logits, slotOf, targets, weights, logSum, dloss, counted, dlogits },
          parameters: { N, V, T, maskId, COUNTED },
          flops: 4 * N * V,
        }),
    },
  ]);
  return { loss: result, sampleLoss, nll };
}
