/**
 * The gated activation of a feed-forward layer, on the output of one product that holds both of its halves.
 * Source: Shazeer 2020 (arXiv 2002.05202), section 2. Not here: the projections before and after it.
 */

import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import sigmoidWgsl from '../../shaders/shared/sigmoid.wgsl?raw';
import wgsl from '../../shaders/swiglu.wgsl?raw';
import backwardWgsl from '../../shaders/swiglu_backward.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { differentiable, expectShape, launch, showShape, type Tensor, transientTensor } from '../tensor/tensor.ts';

interface Sizes {
  readonly [name: string]: number;
  readonly rows: number;
  readonly F: number;
  readonly E: number;
  readonly GROUPED: number;
}

const forwardKernel = kernel({
  name: 'swiglu',
  wgsl,
  helpers: [indexWgsl, sigmoidWgsl],
  twin: (
    { gateUp, offsets, out }: { gateUp: Floats; offsets: Floats | Words; out: Floats },
    { rows, F, E, GROUPED }: Sizes,
  ) => {
    const used = GROUPED ? offsets[E] : rows;
    out.fill(0, used * F, rows * F);
    for (let row = 0; row < used; row++) {
      const first = row * 2 * F;
      for (let f = 0; f < F; f++) {
        const gate = gateUp[first + f];
        out[row * F + f] = (gate / (1 + Math.exp(-gate))) * gateUp[first + F + f];
      }
    }
  },
});

const backwardKernel = kernel({
  name: 'swiglu_backward',
  wgsl: backwardWgsl,
  helpers: [indexWgsl, sigmoidWgsl],
  twin: (
    b: { gateUp: Floats; dy: Floats; offsets: Floats | Words; dgateUp: Floats },
    { rows, F, E, GROUPED }: Sizes,
  ) => {
    const { gateUp, dy, dgateUp } = b;
    const used = GROUPED ? b.offsets[E] : rows;
    dgateUp.fill(0, used * 2 * F, rows * 2 * F);
    for (let row = 0; row < used; row++) {
      const first = row * 2 * F;
      for (let f = 0; f < F; f++) {
        const gate = gateUp[first + f];
        const sigmoid = 1 / (1 + Math.exp(-gate));
        const upstream = dy[row * F + f];
        dgateUp[first + f] = upstream * gateUp[first + F + f] * sigmoid * (1 + gate * (1 - sigmoid));
        dgateUp[first + F + f] = upstream * gate * sigmoid;
      }
    }
  },
});

/**
 * `silu(gate) * up`: gateUp (N, 2F) with rows [gate | up], result (N, F). With `offsets` (E + 1) u32, rows are grouped by
 * expert, and those past the last expert's are not computed but 0. Throws `ShapeError` for other shapes.
 *
 * Gradients, with s = sigmoid(gate): dgate = dy up s (1 + gate (1 - s)); dup = dy gate s; 0 in rows of no expert.
 */
export function swiglu(gateUp: Tensor, offsets: Tensor | null = null): Tensor {
  const { N: rows, C } = expectShape('swiglu', 'gateUp', gateUp, ['N', 'C']);
  if (C % 2 !== 0) throw new ShapeError(`swiglu: expected gateUp (N, 2F), got ${showShape(gateUp.shape)}`);
  const F = C / 2;
  const E = offsets ? offsets.length - 1 : 0;
  if (offsets) expectShape('swiglu', 'offsets', offsets, [E + 1], 'u32');
  const parameters = { rows, F, E, GROUPED: Number(offsets !== null) };
  const { graph } = gateUp;
  const out = transientTensor(graph, 'gated', [rows, F]);
  launch(graph, {
    label: `swiglu ${rows} x ${F}`,
    variants: [{ kernel: forwardKernel, workgroups: linearWorkgroups(rows * F) }],
    bindings: { gateUp, offsets: offsets ?? gateUp, out },
    parameters,
    flops: 6 * rows * F,
  });
  return differentiable(out, [gateUp], (dy) => [
    {
      input: gateUp,
      write: (dgateUp: Tensor) =>
        launch(graph, {
          label: `swiglu backward ${rows} x ${F}`,
          variants: [{ kernel: backwardKernel, workgroups: linearWorkgroups(rows * F) }],
          bindings: { gateUp, dy, offsets: offsets ?? gateUp, dgateUp },
          parameters,
          flops: 13 * rows * F,
        }),
    },
  ]);
}
