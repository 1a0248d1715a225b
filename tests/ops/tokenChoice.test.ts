/** What holds for token choice, its capacity and its gates, on random shapes and scores. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ShapeError } from '../../src/base/errors.ts';
import { type DropRule, dropOverflow } from '../../src/ops/dropOverflow.ts';
import { gates } from '../../src/ops/gates.ts';
import { routerScores } from '../../src/ops/routerScores.ts';
import { none, routeCounts } from '../../src/ops/routing.ts';
import { tokenChoice } from '../../src/ops/tokenChoice.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';

interface Shape {
  readonly N: number;
  readonly E: number;
  readonly choices: number;
}

interface Routed {
  /** (N, J) */
  readonly expertOf: number[];
  readonly slotOf: number[];
  readonly gates: number[];
  /** (S) */
  readonly pairOf: number[];
  /** (E + 1) */
  readonly offsets: number[];
  readonly asked: number[];
}

interface Options {
  readonly drop?: { capacity: number; rule: DropRule };
  readonly renormalise?: boolean;
  /** (E) added to the scores for the choice. */
  readonly bias?: readonly number[];
  /** The values are logits, of which the scores are a softmax. */
  readonly areLogits?: boolean;
}

/** Runs token choice on the float64 twins. */
async function run({ N, E, choices }: Shape, values: readonly number[], options: Options = {}): Promise<Routed> {
  const { drop, bias: shift, renormalise = false, areLogits = false } = options;
  const graph = createGraph();
  const input = persistentTensor(graph, 'scores', [N, E]);
  const scores = areLogits ? routerScores(input, 'softmax') : input;
  const bias = shift ? persistentTensor(graph, 'bias', [E], { initial: shift }) : null;
  const dropless = tokenChoice(scores, { choices, bias });
  const routing = drop ? dropOverflow(scores, dropless, drop) : dropless;
  const gate = gates(scores, routing, { renormalise });
  const runtime = createTwinRuntime({ bits: 64 });
  const plan = await runtime.compile({ launches: graph.launches }, { keepAll: true });
  runtime.write(input, values);
  await plan.run();
  const read = async (tensor: Tensor) => Array.from(await plan.read(tensor));
  return {
    expertOf: await read(routing.expertOf),
    slotOf: await read(routing.slotOf),
    gates: await read(gate),
    pairOf: await read(routing.pairOf),
    offsets: await read(routing.offsets),
    asked: await read(routing.asked),
  };
}

const shapes = fc
  .record({ N: fc.integer({ min: 1, max: 30 }), E: fc.integer({ min: 1, max: 14 }) })
  .chain(({ N, E }) => fc.record({ N: fc.constant(N), E: fc.constant(E), choices: fc.integer({ min: 1, max: E }) }));

/** Few distinct scores, so that ties are common. */
const withTies = ({ N, E }: Shape) =>
  fc.array(
    fc.integer({ min: 1, max: 9 }).map((score) => score / 10),
    { minLength: N * E, maxLength: N * E },
  );

/** No two alike: a permutation. */
const distinct = ({ N, E }: Shape) =>
  fc
    .shuffledSubarray(
      Array.from({ length: N * E }, (_, i) => i),
      { minLength: N * E, maxLength: N * E },
    )
    .map((order) => order.map((rank) => (rank + 1) / (N * E)));

const withCapacity = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    scores: withTies(shape),
    capacity: fc.integer({ min: 1, max: shape.N }),
    rule: fc.constantFrom<DropRule>('position', 'score'),
  }),
);

test('a capacity drops exactly the overflow of each expert, by the rule', () =>
  fc.assert(
    fc.asyncProperty(withCapacity, async ({ shape, scores, capacity, rule }) => {
      const { E, choices: J } = shape;
      const routed = await run(shape, scores, { drop: { capacity, rule } });
      const dropless = await run(shape, scores);
      expect(routed.expertOf).toEqual(dropless.expertOf);
      expect(routed.asked).toEqual(dropless.offsets);
      const served = new Set<number>();
      for (let e = 0; e < E; e++) {
        const asking = routed.expertOf.map((_, pair) => pair).filter((pair) => routed.expertOf[pair] === e);
        const score = (pair: number) => scores[Math.floor(pair / J) * E + e];
        const ranked = rule === 'score' ? asking.toSorted((a, b) => score(b) - score(a)) : asking;
        const kept = ranked.slice(0, capacity);
        expect(routed.pairOf.slice(routed.offsets[e], routed.offsets[e + 1])).toEqual(kept);
        kept.forEach((pair, rank) => {
          expect(routed.slotOf[pair]).toBe(routed.offsets[e] + rank);
          served.add(pair);
        });
      }
      routed.slotOf.forEach((slot, pair) => {
        if (!served.has(pair)) expect(slot).toBe(none);
      });
      expect(routed.pairOf.slice(routed.offsets[E]).every((pair) => pair === none)).toBe(true);
    }),
    { numRuns: 100 },
  ));

