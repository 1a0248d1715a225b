/** What holds for dropless token choice and for sorting, on random input (with ties), and what the routing ops refuse. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.ts';
import { expertChoice } from '../../src/ops/expertChoice.ts';
import { gates } from '../../src/ops/gates.ts';
import { gatherRows } from '../../src/ops/gatherRows.ts';
import { none } from '../../src/ops/routing.ts';
import { sequenceCapacity } from '../../src/ops/sequenceCapacity.ts';
import { sortByKey } from '../../src/ops/sortByKey.ts';
import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';
import { expectConsistent, expectGatesSumToOne, routesOf, run, scoresOf, sum } from './routed.ts';

const tokenCase = fc
  .record({ N: fc.integer({ min: 1, max: 30 }), E: fc.integer({ min: 1, max: 14 }) })
  .chain(({ N, E }) => fc.record({ N: fc.constant(N), E: fc.constant(E), choices: fc.integer({ min: 1, max: E }) }))
  .chain((shape) => scoresOf(shape.N * shape.E).map((scores) => ({ ...shape, scores })));

test('token choice: every token keeps exactly its choices, the best of them, and none is dropped', () =>
  fc.assert(
    fc.asyncProperty(tokenCase, async ({ N, E, choices, scores }) => {
      const routed = await run(N, E, scores, (s) => tokenChoice(s, { choices }));
      expectConsistent(routed);
      expectGatesSumToOne(routed, N);
      expect(sum(routed.load)).toBe(N * choices);
      for (let n = 0; n < N; n++) {
        const experts = Array.from({ length: E }, (_, e) => e);
        const best = experts.toSorted((a, b) => scores[n * E + b] - scores[n * E + a]).slice(0, choices);
        expect(routesOf(routed, n)).toEqual(best);
      }
    }),
    { numRuns: 60 },
  ));

test('sort: a stable sort of the keys below the number of buckets', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 300 }),
      fc.integer({ min: 1, max: 12 }),
      async (keys, buckets) => {
        const graph = createGraph();
        const input = persistentTensor(graph, 'keys', [keys.length], { type: 'u32' });
        const { order, offsets } = sortByKey(input, buckets);
        const runtime = createTwinRuntime();
        const plan = await runtime.compile({ launches: graph.launches }, { keepAll: true });
        runtime.write(input, keys);
        await plan.run();
        const kept = keys.map((_, index) => index).filter((index) => keys[index] < buckets);
        const sorted = kept.toSorted((a, b) => keys[a] - keys[b]);
        const unused = keys.slice(kept.length).map(() => none);
        expect(Array.from(await plan.read(order))).toEqual([...sorted, ...unused]);
        const starts = Array.from({ length: buckets + 1 }, (_, b) => keys.filter((key) => key < b).length);
        expect(Array.from(await plan.read(offsets))).toEqual(starts);
      },
    ),
    { numRuns: 100 },
  ));

test('shapes that do not fit are refused with a sentence', () => {
  const graph = createGraph();
  const scores = persistentTensor(graph, 'scores', [6, 3]);
  const wider = persistentTensor(graph, 'scores', [6, 4]);
  expect(() => expertChoice(scores, { groups: 4, capacity: 1 })).toThrow(
    new ShapeError('expertChoice: expected groups to divide 6 tokens, got 4 groups'),
  );
  expect(() => expertChoice(scores, { groups: 2, capacity: 4 })).toThrow(
    new ShapeError('expertChoice: expected a capacity of 1 to 3 tokens, got 4'),
  );
  const tokens = persistentTensor(graph, 'tokens', [6], { type: 'u32' });
  expect(() => sequenceCapacity(tokens, { B: 2, maskId: 7, byMasks: [1, 1, 2] })).toThrow(
    new ShapeError('sequenceCapacity: expected 6 tokens / 2 sequences + 1 capacities, got 3'),
  );
  const capacity = sequenceCapacity(tokens, { B: 2, maskId: 7, byMasks: [1, 1, 2, 3] });
  expect(() => expertChoice(scores, { groups: 3, capacity })).toThrow(
    new ShapeError('expertChoice: expected a capacity of 1 to 2 tokens, got 3'),
  );
  expect(() => expertChoice(scores, { groups: 1, capacity })).toThrow(
    new ShapeError('expertChoice: expected starts (2), got (3)'),
  );
  expect(() => tokenChoice(scores, { choices: 4 })).toThrow(
    new ShapeError('tokenChoice: expected 1 to 3 choices of 3 experts, got 4'),
  );
  const routing = tokenChoice(scores, { choices: 2 });
  expect(() => gates(wider, routing, { renormalise: true })).toThrow(ShapeError);
  expect(() => gatherRows(persistentTensor(graph, 'x', [7, 5]), routing)).toThrow(
    new ShapeError('gatherRows: expected slotOf of 7 tokens x 2 routes, got (6, 2)'),
  );
  expect(() => sortByKey(scores, 3)).toThrow(new ShapeError('sortByKey: expected keys of type u32, got f32'));
});
