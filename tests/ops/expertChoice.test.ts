/** What holds for expert choice on random shapes and scores (with ties), capacities given or by the masks of a sequence. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacityOf } from '../../src/config/capacity.ts';
import { expertChoice } from '../../src/ops/expertChoice.ts';
import { none, type Routing } from '../../src/ops/routing.ts';
import { sequenceCapacity } from '../../src/ops/sequenceCapacity.ts';
import { persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';
import { expectConsistent, expectGatesSumToOne, routesOf, run, scoresOf, sum } from './routed.ts';

const expertCase = fc
  .record({
    groups: fc.integer({ min: 1, max: 4 }),
    size: fc.integer({ min: 1, max: 12 }),
    E: fc.integer({ min: 1, max: 14 }),
    choices: fc.integer({ min: 1, max: 5 }),
    capacityFactor: fc.constantFrom(0.5, 1, 1.25, 2, 8),
  })
  .chain((shape) =>
    scoresOf(shape.groups * shape.size * shape.E).map((scores) => ({
      ...shape,
      scores,
      capacity: capacityOf({ ...shape, experts: shape.E }, shape.size),
    })),
  );

const scheduledCase = fc
  .record({ T: fc.integer({ min: 1, max: 9 }), E: fc.integer({ min: 1, max: 9 }), B: fc.integer({ min: 1, max: 5 }) })
  .chain(({ T, E, B }) =>
    fc.record({
      T: fc.constant(T),
      E: fc.constant(E),
      masks: fc.array(fc.integer({ min: 0, max: T }), { minLength: B, maxLength: B }),
      byMasks: fc.array(fc.integer({ min: 1, max: T }), { minLength: T + 1, maxLength: T + 1 }),
      scores: scoresOf(B * T * E),
    }),
  );

/** Routes sequences of which the first tokens are masks, as many as said. */
function scheduledRoute(masks: readonly number[], byMasks: readonly number[]): (scores: Tensor) => Routing {
  const T = byMasks.length - 1;
  const initial = masks.flatMap((count) => Array.from({ length: T }, (_, i) => (i < count ? 7 : i % 7)));
  return (scores) => {
    const tokens = persistentTensor(scores.graph, 'tokens', [initial.length], { type: 'u32', initial });
    const capacity = sequenceCapacity(tokens, { B: masks.length, maskId: 7, byMasks });
    return expertChoice(scores, { groups: masks.length, capacity });
  };
}

test('expert choice: every expert holds exactly its capacity of every group, the best of them', () =>
  fc.assert(
    fc.asyncProperty(expertCase, async ({ groups, size, E, scores, capacity }) => {
      const routed = await run(groups * size, E, scores, (s) => expertChoice(s, { groups, capacity }));
      expectConsistent(routed);
      expectGatesSumToOne(routed, groups * size);
      expect(routed.load).toEqual(Array.from({ length: E }, () => groups * capacity));
      for (let e = 0; e < E; e++) {
        for (let group = 0; group < groups; group++) {
          const tokens = Array.from({ length: size }, (_, i) => group * size + i);
          const best = tokens.toSorted((a, b) => scores[b * E + e] - scores[a * E + e]).slice(0, capacity);
          const start = e * groups * capacity + group * capacity;
          const held = routed.pairOf.slice(start, start + capacity).map((pair) => Math.floor(pair / E));
          expect(held).toEqual(best);
        }
      }
    }),
    { numRuns: 60 },
  ));

test('expert choice: a sequence takes the same routes wherever it stands in the batch', () =>
  fc.assert(
    fc.asyncProperty(expertCase, fc.nat(), async ({ groups, size, E, scores, capacity }, turn) => {
      const order = Array.from({ length: groups }, (_, group) => (group + turn) % groups);
      const row = size * E;
      const moved = order.flatMap((group) => scores.slice(group * row, (group + 1) * row));
      const route = (s: Tensor) => expertChoice(s, { groups, capacity });
      const [before, after] = [await run(groups * size, E, scores, route), await run(groups * size, E, moved, route)];
      order.forEach((group, place) => {
        const expected = before.expertOf.slice(group * row, (group + 1) * row);
        expect(after.expertOf.slice(place * row, (place + 1) * row)).toEqual(expected);
      });
    }),
    { numRuns: 40 },
  ));

test('expert choice by masks: every expert holds of a sequence exactly what the schedule says, the best of it', () =>
  fc.assert(
    fc.asyncProperty(scheduledCase, async ({ masks, T, E, scores, byMasks }) => {
      const B = masks.length;
      const routed = await run(B * T, E, scores, scheduledRoute(masks, byMasks));
      expectConsistent(routed);
      expectGatesSumToOne(routed, B * T);
      const capacities = masks.map((count) => byMasks[count]);
      expect(routed.load).toEqual(Array.from({ length: E }, () => sum(capacities)));
      expect(routed.pairOf.slice(E * sum(capacities)).every((pair) => pair === none)).toBe(true);
      capacities.forEach((capacity, b) => {
        const tokens = Array.from({ length: T }, (_, i) => b * T + i);
        for (let e = 0; e < E; e++) {
          const best = tokens.toSorted((m, n) => scores[n * E + e] - scores[m * E + e]).slice(0, capacity);
          const start = routed.offsets[e] + sum(capacities.slice(0, b));
          const held = routed.pairOf.slice(start, start + capacity).map((pair) => Math.floor(pair / E));
          expect(held).toEqual(best);
        }
      });
    }),
    { numRuns: 60 },
  ));

