/**
 * What queries and keys go through before attention: RMS normalisation per head (QK-norm, Henry et al. 2020, arXiv
 * 2010.04245) and the rotary embedding (Su et al. 2021, arXiv 2104.09864, equation 34; halves turned, not neighbours).
 */
import wgsl from '../../shaders/qk_norm_rope.wgsl?raw';
import backwardWgsl from '../../shaders/qk_norm_rope_backward.wgsl?raw';
import partialWgsl from '../../shaders/qk_norm_weight_partial.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import {
  type Contribution,
  differentiable,
  expectShape,
  type Graph,
  launch,
  persistentTensor,
  showShape,
  type Tensor,
  transientTensor,
} from '../tensor/tensor.ts';
import { columnSumInto, rowsPerChunk } from './columnSum.ts';
import { rmsnormEpsilon } from './rmsnorm.ts';

const forwardKernel = kernel({
  name: 'qk_norm_rope',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    b: { qkv: Floats; qWeight: Floats; kWeight: Floats; turn: Floats; out: Floats; inverse: Floats },
    { N, T, C, D, NORM, epsilon }: { N: number; T: number; C: number; D: number; NORM: number; epsilon: number },
  ) => {
    const parts = (3 * C) / D;
    const half = D / 2;
    for (let i = 0; i < N * parts; i++) {
      const part = i % parts;
      const base = i * D;
      if (part * D >= 2 * C) {
        for (let d = base; d < base + D; d++) b.out[d] = b.qkv[d];
        b.inverse[i] = 0;
        continue;
      }
      let scale = 1;
      if (NORM) {
        let sum = 0;
        for (let d = base; d < base + D; d++) sum += b.qkv[d] * b.qkv[d];
        scale = 1 / Math.sqrt(sum / D + epsilon);
      }
      b.inverse[i] = scale;
      const weight = part * D < C ? b.qWeight : b.kWeight;
      const angles = (Math.floor(i / parts) % T) * D;
      for (let d = 0; d < half; d++) {
        const low = b.qkv[base + d] * scale * (NORM ? weight[d] : 1);
        const high = b.qkv[base + d + half] * scale * (NORM ? weight[d + half] : 1);
        const c = b.turn[angles + d];
        const s = b.turn[angles + half + d];
        b.out[base + d] = low * c - high * s;
        b.out[base + d + half] = high * c + low * s;
      }
    }
  },
});

const backwardKernel = kernel({
  name: 'qk_norm_rope_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { qkv: Floats; qWeight: Floats; kWeight: Floats; turn: Floats; inverse: Floats; dout: Floats; dqkv: Floats },
    { N, T, C, D, NORM }: { N: number; T: number; C: number; D: number; NORM: number },
  ) => {
    const parts = (3 * C) / D;
    const half = D / 2;
    for (let i = 0; i < N * parts; i++) {
      const part = i % parts;
      const base = i * D;
      if (part * D >= 2 * C) {
        for (let d = base; d < base + D; d++) b.dqkv[d] = b.dout[d];
        continue;
      }
      const weight = part * D < C ? b.qWeight : b.kWeight;
      const angles = (Math.floor(i / parts) % T) * D;
      const scale = b.inverse[i];
      let along = 0;
      for (let d = 0; d < half; d++) {
        const c = b.turn[angles + d];
        const s = b.turn[angles + half + d];
        const low = (b.dout[base + d] * c + b.dout[base + d + half] * s) * (NORM ? weight[d] : 1);
        const high = (b.dout[base + d + half] * c - b.dout[base + d] * s) * (NORM ? weight[d + half] : 1);
        if (NORM) along += low * b.qkv[base + d] + high * b.qkv[base + d + half];
        b.dqkv[base + d] = low;
        b.dqkv[base + d + half] = high;
      }
      along *= (scale * scale) / D;
      for (let d = base; d < base + D; d++) b.dqkv[d] = scale * (b.dqkv[d] - b.qkv[d] * along);
    }
  },
});

const weightPartialKernel = kernel({
  name: 'qk_norm_weight_partial',
  wgsl: partialWgsl,
  helpers: [indexWgsl],
  twin: (
    b: { qkv: Floats; turn: Floats; inverse: Floats; dout: Floats; partial: Floats },
    { N, T, C, D, part, chunk }: { N: number; T: number; C: number; D: number; part: number; chunk: number },
  ) => {
    const heads = C / D;
    const half = D / 2;
    b.partial.fill(0);
    for (let row = 0; row < N; row++) {
      const to = Math.floor(row / chunk) * D;
      const angles = (row % T) * D;
      for (let head = 0; head < heads; head++) {
        const base = row * 3 * C + part * C + head * D;
        const scale = b.inverse[row * 3 * heads + part * heads + head];
        for (let d = 0; d < half; d++) {
          const c = b.turn[angles + d];
          const s = b.turn[angles + half + d];
          const low = b.dout[base + d];
          const high = b.dout[base + d + half];
          b.partial[to + d] += (low * c + high * s) * b.qkv[base + d] * scale;
          b.partial[to + d + half] += (high * c - low * s) * b.qkv[base + d + half] * scale;
        }
      }
    }
  },
});

