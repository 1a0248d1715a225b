/**
 * What a router decides, as data: which rows go to which expert. Built by `expertChoice.ts` and `tokenChoice.ts`,
 * read by `gates.ts`, `gatherRows.ts`, `combine.ts`, `groupedMatmul.ts`, `switchLoss.ts`. All of it is discrete: no
 * gradient passes through a routing, only through the gates and the rows that it moves.
 */
import loadWgsl from '../../shaders/expert_load.wgsl?raw';
import { kernel, type Words } from '../gpu/kernel.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';

/** "No slot", "no route", "no expert". */
export const none = 0xffffffff;

/** Rows of tokens copied into slots and back: J slots per token at most. N tokens, S slots. */
export interface RowMap {
  /** (N, J) u32: slot of the token's j-th route, `none` where it has none. */
  readonly slotOf: Tensor;
  /** (S) u32: n * J + j, the route that a slot serves; `none` in unused slots. */
  readonly pairOf: Tensor;
  readonly J: number;
  readonly slots: number;
}

/** A row map whose slots are grouped by expert. */
export interface Routing extends RowMap {
  /** (E + 1) u32: expert e holds slots offsets[e] .. offsets[e + 1] - 1. */
  readonly offsets: Tensor;
  /** (N, J) u32: expert of each route, `none` where there is none. */
  readonly expertOf: Tensor;
  readonly experts: number;
  /** Slots of every expert where they are equal and known beforehand, so that a batched matmul serves; else null. */
  readonly rowsPerExpert: number | null;
}

const loadKernel = kernel({
  name: 'expert_load',
  wgsl: loadWgsl,
  twin: ({ offsets, load }: { offsets: Words; load: Words }, { E }: { E: number }) => {
    for (let e = 0; e < E; e++) load[e] = offsets[e + 1] - offsets[e];
  },
});

/**
 * Rows that each expert holds, (E) u32. `out` may be a persistent tensor, which a plan can report after every run.
 * Throws `ShapeError` when `out` is not (E) of type u32.
 */
export function expertLoad(routing: Routing, out?: Tensor): Tensor {
  const { offsets, experts: E } = routing;
  const load = out ?? transientTensor(offsets.graph, 'expert load', [E], 'u32');
  expectShape('expertLoad', 'out', load, [E], 'u32');
  launch(offsets.graph, {
    label: `expert load ${E}`,
    variants: [{ kernel: loadKernel, workgroups: [Math.ceil(E / 64), 1, 1] }],
    bindings: { offsets, load },
    parameters: { E },
  });
  return load;
}
