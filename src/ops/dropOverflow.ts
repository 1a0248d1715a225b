/**
 * The limit on how many rows an expert holds: routes past its capacity are dropped, and their rows never computed.
 * By position the later tokens lose (GShard, arXiv 2006.16668, section 2.2; Switch, arXiv 2101.03961, section 2.2), by
 * score the lowest scores (batch prioritised routing: V-MoE, arXiv 2106.05974, section 4.1, for each expert by itself).
 * All J routes of a token count alike: its first choice has no precedence over others' second choices.
 */
import wgsl from '../../shaders/drop_overflow.wgsl?raw';
import indexWgsl from '../../shaders/shared/index.wgsl?raw';
import { ShapeError } from '../base/errors.ts';
import { type Floats, kernel, type Words } from '../runtime/kernel.ts';
import { linearWorkgroups } from '../runtime/recording.ts';
import { expectShape, launch, type Tensor, transientTensor } from '../tensor/tensor.ts';
import { none, type Routing } from './routing.ts';

const dropKernel = kernel({
  name: 'drop_overflow',
  wgsl,
  helpers: [indexWgsl],
  twin: (
    b: { scores: Floats; expertOf: Words; order: Words; asked: Words; slotOf: Words; pairOf: Words; offsets: Words },
    { E, J, capacity, BY_SCORE }: { M: number; E: number; J: number; S: number; capacity: number; BY_SCORE: number },
  ) => {
    const { scores, order, asked, slotOf, pairOf, offsets } = b;
    offsets[0] = 0;
    for (let e = 0; e < E; e++) {
      const first = asked[e];
      const end = asked[e + 1];
      for (let i = first; i < end; i++) {
        const pair = order[i];
        let rank = i - first;
        if (BY_SCORE) {
          const score = scores[Math.floor(pair / J) * E + e];
          rank = 0;
          for (let k = first; k < end && rank < capacity; k++) {
            const other = scores[Math.floor(order[k] / J) * E + e];
            if (other > score || (other === score && k < i)) rank++;
          }
        }
        slotOf[pair] = rank < capacity ? offsets[e] + rank : none;
        if (rank < capacity) pairOf[offsets[e] + rank] = pair;
      }
      offsets[e + 1] = offsets[e] + Math.min(end - first, capacity);
    }
    pairOf.fill(none, offsets[E]);
  },
});

/** Which routes lose where an expert is asked for too often. */
export type DropRule = 'position' | 'score';

/**
 * The routing in which every expert holds at most `capacity` rows; by the scores (N, E) that it was made from. Dropped
 * routes have no slot but keep their expert in `expertOf`; `asked` stays what it was. No gradient.
 * Throws `ShapeError` for a capacity below 1 and scores of another shape.
 */
export function dropOverflow(
  scores: Tensor,
  routing: Routing,
  { capacity, rule }: { capacity: number; rule: DropRule },
): Routing {
  const { expertOf, pairOf: order, asked, experts: E, J } = routing;
  const { graph } = scores;
  const { N } = expectShape('dropOverflow', 'scores', scores, ['N', E]);
  const M = N * J;
  expectShape('dropOverflow', 'pairOf', order, [M], 'u32');
  if (!(Number.isInteger(capacity) && capacity >= 1)) {
    throw new ShapeError(`dropOverflow: expected a capacity of at least 1 row, got ${capacity}`);
  }
  const S = Math.min(M, E * capacity);
  const slotOf = transientTensor(graph, 'slot of', [N, J], 'u32');
  const pairOf = transientTensor(graph, 'pair of', [S], 'u32');
  const offsets = transientTensor(graph, 'offsets', [E + 1], 'u32');
  launch(graph, {
    label: `drop past ${capacity} of ${M} by ${rule}`,
    variants: [{ kernel: dropKernel, workgroups: linearWorkgroups(Math.max(M, E + 1)) }],
    bindings: { scores, expertOf, order, asked, slotOf, pairOf, offsets },
    parameters: { M, E, J, S, capacity, BY_SCORE: Number(rule === 'score') },
  });
  return { ...routing, slotOf, pairOf, offsets, slots: S };
}