export interface QkNormRopeOptions {
  readonly T: number;
  readonly heads: number;
  /** Base of the rotary angles: position * base^(-2 i / D). */
  readonly base: number;
  /** (D) weights of the norms of queries and keys; null for no norm. */
  readonly qWeight: Tensor | null;
  readonly kWeight: Tensor | null;
}

/**
 * Normalises (epsilon 1e-6) and turns the queries and keys of qkv (N, 3 C), heads contiguous, at position n mod T;
 * values are copied. Throws `ShapeError` for heads that do not divide C evenly into pairs, or one weight without the
 * other.
 *
 * Gradients: the turn is orthogonal, so it is undone on the upstream gradient; then those of `rmsnorm`.
 */
export function qkNormRope(qkv: Tensor, { T, heads, base, qWeight, kWeight }: QkNormRopeOptions): Tensor {
  const { graph } = qkv;
  const { N, W } = expectShape('qkNormRope', 'qkv', qkv, ['N', 'W']);
  const C = W / 3;
  const D = C / heads;
  if (D % 2 !== 0 || N % T !== 0) {
    throw new ShapeError(
      `qkNormRope: expected qkv (B * ${T}, 3 * ${heads} heads * even D), got ${showShape(qkv.shape)}`,
    );
  }
  if (qWeight) expectShape('qkNormRope', 'qWeight', qWeight, [D]);
  if (kWeight) expectShape('qkNormRope', 'kWeight', kWeight, [D]);
  if ((qWeight === null) !== (kWeight === null)) {
    throw new ShapeError('qkNormRope: expected weights of both norms or of neither, got one');
  }
  const NORM = Number(qWeight !== null);
  const turn = rotaryTable(graph, T, D, base);
  const out = transientTensor(graph, 'turned qkv', [N, 3 * C]);
  const inverse = transientTensor(graph, 'inverse rms of heads', [N, 3 * heads]);
  const parameters = { N, T, C, D };
  const weights = { qWeight: qWeight ?? turn, kWeight: kWeight ?? turn };
  const workgroups = linearWorkgroups(N * 3 * heads);
  launch(graph, {
    label: `qk-norm and rotary ${N} x ${C}`,
    variants: [{ kernel: forwardKernel, workgroups }],
    bindings: { qkv, ...weights, turn, out, inverse },
    parameters: { ...parameters, NORM, epsilon: rmsnormEpsilon },
    flops: 16 * N * C,
  });
  const inputs = [qkv, qWeight, kWeight].filter((tensor) => tensor !== null);
  return differentiable(out, inputs, (dout) => {
    const weightGradient = (input: Tensor | null, part: number): Contribution[] =>
      input
        ? [
            {
              input,
              write: (dweight) => {
                const chunks = Math.ceil(N / rowsPerChunk);
                const partial = transientTensor(graph, 'partial sums', [chunks, D]);
                launch(graph, {
                  label: `qk-norm weight gradient ${N} x ${C}`,
                  variants: [{ kernel: weightPartialKernel, workgroups: linearWorkgroups(chunks * D) }],
                  bindings: { qkv, turn, inverse, dout, partial },
                  parameters: { ...parameters, part, chunk: rowsPerChunk },
                  flops: 8 * N * C,
                });
                columnSumInto(dweight, partial);
              },
            },
          ]
        : [];
    return [
      {
        input: qkv,
        write: (dqkv: Tensor) =>
          launch(graph, {
            label: `qk-norm and rotary backward ${N} x ${C}`,
            variants: [{ kernel: backwardKernel, workgroups }],
            bindings: { qkv, ...weights, turn, inverse, dout, dqkv },
            parameters: { ...parameters, NORM },
            flops: 24 * N * C,
          }),
      },
      ...weightGradient(qWeight, 0),
      ...weightGradient(kWeight, 1),
    ];
  });
}

const tables = new WeakMap<Graph, Map<string, Tensor>>();

/**
 * (T, D) cosines and sines, one table for all layers of a graph: computed here, because float32 trigonometry of large
 * angles differs between adapters.
 */
function rotaryTable(graph: Graph, T: number, D: number, base: number): Tensor {
  const known = tables.get(graph) ?? new Map<string, Tensor>();
  tables.set(graph, known);
  const key = `${T} ${D} ${base}`;
  let table = known.get(key);
  if (!table) {
    const initial: number[] = [];
    for (let t = 0; t < T; t++) {
      const angles = Array.from({ length: D / 2 }, (_, i) => t * base ** ((-2 * i) / D));
      for (const angle of angles) initial.push(Math.cos(angle));
      for (const angle of angles) initial.push(Math.sin(angle));
    }
    table = persistentTensor(graph, 'rotary angles', [T, D], { initial });
    known.set(key, table);
  }
  return table;
}
