/** Capacities of expert choice by the masks of a sequence: what each schedule asks for, and what it costs on average. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { capacitiesByMasks, capacityOf, expertShareOf } from '../../src/config/capacity.ts';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import type { Experiment } from '../../src/config/schema.ts';

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Mean of s(r) over r uniform on (0, 1], in closed form, and where s is 0 and 1. */
const normal = 0.22 * Math.sqrt(2 * Math.PI) * 0.976_964_918_9; // the last is erf(1 / (2 sqrt(2) 0.22))
const schedules = {
  linear: { mean: 0.5, shape: (r: number) => r },
  'linear-reverse': { mean: 0.5, shape: (r: number) => 1 - r },
  cosine: { mean: 0.5, shape: (r: number) => (1 - Math.cos(Math.PI * r)) / 2 },
  'cosine-reverse': { mean: 0.5, shape: (r: number) => (1 + Math.cos(Math.PI * r)) / 2 },
  gaussian: { mean: normal, shape: (r: number) => Math.exp(-((r - 0.5) ** 2) / (2 * 0.22 ** 2)) },
  'gaussian-reverse': { mean: 1 - normal, shape: (r: number) => 1 - Math.exp(-((r - 0.5) ** 2) / (2 * 0.22 ** 2)) },
} as const;
type Schedule = keyof typeof schedules;
const kinds = Object.keys(schedules) as Schedule[];

const scheduled = (kind: Schedule, settings: Record<string, unknown>): Experiment =>
  withSettings(defaultExperiment(), {
    'model.feedForward': 'expert-choice',
    'model.capacitySchedule': kind,
    ...settings,
  });

/** Configurations with a schedule that the rules accept. */
const accepted = fc
  .record({
    kind: fc.constantFrom(...kinds),
    'model.experts': fc.integer({ min: 2, max: 64 }),
    'model.choices': fc.integer({ min: 1, max: 20 }),
    'model.minChoices': fc.double({ min: 0, max: 10, noNaN: true }),
    'model.capacityFactor': fc.constantFrom(0.3, 1, 1.5),
    'data.sequenceLength': fc.integer({ min: 2, max: 200 }),
  })
  .map(({ kind, ...settings }) => {
    try {
      return scheduled(kind, settings);
    } catch {
      return null;
    }
  })
  .filter((experiment) => experiment !== null);

test('every schedule computes on average exactly what the constant capacity does, and never more than there is', () => {
  fc.assert(
    fc.property(accepted, ({ model, data: { sequenceLength: T } }) => {
      const capacities = capacitiesByMasks(model, T);
      expect(capacities).toHaveLength(T + 1);
      for (const capacity of capacities) {
        expect(Number.isInteger(capacity)).toBe(true);
        expect(capacity).toBeGreaterThanOrEqual(1);
        expect(capacity).toBeLessThanOrEqual(T);
      }
      expect(sum(capacities.slice(1))).toBe(T * capacityOf(model, T));
      expect(expertShareOf(model, 8, T)).toBeCloseTo(capacityOf(model, T) / T, 12);
    }),
    { numRuns: 300 },
  );
});

test('a capacity lies within one token of the schedule, so the order of two mask ratios is kept', () => {
  fc.assert(
    fc.property(accepted, ({ model, data: { sequenceLength: T } }) => {
      const capacities = capacitiesByMasks(model, T);
      const { shape } = schedules[model.capacitySchedule as Schedule];
      const s = capacities.map((_, masks) => shape(masks / T));
      const average = capacityOf(model, T);
      const least = Math.max(1, (average * model.minChoices) / model.choices);
      const range = (average - least) / (sum(s.slice(1)) / T);
      capacities.forEach((capacity, masks) => {
        if (masks > 0) expect(Math.abs(capacity - (least + range * s[masks]))).toBeLessThan(1 + 1e-5);
      });
      for (let masks = 2; masks <= T; masks++) {
        const rise = s[masks] - s[masks - 1];
        if (Math.abs(rise) > 1e-9) expect((capacities[masks] - capacities[masks - 1]) * rise).toBeGreaterThanOrEqual(0);
      }
    }),
    { numRuns: 300 },
  );
});

test.each(kinds)('%s: in a long sequence, k runs from kmin to the kmax that the mean of s asks for', (kind) => {
  const T = 1024;
  const [choices, experts, minChoices] = [4, 16, 2];
  const { model } = scheduled(kind, {
    'model.experts': experts,
    'model.choices': choices,
    'model.minChoices': minChoices,
    'data.sequenceLength': T,
  });
  const k = capacitiesByMasks(model, T).map((capacity) => (capacity * experts) / T);
  expect(sum(k.slice(1)) / T).toBe(choices);
  const { mean, shape } = schedules[kind];
  for (const masks of [1, 100, 300, 512, 700, 1000, 1024]) {
    const expected = minChoices + ((choices - minChoices) / mean) * shape(masks / T);
    // One token is 16 / 1024 of k, and sums over 1024 ratios are within 1 / 1024 of the integral.
    expect(Math.abs(k[masks] - expected)).toBeLessThan(0.025);
  }
});

test('the published range: 8 to 32 experts per token average to 20 when linear', () => {
  const T = 1024;
  const { model } = scheduled('linear-reverse', {
    'model.experts': 64,
    'model.choices': 20,
    'model.minChoices': 8,
    'data.sequenceLength': T,
  });
  const k = capacitiesByMasks(model, T).map((capacity) => (capacity * 64) / T);
  expect(k[T]).toBeCloseTo(8, 1);
  expect(k[1]).toBeCloseTo(32, 1);
});

test('numbers by hand', () => {
  const settings = { capacityFactor: 1, choices: 2, experts: 4, minChoices: 1 };
  // C = 4 of 8, at least 2; s averages to 4.5 / 8, so the peak is 2 + 2 / 0.5625 = 5.56: 2.44, 2.89, 3.33, 3.78, 4.22 ..
  expect(capacitiesByMasks({ ...settings, capacitySchedule: 'linear' }, 8)).toEqual([2, 2, 3, 3, 4, 4, 5, 5, 6]);
  expect(capacitiesByMasks({ ...settings, capacitySchedule: 'constant' }, 8)).toEqual([4, 4, 4, 4, 4, 4, 4, 4, 4]);
  // Nothing to shift: the least is one token, and so is the average.
  expect(capacitiesByMasks({ ...settings, choices: 1, capacitySchedule: 'cosine' }, 4)).toEqual([1, 1, 1, 1, 1]);
});
