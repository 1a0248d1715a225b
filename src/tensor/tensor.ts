/**
 * Tensors as a recording sees them: a shape over a range of a storage, and the graph they are recorded in.
 * They hold no data. Ops (`src/ops`) append launches; `differentiate.ts` appends the reverse ones.
 */
import { ShapeError } from '../base/errors.ts';
import type { Kernel, Parameters, TwinBindings } from '../runtime/kernel.ts';
import { type ElementType, type Launch, type Range, rangeAlignment, type Storage } from '../runtime/recording.ts';

export interface Tensor extends Range {
  readonly graph: Graph;
  readonly shape: readonly number[];
  /** Gradients flow to this tensor: it is a parameter, or was computed from one. */
  readonly isDifferentiable: boolean;
  /** Where the gradient of a parameter must land. */
  readonly gradient?: Range;
}

/**
 * One contribution to the gradient of an op's input: either the launches that write it into `out` (adding
 * `previous`, the contributions so far, when the op says it can), or a tensor that already holds it.
 */
export type Contribution =
  | { readonly input: Tensor; readonly write: (out: Tensor) => void }
  | { readonly input: Tensor; readonly writeSum: (out: Tensor, previous: Tensor | null) => void }
  | { readonly input: Tensor; readonly alias: Tensor };

export interface TapeEntry {
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  readonly contributions: (upstream: Tensor) => Contribution[];
}

/** A recording in progress: the launches so far and, outside `withoutGradient`, how to reverse them. */
export interface Graph {
  readonly launches: Launch[];
  readonly tape: TapeEntry[];
  /** What the model marks by name for probes: see `taps.ts`. */
  readonly taps: Map<string, Range>;
  recordsGradients: boolean;
}

export function createGraph(): Graph {
  return { launches: [], tape: [], taps: new Map(), recordsGradients: true };
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((size, length) => size * length, 1);
}

/** A tensor that keeps its contents between runs: an input, an output, a constant (`initial`). */
export function persistentTensor(
  graph: Graph,
  label: string,
  shape: readonly number[],
  { type = 'f32', initial }: { type?: ElementType; initial?: readonly number[] } = {},
): Tensor {
  const length = sizeOf(shape);
  const storage: Storage = { label, type, length, lifetime: 'persistent', initial };
  return { graph, storage, offset: 0, length, shape, isDifferentiable: false };
}

/** A tensor over part of a storage that exists already, e.g. a parameter inside the flat parameter buffer. */
export function tensorOver(
  graph: Graph,
  storage: Storage,
  offset: number,
  shape: readonly number[],
  gradient?: Range,
): Tensor {
  return { graph, storage, offset, length: sizeOf(shape), shape, isDifferentiable: gradient !== undefined, gradient };
}

/** A tensor for the result of an op, live until its last use. */
export function transientTensor(
  graph: Graph,
  label: string,
  shape: readonly number[],
  type: ElementType = 'f32',
): Tensor {
  const length = sizeOf(shape);
  const storage: Storage = { label, type, length, lifetime: 'transient' };
  return { graph, storage, offset: 0, length, shape, isDifferentiable: false };
}

/** Records a launch. Bindings are typed by the kernel's twin, so a missing or misspelt one does not compile. */
export function launch<B extends TwinBindings, P extends Parameters>(
  graph: Graph,
  description: {
    readonly label: string;
    /** Shaders with one twin, first the default; each with its tunables and grid. */
    readonly variants: readonly {
      readonly kernel: Kernel<B, P>;
      readonly tunables?: Parameters;
      readonly workgroups: readonly [number, number, number];
    }[];
    readonly bindings: { readonly [name in keyof B]: Range };
    readonly parameters: P;
    readonly flops?: number;
    readonly isProduct?: boolean;
    readonly tuningData?: { readonly [name in keyof B]?: (index: number) => number };
  },
): void {
  const { label, variants, bindings, parameters, flops = 0, isProduct = false, tuningData } = description;
  graph.launches.push({
    label,
    bindings,
    parameters,
    flops,
    isProduct,
    tuningData: tuningData as Launch['tuningData'],
    // A kernel's shape constants are tunables of its pipeline too, so the parameters are offered to both.
    variants: variants.map(({ kernel, tunables = {}, workgroups }) => ({
      kernel: kernel as unknown as Kernel,
      tunables: { ...parameters, ...tunables },
      workgroups,
    })),
  });
}

/** Marks `output` as computed from `inputs` and remembers how to reverse it, if gradients are wanted. */
export function differentiable(
  output: Tensor,
  inputs: readonly Tensor[],
  contributions: TapeEntry['contributions'],
): Tensor {
  const { graph } = output;
  if (!graph.recordsGradients || !inputs.some((input) => input.isDifferentiable)) return output;
  const marked = { ...output, isDifferentiable: true };
  graph.tape.push({ inputs, output: marked, contributions });
  return marked;
}

/** Runs `record` in a region that no gradient passes through. */
export function withoutGradient<T>(graph: Graph, record: () => T): T {
  const before = graph.recordsGradients;
  graph.recordsGradients = false;
  try {
    return record();
  } finally {
    graph.recordsGradients = before;
  }
}

/**
 * The same elements under another shape, with the same gradient (`differentiate.ts`). Throws `ShapeError` when the sizes
 * differ.
 */
export function reshape(tensor: Tensor, shape: readonly number[]): Tensor {
  if (sizeOf(shape) !== tensor.length) {
    throw new ShapeError(
      `reshape: expected ${tensor.length} elements for ${showShape(tensor.shape)}, got ${showShape(shape)}`,
    );
  }
  if (shape.length === tensor.shape.length && shape.every((length, axis) => length === tensor.shape[axis]))
    return tensor;
  return tensor.graph.recordsGradients ? { ...tensor, shape } : { ...detach(tensor), shape };
}

/** The same elements as a constant: no gradient passes. */
export function detach(tensor: Tensor): Tensor {
  return { ...tensor, isDifferentiable: false, gradient: undefined };
}

/** `(3, 4, 5)`, as written in error messages. */
export function showShape(shape: readonly number[]): string {
  return `(${shape.join(', ')})`;
}

/**
 * Checks a shape against a pattern of names and numbers, and answers the names' lengths:
 * `expectShape('rmsnorm', 'x', x, ['rows', 'C'])`. Throws `ShapeError`: `rmsnorm: expected x (rows, C), got (3, 4, 5)`.
 */
export function expectShape<N extends string>(
  op: string,
  name: string,
  tensor: Tensor,
  pattern: readonly (N | number)[],
  type: ElementType = 'f32',
): Record<N, number> {
  const lengths: Record<string, number> = {};
  const matches =
    tensor.shape.length === pattern.length &&
    pattern.every((part, axis) => {
      const length = tensor.shape[axis];
      if (typeof part === 'number') return part === length;
      if (lengths[part] !== undefined) return lengths[part] === length;
      lengths[part] = length;
      return true;
    });
  if (!matches) throw new ShapeError(`${op}: expected ${name} (${pattern.join(', ')}), got ${showShape(tensor.shape)}`);
  if (tensor.storage.type !== type) {
    throw new ShapeError(`${op}: expected ${name} of type ${type}, got ${tensor.storage.type}`);
  }
  return lengths as Record<N, number>;
}

/** Elements to reserve for a tensor in a shared storage, so that the next one starts at a legal offset. */
export function reservedLength(shape: readonly number[]): number {
  return Math.ceil(sizeOf(shape) / rangeAlignment) * rangeAlignment;
}
