/** Runs a router on the twins, and what holds for whatever any router decides. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { gates } from '../../src/ops/gates.ts';
import { none, type Routing } from '../../src/ops/routing.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor, type Tensor } from '../../src/tensor/tensor.ts';

export interface Routed {
  readonly slotOf: number[];
  readonly pairOf: number[];
  readonly offsets: number[];
  readonly expertOf: number[];
  /** Rows that each expert holds. */
  readonly load: number[];
  readonly gates: number[];
  readonly J: number;
}

/** Runs a router and its renormalised gates on the twins. */
export async function run(
  N: number,
  E: number,
  scores: readonly number[],
  route: (s: Tensor) => Routing,
): Promise<Routed> {
  const graph = createGraph();
  const input = persistentTensor(graph, 'scores', [N, E]);
  const routing = route(input);
  const gate = gates(input, routing, { renormalise: true });
  const runtime = createTwinRuntime();
  const plan = await runtime.compile({ launches: graph.launches }, { keepAll: true });
  runtime.write(input, scores);
  await plan.run();
  const read = async (tensor: Tensor) => Array.from(await plan.read(tensor));
  const offsets = await read(routing.offsets);
  return {
    slotOf: await read(routing.slotOf),
    pairOf: await read(routing.pairOf),
    offsets,
    expertOf: await read(routing.expertOf),
    load: offsets.slice(1).map((end, e) => end - offsets[e]),
    gates: await read(gate),
    J: routing.J,
  };
}

/** Few distinct scores, so that ties are common; none is zero. */
export const scoresOf = (length: number) =>
  fc.array(
    fc.integer({ min: 1, max: 9 }).map((score) => score / 10),
    { minLength: length, maxLength: length },
  );

export const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
export const routesOf = ({ expertOf, J }: Routed, n: number) =>
  expertOf.slice(n * J, (n + 1) * J).filter((expert) => expert !== none);

/** Slot and route name each other, slots lie in their expert's range, and no slot is served twice. */
export function expectConsistent({ slotOf, pairOf, offsets, expertOf, load }: Routed): void {
  slotOf.forEach((slot, pair) => {
    expect(slot === none).toBe(expertOf[pair] === none);
    if (slot === none) return;
    expect(pairOf[slot]).toBe(pair);
    expect(slot).toBeGreaterThanOrEqual(offsets[expertOf[pair]]);
    expect(slot).toBeLessThan(offsets[expertOf[pair] + 1]);
  });
  pairOf.forEach((pair, slot) => {
    if (pair !== none) expect(slotOf[pair]).toBe(slot);
  });
  expect(offsets[0]).toBe(0);
  expect(sum(load)).toBe(pairOf.filter((pair) => pair !== none).length);
}

export function expectGatesSumToOne(routed: Routed, N: number): void {
  for (let n = 0; n < N; n++) {
    const total = sum(routed.gates.slice(n * routed.J, (n + 1) * routed.J));
    expect(total).toBeCloseTo(routesOf(routed, n).length > 0 ? 1 : 0, 5);
  }
}
