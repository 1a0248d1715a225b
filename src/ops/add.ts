/** Elementwise sum, and the accumulation of gradients that every op's reverse pass may need. */
import wgsl from '../../shaders/add.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { type Floats, kernel } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiate } from '../tensor/differentiate.ts';
import { differentiable, expectShape, type Graph, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

const addKernel = kernel({
  name: 'add',
  wgsl,
  helpers: [indexWgsl],
  twin: ({ a, b, out }: { a: Floats; b: Floats; out: Floats }, { length, ADD }: { length: number; ADD: number }) => {
    for (let i = 0; i < length; i++) out[i] = ADD ? a[i] + b[i] : a[i];
  },
});

/** `a + b` of equal shapes; throws `ShapeError` for others. Gradient: both inputs receive the upstream gradient unchanged. */
export function add(a: Tensor, b: Tensor): Tensor {
  expectShape('add', 'b', b, a.shape);
  const out = transientTensor(a.graph, 'sum', a.shape);
  addInto(out, a, b);
  return differentiable(out, [a, b], (upstream) => [
    { input: a, alias: upstream },
    { input: b, alias: upstream },
  ]);
}

/** Records `out = a + b`, or a copy of `a` where `b` is null, without a gradient. */
export function addInto(out: Tensor, a: Tensor, b: Tensor | null): void {
  launch(out.graph, {
    label: `add ${out.storage.label}`,
    variants: [{ kernel: addKernel, workgroups: linearWorkgroups(out.length) }],
    bindings: { a, b: b ?? a, out },
    parameters: { length: out.length, ADD: Number(b !== null) },
    flops: out.length,
  });
}

/** Appends the reverse pass of `outputs`; see `differentiate`. */
export function backward(
  graph: Graph,
  outputs: readonly { tensor: Tensor; upstream: Tensor }[],
): (tensor: Tensor) => Tensor | null {
  return differentiate(graph, outputs, addInto);
}