test('expert choice by masks: a sequence takes the same routes whatever else is in the batch', () =>
  fc.assert(
    fc.asyncProperty(scheduledCase, async ({ masks, T, E, scores, byMasks }) => {
      const row = T * E;
      const together = await run(masks.length * T, E, scores, scheduledRoute(masks, byMasks));
      for (const [b, count] of masks.entries()) {
        const alone = await run(T, E, scores.slice(b * row, (b + 1) * row), scheduledRoute([count], byMasks));
        expect(together.expertOf.slice(b * row, (b + 1) * row)).toEqual(alone.expertOf);
        expect(together.gates.slice(b * row, (b + 1) * row)).toEqual(alone.gates);
      }
    }),
    { numRuns: 30 },
  ));

test('expert choice over a batch: permuting its tokens permutes the routes, as scores are all it looks at', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({ N: fc.integer({ min: 1, max: 24 }), E: fc.integer({ min: 1, max: 9 }) }).chain(({ N, E }) =>
        fc.record({
          N: fc.constant(N),
          E: fc.constant(E),
          capacity: fc.integer({ min: 1, max: N }),
          order: fc.shuffledSubarray(
            Array.from({ length: N }, (_, n) => n),
            { minLength: N, maxLength: N },
          ),
          // Without ties, which only the order could decide.
          ranks: fc.shuffledSubarray(
            Array.from({ length: N * E }, (_, i) => i),
            { minLength: N * E, maxLength: N * E },
          ),
        }),
      ),
      async ({ N, E, capacity, order, ranks }) => {
        const scores = ranks.map((rank) => (rank + 1) / (N * E));
        const route = (s: Tensor) => expertChoice(s, { groups: 1, capacity });
        const rows = <T>(values: readonly T[]) => order.flatMap((n) => values.slice(n * E, (n + 1) * E));
        const [before, after] = [await run(N, E, scores, route), await run(N, E, rows(scores), route)];
        expect(after.expertOf).toEqual(rows(before.expertOf));
        expect(after.gates).toEqual(rows(before.gates));
      },
    ),
    { numRuns: 40 },
  ));

test('expert choice: a capacity of the whole group holds everything, and gates are then shares of all scores', () =>
  fc.assert(
    fc.asyncProperty(expertCase, async ({ groups, size, E, scores }) => {
      const routed = await run(groups * size, E, scores, (s) => expertChoice(s, { groups, capacity: size }));
      expect(routed.expertOf).toEqual(Array.from({ length: groups * size * E }, (_, pair) => pair % E));
      routed.gates.forEach((gate, pair) => {
        const token = Math.floor(pair / E) * E;
        expect(gate).toBeCloseTo(scores[pair] / sum(scores.slice(token, token + E)), 5);
      });
    }),
    { numRuns: 30 },
  ));

test('renormalised softmax scores are the softmax over the experts that hold the token', () =>
  fc.assert(
    fc.asyncProperty(expertCase, async ({ groups, size, E, scores: logits, capacity }) => {
      const softmax = (values: readonly number[]) => {
        const total = sum(values.map(Math.exp));
        return values.map((value) => Math.exp(value) / total);
      };
      const rowsOf = Array.from({ length: groups * size }, (_, n) => logits.slice(n * E, (n + 1) * E));
      const scores = rowsOf.flatMap(softmax);
      const routed = await run(groups * size, E, scores, (s) => expertChoice(s, { groups, capacity }));
      rowsOf.forEach((row, n) => {
        const held = routesOf(routed, n);
        const expected = softmax(held.map((e) => row[e]));
        held.forEach((e, index) => {
          expect(routed.gates[n * E + e]).toBeCloseTo(expected[index], 5);
        });
      });
    }),
    { numRuns: 40 },
  ));

test('capacity: the share of a group, at least one token and at most all', () => {
  const capacity = (choices: number, experts: number, size: number, capacityFactor = 1) =>
    capacityOf({ choices, experts, capacityFactor }, size);
  expect(capacity(2, 8, 64)).toBe(16);
  expect(capacity(1, 64, 7)).toBe(1);
  expect(capacity(5, 3, 7)).toBe(7);
  expect(capacity(2, 3, 10)).toBe(6);
  expect(capacity(2, 8, 64, 1.3)).toBe(20);
  expect(capacity(2, 8, 64, 0.01)).toBe(1);
  expect(capacity(2, 8, 64, 64)).toBe(64);
  expect(capacity(1, 1, 100, 0.29)).toBe(29);
});
