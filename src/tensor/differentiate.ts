/**
 * Reverse-mode differentiation of a recording: walks the tape backwards and appends the launches that compute
 * gradients, summing the contributions to tensors used more than once.
 */
import { KernelError, ShapeError } from '../base/errors.ts';
import {
  type Contribution,
  type Graph,
  reshape,
  showShape,
  type Tensor,
  tensorOver,
  transientTensor,
} from './tensor.ts';

/**
 * Appends a launch for `out = a + b`, or a copy of `a` without `b`; the op lives in `src/ops`, which this layer cannot
 * import.
 */
export type AddInto = (out: Tensor, a: Tensor, b: Tensor | null) => void;

/**
 * Appends the reverse pass from `outputs` (tensors with the gradients that flow into them) and answers the
 * gradient of a tensor, or null where none reaches it. Parameters find theirs in the range they declared.
 * Throws `ShapeError` for an upstream gradient of another size, `KernelError` for an op that does not contribute exactly
 * once to each of its inputs.
 */
export function differentiate(
  graph: Graph,
  outputs: readonly { tensor: Tensor; upstream: Tensor }[],
  addInto: AddInto,
): (tensor: Tensor) => Tensor | null {
  // Gradients lie flat over a range, whatever the shape of the view that they came through.
  const gradients = new Map<string, Tensor>();
  for (const { tensor, upstream } of outputs) {
    if (tensor.length !== upstream.length) {
      throw new ShapeError(
        `differentiate: expected a gradient ${showShape(tensor.shape)}, got ${showShape(upstream.shape)}`,
      );
    }
    gradients.set(keyOf(tensor), upstream);
  }
  // Uses that an output depends on. Others pass no gradient, and must not be waited for.
  const remaining = new Map<string, number>();
  const reached = new Set(gradients.keys());
  const reversed = [...graph.tape].reverse().filter(({ inputs, output }) => {
    if (!reached.has(keyOf(output))) return false;
    for (const input of inputs) {
      if (!input.isDifferentiable) continue;
      const key = keyOf(input);
      reached.add(key);
      remaining.set(key, (remaining.get(key) ?? 0) + 1);
    }
    return true;
  });

  const accumulate = (contribution: Contribution) => {
    const { input } = contribution;
    const key = keyOf(input);
    const soFar = gradients.get(key);
    const previous = soFar ? reshape(soFar, input.shape) : null;
    const isLast = remaining.get(key) === 1;
    remaining.set(key, remaining.get(key)! - 1);
    // Only the last contribution may land in a parameter's gradient: earlier ones are summed on the way.
    const target =
      isLast && input.gradient ? tensorOver(graph, input.gradient.storage, input.gradient.offset, input.shape) : null;
    const out = () => target ?? transientTensor(graph, `d ${input.storage.label}`, input.shape);
    if ('writeSum' in contribution) {
      const sum = out();
      contribution.writeSum(sum, previous);
      gradients.set(key, sum);
    } else if ('alias' in contribution && !previous && !target) {
      gradients.set(key, contribution.alias);
    } else if ('alias' in contribution && !previous) {
      const copy = out();
      addInto(copy, contribution.alias, null);
      gradients.set(key, copy);
    } else {
      const part =
        'alias' in contribution ? contribution.alias : previous ? transientTensor(graph, 'part', input.shape) : out();
      if ('write' in contribution) contribution.write(part);
      const sum = previous ? out() : part;
      if (previous) addInto(sum, previous, part);
      gradients.set(key, sum);
    }
  };

  for (const { inputs, output, contributions } of reversed) {
    const upstream = reshape(gradients.get(keyOf(output))!, output.shape);
    const parts = contributions(upstream).filter(({ input }) => input.isDifferentiable);
    // One too few or too many, and a gradient would land nowhere, or before it is complete.
    const wanted = keysOf(inputs.filter(({ isDifferentiable }) => isDifferentiable));
    const got = keysOf(parts.map(({ input }) => input));
    if (got !== wanted) {
      throw new KernelError(
        `differentiate: expected one contribution for each input of ${output.storage.label}, got others`,
      );
    }
    parts.forEach(accumulate);
  }
  return (tensor) => {
    const gradient = gradients.get(keyOf(tensor));
    return gradient ? reshape(gradient, tensor.shape) : null;
  };
}

const keys = new WeakMap<object, number>();
let nextKey = 0;

/** The keys of tensors, whatever their order. */
function keysOf(tensors: readonly Tensor[]): string {
  return tensors.map(keyOf).sort().join(' ');
}

/** Tensors are values: all views of one range are the same tensor. */
function keyOf(tensor: Tensor): string {
  let key = keys.get(tensor.storage);
  if (key === undefined) {
    key = nextKey++;
    keys.set(tensor.storage, key);
  }
  return `${key}:${tensor.offset}:${tensor.length}`;
}
