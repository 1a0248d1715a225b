/**
 * Muon: momentum whose every matrix is orthogonalised before it becomes a step, by Newton-Schulz iterations.
 * Sources: Jordan et al. 2024 (kellerjordan.github.io/posts/muon: momentum, coefficients, five iterations); Liu et al.
 * 2025 (Moonlight, arXiv 2502.16982, equation 4): the step scaled by 0.2 sqrt(max(rows, columns)), which gives it the
 * size of AdamW's, so that both share one learning rate and one weight decay. For hidden matrices only; everything
 * else is AdamW's (`adamw.ts`).
 */
import momentumWgsl from '../../shaders/muon_momentum.wgsl?raw';
import normaliseWgsl from '../../shaders/muon_normalise.wgsl?raw';
import polynomialWgsl from '../../shaders/muon_polynomial.wgsl?raw';
import updateWgsl from '../../shaders/muon_update.wgsl?raw';
import hyperWgsl from '../../shaders/shared/hyper.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import placeWgsl from '../../shaders/shared/muon_place.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, persistentTensor, type Tensor, transientTensor } from '../tensor/tensor.ts';
import type { OptimizerState } from './adamw.ts';
import { hyperShape, unpackHyper } from './hyper.ts';
import { matmulInto } from './matmul.ts';

/** Coefficients of x -> a x + b x^3 + c x^5, and how often it is applied: singular values end near 0.7 to 1.2. */
const quintic = { a: 3.4445, b: -4.775, c: 2.0315 } as const;
const iterations = 5;

/** One matrix of the flat parameters, stored (rows, columns) from `offset`. */
export interface MuonMatrix {
  readonly offset: number;
  readonly rows: number;
  readonly columns: number;
}

/** Element (r, c) of matrix g of (G, R, C) lies at `first + r * down + c * along` of the flat parameters. */
function placeOf(places: Words, g: number, R: number, C: number): { first: number; down: number; along: number } {
  const isAcross = places[2 * g + 1] === 1;
  return { first: places[2 * g], down: isAcross ? 1 : C, along: isAcross ? R : 1 };
}

const momentumKernel = kernel({
  name: 'muon_momentum',
  wgsl: momentumWgsl,
  helpers: [indexWgsl, placeWgsl],
  twin: (
    b: { gradient: Floats; clip: Floats; places: Words; moment1: Floats; u: Floats },
    { G, R, C, beta }: { G: number; R: number; C: number; beta: number },
  ) => {
    const { gradient, moment1, u } = b;
    const scale = b.clip[1];
    for (let matrix = 0, i = 0; matrix < G; matrix++) {
      const { first, down, along } = placeOf(b.places, matrix, R, C);
      for (let r = 0; r < R; r++) {
        for (let c = 0, at = first + r * down; c < C; c++, i++, at += along) {
          const g = gradient[at] * scale;
          const m = beta * moment1[at] + (1 - beta) * g;
          moment1[at] = m;
          u[i] = beta * m + (1 - beta) * g;
        }
      }
    }
  },
});

const normaliseKernel = kernel({
  name: 'muon_normalise',
  wgsl: normaliseWgsl,
  twin: ({ u, x }: { u: Floats; x: Floats }, { size }: { size: number }) => {
    for (let first = 0; first < u.length; first += size) {
      let sum = 0;
      for (let i = first; i < first + size; i++) sum += u[i] * u[i];
      const scale = 1 / (Math.sqrt(sum) + 1e-7);
      for (let i = first; i < first + size; i++) x[i] = u[i] * scale;
    }
  },
});

const polynomialKernel = kernel({
  name: 'muon_polynomial',
  wgsl: polynomialWgsl,
  helpers: [indexWgsl],
  twin: (
    { gram, square, out }: { gram: Floats; square: Floats; out: Floats },
    { G, R, a, b, c }: { G: number; R: number; a: number; b: number; c: number },
  ) => {
    for (let i = 0; i < G * R * R; i++) out[i] = b * gram[i] + c * square[i];
    for (let g = 0; g < G; g++) for (let r = 0; r < R; r++) out[g * R * R + r * R + r] += a;
  },
});

const updateKernel = kernel({
  name: 'muon_update',
  wgsl: updateWgsl,
  helpers: [hyperWgsl, indexWgsl, placeWgsl],
  twin: (
    b: { x: Floats; hyper: Floats; places: Words; parameter: Floats; average: Floats },
    { G, R, C, weightDecay, scale }: { G: number; R: number; C: number; weightDecay: number; scale: number },
  ) => {
    const { x, parameter, average } = b;
    const { learningRate, averageDecay } = unpackHyper(b.hyper);
    for (let matrix = 0, i = 0; matrix < G; matrix++) {
      const { first, down, along } = placeOf(b.places, matrix, R, C);
      for (let r = 0; r < R; r++) {
        for (let c = 0, at = first + r * down; c < C; c++, i++, at += along) {
          let value = parameter[at];
          value -= learningRate * (weightDecay * value + scale * x[i]);
          parameter[at] = value;
          average[at] = value + averageDecay * (average[at] - value);
        }
      }
    }
  },
});

