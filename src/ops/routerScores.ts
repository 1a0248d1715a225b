/**
 * Router scores from router logits: softmax, where experts compete, or sigmoid, where each stands alone.
 * Which experts are taken is decided elsewhere (`expertChoice.ts`, `tokenChoice.ts`).
 */
import wgsl from '../../shaders/router_scores.wgsl?raw';
import backwardWgsl from '../../shaders/router_scores_backward.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import sigmoidWgsl from '../../shaders/shared/sigmoid.wgsl?raw';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

export type ScoreKind = 'softmax' | 'sigmoid';

const forwardKernel = kernel({
  name: 'router_scores',
  wgsl,
  helpers: [indexWgsl, sigmoidWgsl],
  twin: (
    { logits, scores }: { logits: Floats; scores: Floats },
    { rows, E, SIGMOID }: { rows: number; E: number; SIGMOID: number },
  ) => {
    for (let base = 0; base < rows * E; base += E) {
      if (SIGMOID) {
        for (let i = base; i < base + E; i++) scores[i] = 1 / (1 + Math.exp(-logits[i]));
        continue;
      }
      let largest = logits[base];
      for (let i = base + 1; i < base + E; i++) largest = Math.max(largest, logits[i]);
      let sum = 0;
      for (let i = base; i < base + E; i++) sum += Math.exp(logits[i] - largest);
      for (let i = base; i < base + E; i++) scores[i] = Math.exp(logits[i] - largest) / sum;
    }
  },
});

const backwardKernel = kernel({
  name: 'router_scores_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; dscores: Floats; previous: Floats; dlogits: Floats },
    { rows, E, SIGMOID, ADD }: { rows: number; E: number; SIGMOID: number; ADD: number },
  ) => {
    for (let base = 0; base < rows * E; base += E) {
      let along = 0;
      for (let i = base; i < base + E; i++) along += b.scores[i] * b.dscores[i];
      for (let i = base; i < base + E; i++) {
        const score = b.scores[i];
        const value = SIGMOID ? b.dscores[i] * score * (1 - score) : score * (b.dscores[i] - along);
        b.dlogits[i] = ADD ? b.previous[i] + value : value;
      }
    }
  },
});

/**
 * Scores of each token's experts: logits (N, E), result (N, E). Throws `ShapeError` for other shapes.
 *
 * Gradients: softmax ds -> s (ds - sum over experts of s ds); sigmoid ds -> ds s (1 - s).
 */
export function routerScores(logits: Tensor, kind: ScoreKind): Tensor {
  const { rows, E } = expectShape('routerScores', 'logits', logits, ['rows', 'E']);
  const { graph } = logits;
  const scores = transientTensor(graph, 'router scores', [rows, E]);
  const SIGMOID = Number(kind === 'sigmoid');
  launch(graph, {
    label: `router ${kind} ${rows} x ${E}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(rows) }],
    bindings: { logits, scores },
    parameters: { rows, E, SIGMOID },
    flops: 4 * rows * E,
  });
  return differentiable(scores, [logits], (dscores) => [
    {
      input: logits,
      writeSum: (dlogits: Tensor, previous: Tensor | null) =>
        launch(graph, {
          label: `router ${kind} backward ${rows} x ${E}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(rows) }],
          bindings: { scores, dscores, previous: previous ?? scores, dlogits },
          parameters: { rows, E, SIGMOID, ADD: Number(previous !== null) },
          flops: 4 * rows * E,
        }),
    },
  ]);
}