test('a drop takes away the gate of its route and leaves the others; without one they sum as defined', () =>
  fc.assert(
    fc.asyncProperty(withCapacity, fc.boolean(), async ({ shape, scores, capacity, rule }, renormalise) => {
      const { N, E, choices: J } = shape;
      const dropped = await run(shape, scores, { drop: { capacity, rule }, renormalise });
      const dropless = await run(shape, scores, { renormalise });
      const kept = dropless.gates.map((gate, pair) => (dropped.slotOf[pair] === none ? 0 : gate));
      expect(dropped.gates).toEqual(kept);
      for (let n = 0; n < N; n++) {
        const pairs = Array.from({ length: J }, (_, j) => n * J + j);
        const sum = pairs.reduce((total, pair) => total + dropless.gates[pair], 0);
        const chosen = pairs.reduce((total, pair) => total + scores[n * E + dropless.expertOf[pair]], 0);
        expect(sum).toBeCloseTo(renormalise ? 1 : chosen, 12);
      }
    }),
    { numRuns: 60 },
  ));

const withBias = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    scores: distinct(shape),
    bias: fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: shape.E, maxLength: shape.E }),
  }),
);

test('a bias shifts the choice and not the gates', () => {
  let moved = 0;
  return fc
    .assert(
      fc.asyncProperty(withBias, fc.boolean(), async ({ shape, scores, bias }, renormalise) => {
        const { N, E, choices: J } = shape;
        const routed = await run(shape, scores, { bias, renormalise });
        const plain = await run(shape, scores, { renormalise });
        for (let n = 0; n < N; n++) {
          const row = scores.slice(n * E, (n + 1) * E);
          const order = row.map((_, e) => e).toSorted((a, b) => row[b] + bias[b] - (row[a] + bias[a]));
          const chosen = routed.expertOf.slice(n * J, (n + 1) * J);
          expect(chosen).toEqual(order.slice(0, J));
          const total = renormalise ? chosen.reduce((sum, e) => sum + row[e], 0) : 1;
          chosen.forEach((e, j) => {
            expect(routed.gates[n * J + j]).toBeCloseTo(row[e] / total, 12);
          });
        }
        if (routed.expertOf.join() !== plain.expertOf.join()) moved++;
      }),
      { numRuns: 60 },
    )
    .then(() => expect(moved, 'runs in which the bias changed a route').toBeGreaterThan(5));
});

test('a softmax over the experts, renormalised over the chosen, is a softmax over the chosen logits', () =>
  fc.assert(
    fc.asyncProperty(
      shapes.chain((shape) => fc.record({ shape: fc.constant(shape), ranks: distinct(shape) })),
      async ({ shape, ranks }) => {
        const { N, E, choices: J } = shape;
        const logits = ranks.map((rank) => 12 * rank - 6);
        const routed = await run(shape, logits, { areLogits: true, renormalise: true });
        for (let n = 0; n < N; n++) {
          const row = logits.slice(n * E, (n + 1) * E);
          const best = row.map((_, e) => e).toSorted((a, b) => row[b] - row[a]);
          const total = best.slice(0, J).reduce((sum, e) => sum + Math.exp(row[e]), 0);
          for (let j = 0; j < J; j++) {
            expect(routed.expertOf[n * J + j]).toBe(best[j]);
            expect(routed.gates[n * J + j]).toBeCloseTo(Math.exp(row[best[j]]) / total, 12);
          }
        }
      },
    ),
    { numRuns: 60 },
  ));

const rearranged = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    scores: distinct(shape),
    order: fc.shuffledSubarray(
      Array.from({ length: shape.N }, (_, n) => n),
      { minLength: shape.N, maxLength: shape.N },
    ),
    capacity: fc.integer({ min: 1, max: shape.N }),
  }),
);

test.each(['dropless', 'by score'])('the order of the batch changes no route and no gate of a token: %s', (kind) =>
  fc.assert(
    fc.asyncProperty(rearranged, async ({ shape, scores, order, capacity }) => {
      const { E, choices: J } = shape;
      const options: Options = {
        renormalise: true,
        ...(kind === 'by score' && { drop: { capacity, rule: 'score' as const } }),
      };
      const before = await run(shape, scores, options);
      const moved = order.flatMap((n) => scores.slice(n * E, (n + 1) * E));
      const after = await run(shape, moved, options);
      const rows = (values: readonly number[], n: number) => values.slice(n * J, (n + 1) * J);
      const isHeld = (slots: readonly number[]) => slots.map((slot) => slot !== none);
      order.forEach((n, place) => {
        expect(rows(after.expertOf, place)).toEqual(rows(before.expertOf, n));
        expect(rows(after.gates, place)).toEqual(rows(before.gates, n));
        expect(isHeld(rows(after.slotOf, place))).toEqual(isHeld(rows(before.slotOf, n)));
      });
    }),
    { numRuns: 50 },
  ),
);

test('shapes that do not fit are refused with a sentence', () => {
  const graph = createGraph();
  const scores = persistentTensor(graph, 'scores', [6, 3]);
  const routing = tokenChoice(scores, { choices: 2 });
  expect(() => dropOverflow(scores, routing, { capacity: 0, rule: 'score' })).toThrow(
    new ShapeError('dropOverflow: expected a capacity of at least 1 row, got 0'),
  );
  expect(() => routeCounts(routing, 4)).toThrow(
    new ShapeError('routeCounts: expected groups to divide 6 tokens, got 4 groups'),
  );
});