/**
 * Records one step of Muon on `matrices` of the flat state, after `adamw` has answered `clip` (2) and left them alone.
 * The second moments are not used. Matrices of one shape, or of its transpose, are batched.
 * Throws `ShapeError` for a matrix outside the parameters.
 */
export function muon(
  state: Omit<OptimizerState, 'moment2' | 'roles'>,
  clip: Tensor,
  matrices: readonly MuonMatrix[],
  { momentum, weightDecay }: { momentum: number; weightDecay: number },
): void {
  const { parameter, gradient, moment1, average, hyper } = state;
  const { graph } = parameter;
  const { length } = expectShape('muon', 'parameter', parameter, ['length']);
  expectShape('muon', 'hyper', hyper, hyperShape);
  for (const [R, C, batch] of batchesOf(matrices)) {
    const outside = batch.find(({ offset }) => offset + R * C > length);
    if (outside) {
      throw new ShapeError(`muon: expected matrices within ${length} parameters, got ${R} x ${C} at ${outside.offset}`);
    }
    const G = batch.length;
    const initial = batch.flatMap(({ offset, rows }) => [offset, rows === R ? 0 : 1]);
    const places = persistentTensor(graph, `places of ${R} x ${C} matrices`, [G, 2], { type: 'u32', initial });
    const u = transientTensor(graph, 'nesterov momentum', [G, R, C]);
    launch(graph, {
      label: `muon momentum ${G} x ${R} x ${C}`,
      variants: [{ kernel: momentumKernel, workgroups: linearWorkgroups(G * R * C) }],
      bindings: { gradient, clip, places, moment1, u },
      parameters: { G, R, C, beta: momentum },
      flops: 7 * G * R * C,
    });
    const scale = 0.2 * Math.sqrt(C);
    launch(graph, {
      label: `muon update ${G} x ${R} x ${C}`,
      variants: [{ kernel: updateKernel, workgroups: linearWorkgroups(G * R * C) }],
      bindings: { x: orthogonalise(u), hyper, places, parameter, average },
      parameters: { G, R, C, weightDecay, scale },
      flops: 8 * G * R * C,
    });
  }
}

/** Matrices by shape with the short side first: [rows, columns, matrices]. */
function batchesOf(matrices: readonly MuonMatrix[]): [R: number, C: number, batch: MuonMatrix[]][] {
  const batches = new Map<string, [number, number, MuonMatrix[]]>();
  for (const matrix of matrices) {
    const R = Math.min(matrix.rows, matrix.columns);
    const C = Math.max(matrix.rows, matrix.columns);
    const known = batches.get(`${R} x ${C}`);
    if (known) known[2].push(matrix);
    else batches.set(`${R} x ${C}`, [R, C, [matrix]]);
  }
  return [...batches.values()];
}

/**
 * Records, for u (G, R, C) with R <= C, matrices near u's U V^T (singular value decomposition U S V^T): u normalised,
 * then five times x -> (a I + b x x^T + c (x x^T)^2) x. No gradient. Throws `ShapeError` for R > C.
 */
export function orthogonalise(u: Tensor): Tensor {
  const { graph } = u;
  const { G, R, C } = expectShape('orthogonalise', 'u', u, ['G', 'R', 'C']);
  if (R > C) throw new ShapeError(`orthogonalise: expected at most ${C} rows, got ${R}`);
  let x = transientTensor(graph, 'normalised', [G, R, C]);
  launch(graph, {
    label: `muon normalise ${G} x ${R} x ${C}`,
    variants: [{ kernel: normaliseKernel, workgroups: [G, 1, 1] }],
    bindings: { u, x },
    parameters: { size: R * C },
    flops: 3 * G * R * C,
  });
  for (let iteration = 0; iteration < iterations; iteration++) {
    const gram = transientTensor(graph, 'gram', [G, R, R]);
    matmulInto(gram, x, x, false, true, null);
    const square = transientTensor(graph, 'gram squared', [G, R, R]);
    matmulInto(square, gram, gram, false, false, null);
    const polynomial = transientTensor(graph, 'polynomial', [G, R, R]);
    launch(graph, {
      label: `muon polynomial ${G} x ${R}`,
      variants: [{ kernel: polynomialKernel, workgroups: linearWorkgroups(G * R * R) }],
      bindings: { gram, square, out: polynomial },
      parameters: { G, R, ...quintic },
      flops: 3 * G * R * R,
    });
    const next = transientTensor(graph, 'towards orthogonal', [G, R, C]);
    matmulInto(next, polynomial, x, false, false, null);
    x = next;
  }
  return x;
}
