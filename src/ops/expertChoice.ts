/**
 * Expert choice: each expert takes its best tokens (Zhou et al. 2022, arXiv 2202.09368, section 3.2), within groups
 * of consecutive tokens. Every expert holds equally many rows, so no balance loss is needed; where their number is known
 * before the step, the experts' matmuls are batched.
 *
 * A quirk that is no bug: in a sequence of nothing but masks all positions carry the same value, so their scores are
 * equal up to rounding, and rounding decides which of them an expert takes.
 */
import wgsl from '../../shaders/expert_choice.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type Routing } from './routing.ts';
import type { GroupCapacities } from './sequenceCapacity.ts';

let column = new Float64Array(0);
let ranking = new Uint32Array(0);
let merged = new Uint32Array(0);

/** Sorts `ranking[0 .. size]` by `column` descending, ties to the lower index: a bottom-up merge sort. */
function rankDescending(size: number): void {
  for (let i = 0; i < size; i++) ranking[i] = i;
  for (let width = 1; width < size; width *= 2) {
    for (let start = 0; start < size; start += 2 * width) {
      const middle = Math.min(start + width, size);
      const end = Math.min(start + 2 * width, size);
      let left = start;
      let right = middle;
      for (let at = start; at < end; at++) {
        const takesLeft = left < middle && (right >= end || column[ranking[left]] >= column[ranking[right]]);
        merged[at] = takesLeft ? ranking[left++] : ranking[right++];
      }
    }
    [ranking, merged] = [merged, ranking];
  }
}

const choiceKernel = kernel({
  name: 'expert_choice',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; slotOf: Words; expertOf: Words; pairOf: Words; offsets: Words; starts: Floats | Words },
    p: { N: number; E: number; size: number; capacity: number; slots: number; PER_GROUP: number },
  ) => {
    const { N, E, size } = p;
    const startOf = (g: number) => (p.PER_GROUP ? b.starts[g] : g * p.capacity);
    if (column.length < size) {
      column = new Float64Array(size);
      ranking = new Uint32Array(size);
      merged = new Uint32Array(size);
    }
    b.slotOf.fill(none);
    b.expertOf.fill(none);
    const rows = startOf(N / size);
    b.pairOf.fill(none, E * rows, p.slots);
    for (let e = 0; e < E; e++) {
      b.offsets[e] = e * rows;
      for (let first = 0; first < N; first += size) {
        for (let i = 0; i < size; i++) column[i] = b.scores[(first + i) * E + e];
        rankDescending(size);
        const start = startOf(first / size);
        const capacity = startOf(first / size + 1) - start;
        for (let rank = 0; rank < capacity; rank++) {
          const pair = (first + ranking[rank]) * E + e;
          b.slotOf[pair] = e * rows + start + rank;
          b.expertOf[pair] = e;
          b.pairOf[e * rows + start + rank] = pair;
        }
      }
    }
    b.offsets[E] = E * rows;
  },
});

/**
 * Routes of scores (N, E): expert e takes the `capacity` tokens of highest score in each of `groups` groups of
 * N / groups consecutive tokens, ties to the lower token. A token is held by 0 to E experts; its j-th route is to
 * expert j. An expert's slots are its groups', in order, each group's from best to worst. No gradient.
 * A capacity for each group leaves the slots past the last expert's unused. Throws `ShapeError` when groups do not
 * divide N, or hold fewer than `capacity` tokens.
 */
export function expertChoice(scores: Tensor, options: { groups: number; capacity: number | GroupCapacities }): Routing {
  const { groups, capacity } = options;
  const { N, E } = expectShape('expertChoice', 'scores', scores, ['N', 'E']);
  const size = N / groups;
  if (!Number.isInteger(size)) {
    throw new ShapeError(`expertChoice: expected groups to divide ${N} tokens, got ${groups} groups`);
  }
  const perGroup = typeof capacity === 'number' ? null : capacity;
  const most = typeof capacity === 'number' ? capacity : capacity.most;
  if (!(Number.isInteger(most) && most >= 1 && most <= size)) {
    throw new ShapeError(`expertChoice: expected a capacity of 1 to ${size} tokens, got ${most}`);
  }
  if (perGroup) expectShape('expertChoice', 'starts', perGroup.starts, [groups + 1], 'u32');
  const { graph } = scores;
  const slots = E * groups * most;
  const slotOf = transientTensor(graph, 'slot of', [N, E], 'u32');
  const expertOf = transientTensor(graph, 'expert of', [N, E], 'u32');
  const pairOf = transientTensor(graph, 'pair of', [slots], 'u32');
  const offsets = transientTensor(graph, 'offsets', [E + 1], 'u32');
  launch(graph, {
    label: `expert choice ${perGroup ? 'up to ' : ''}${most} of ${size} x ${groups} x ${E}`,
    variants: [{ kernel: choiceKernel, workgroups: linearWorkgroups(Math.max(N * E, E + 1)) }],
    bindings: { scores, slotOf, expertOf, pairOf, offsets, starts: perGroup?.starts ?? scores },
    parameters: { N, E, size, capacity: most, slots, PER_GROUP: Number(perGroup !== null) },
    flops: N * E * size,
  });
  const rowsPerExpert = perGroup ? null : groups * most;
  return { slotOf, pairOf, offsets, asked: offsets, expertOf, J: E, slots, experts: E, rowsPerExpert };
}
