/** Times, mask levels and loss weights: their strata, and that both objectives estimate one bound without bias. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { drawTimes, levelKind, levelsAt, smallestMaskProbability } from '../../src/diffusion/noise.ts';
import { corrupt } from '../../src/ops/corrupt.ts';
import { createTwinRuntime } from '../../src/runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../../src/tensor/tensor.ts';

const batch = { B: fc.integer({ min: 1, max: 40 }), seed: fc.nat(), step: fc.nat(1000) };

describe('times', () => {
  test('antithetic: one in each stratum, in order, different from step to step', () => {
    fc.assert(
      fc.property(batch.B, batch.seed, batch.step, (B, seed, step) => {
        const times = drawTimes('antithetic', B, seed, step);
        expect(times.map((t) => Math.floor(t * B + 1e-12))).toEqual(Array.from({ length: B }, (_, i) => i));
        expect(drawTimes('antithetic', B, seed, step + 1)).not.toEqual(times);
        expect(drawTimes('antithetic', B, seed, step)).toEqual(times);
      }),
    );
  });

  test('shared: evenly spaced from one offset', () => {
    fc.assert(
      fc.property(batch.B, batch.seed, batch.step, (B, seed, step) => {
        const sorted = drawTimes('shared', B, seed, step).sort((a, b) => a - b);
        for (let i = 1; i < B; i++) expect(sorted[i] - sorted[i - 1]).toBeCloseTo(1 / B, 9);
        expect(sorted[0]).toBeLessThan(1 / B + 1e-9);
      }),
    );
  });

  test.each(['uniform', 'antithetic', 'shared'] as const)('%s: uniform over [0, 1)', (sampling) => {
    const times = Array.from({ length: 500 }, (_, step) => drawTimes(sampling, 8, 3, step)).flat();
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...times)).toBeLessThan(1);
    const tenths = new Array<number>(10).fill(0);
    for (const t of times) tenths[Math.floor(10 * t)]++;
    // 400 expected in each; 5 standard deviations of independent draws are 95.
    for (const count of tenths) expect(Math.abs(count - 400)).toBeLessThan(95);
  });
});

describe('levels', () => {
  test('uniform-k masks 1 to T positions, every count in its share of times, with weight T / k', () => {
    for (const T of [1, 7, 64]) {
      const times = Array.from({ length: T }, (_, i) => [i / T, (i + 0.999999) / T]).flat();
      const { level, weight } = levelsAt('uniform-k', times, T);
      expect(Array.from(level)).toEqual(times.map((_, i) => Math.floor(i / 2) + 1));
      level.forEach((k, i) => {
        expect(weight[i]).toBeCloseTo(T / k, 4);
      });
    }
  });

  test('elbo masks with probability (1 - eps) t + eps and weighs by its inverse', () => {
    const times = [0, 0.25, 0.5, 0.999999];
    const { level, weight } = levelsAt('elbo', times, 16);
    times.forEach((t, i) => {
      const p = (1 - smallestMaskProbability) * t + smallestMaskProbability;
      expect(level[i] / 2 ** 24).toBeCloseTo(p, 6);
      expect((weight[i] * level[i]) / 2 ** 24).toBeCloseTo(1, 6);
    });
  });
});

test('none masks as elbo does, every masked position weighing 1', () => {
  const times = [0, 0.3, 0.7, 0.999];
  expect(levelsAt('none', times, 16).level).toEqual(levelsAt('elbo', times, 16).level);
  expect(Array.from(levelsAt('none', times, 16).weight)).toEqual([1, 1, 1, 1]);
});

/**
 * Means over many steps of weight * loss(mask), where the loss of a masked position i depends on how much of its
 * surroundings is masked, as a model's does: cost(i) = 1 + (masked neighbours of i) / 2 + i / 10.
 */
async function meanLoss(weighting: 'uniform-k' | 'elbo', { T, B, steps }: { T: number; B: number; steps: number }) {
  const graph = createGraph();
  const x0 = persistentTensor(graph, 'x0', [B, T], { type: 'u32' });
  const level = persistentTensor(graph, 'level', [B], { type: 'u32' });
  const draw = persistentTensor(graph, 'draw', [2], { type: 'u32' });
  const { maskKey } = corrupt(x0, { level, draw, maskId: 5, kind: levelKind(weighting) });
  const runtime = createTwinRuntime();
  const plan = await runtime.compile({ launches: graph.launches }, { report: [maskKey] });
  const losses: number[] = [];
  const weights: number[] = [];
  for (let step = 0; step < steps; step++) {
    const levels = levelsAt(weighting, drawTimes('antithetic', B, 9, step), T);
    runtime.write(level, levels.level);
    runtime.write(draw, [9, step]);
    const [keys] = await plan.run();
    let loss = 0;
    let masked = 0;
    for (let b = 0; b < B; b++) {
      const isMasked = (i: number) => i >= 0 && i < T && keys[b * T + i] === 0;
      for (let i = 0; i < T; i++) {
        if (!isMasked(i)) continue;
        masked += levels.weight[b];
        loss += levels.weight[b] * (1 + (Number(isMasked(i - 1)) + Number(isMasked(i + 1))) / 2 + i / 10);
      }
    }
    losses.push(loss / (B * T));
    weights.push(masked / (B * T));
  }
  return { loss: summary(losses), weight: summary(weights) };
}

function summary(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / (values.length - 1) / values.length) };
}

test('uniform-k and elbo estimate the same bound, and weigh each token once on average', async () => {
  const T = 6;
  // The exact bound: a masked position's neighbour is masked with probability 1/2 on average over the order of
  // revealing (either is equally likely to be the earlier one). 5 pairs, counted from both sides, over 6 positions.
  const bound = 1 + (0.5 * 0.5 * 2 * (T - 1)) / T + (T - 1) / 20;
  const uniform = await meanLoss('uniform-k', { T, B: 8, steps: 2000 });
  const elbo = await meanLoss('elbo', { T, B: 8, steps: 6000 });
  expect(uniform.weight.mean).toBeCloseTo(1, 6);
  expect(Math.abs(elbo.weight.mean - 1)).toBeLessThan(4 * elbo.weight.error);
  expect(Math.abs(uniform.loss.mean - bound)).toBeLessThan(4 * uniform.loss.error);
  // LLaDA's eps keeps t above 0, which moves the bound by less than eps of it.
  expect(Math.abs(elbo.loss.mean - bound)).toBeLessThan(4 * elbo.loss.error + 2e-3 * bound);
  expect(uniform.loss.error).toBeLessThan(0.01);
  expect(elbo.loss.error).toBeLessThan(0.02);
  // The reason for uniform-k: less variance per step.
  expect(uniform.loss.error * Math.sqrt(2000)).toBeLessThan(elbo.loss.error * Math.sqrt(6000));
});

describe('answers only', () => {
  const T = 24;
  const starts = [0, 5, 23, 12];
  const lengths = starts.map((start) => T - start);

  test('uniform-k masks 1 to A of an answer of A tokens, each count alike, with weight T / k: A / k over A of T', () => {
    const A = lengths[3];
    const seen = new Map<number, number>();
    for (let i = 0; i < 1200; i++) {
      const { level, weight } = levelsAt('uniform-k', [(i + 0.5) / 1200], T, [A]);
      expect(weight[0]).toBeCloseTo(T / level[0], 5);
      seen.set(level[0], (seen.get(level[0]) ?? 0) + 1);
    }
    expect([...seen.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: A }, (_, i) => i + 1));
    expect([...seen.values()].every((count) => count === 1200 / A)).toBe(true);
  });

  test('a loss of one nat per masked token is one nat per token of the answer on average, under either weighting', async () => {
    for (const weighting of ['uniform-k', 'elbo'] as const) {
      const B = lengths.length;
      const graph = createGraph();
      const x0 = persistentTensor(graph, 'x0', [B, T], { type: 'u32', initial: new Array(B * T).fill(1) });
      const level = persistentTensor(graph, 'level', [B], { type: 'u32' });
      const draw = persistentTensor(graph, 'draw', [2], { type: 'u32' });
      const answerStart = persistentTensor(graph, 'starts', [B], { type: 'u32', initial: starts });
      const { maskKey } = corrupt(x0, { level, draw, maskId: 5, kind: levelKind(weighting), answerStart });
      const runtime = createTwinRuntime();
      const plan = await runtime.compile({ launches: graph.launches }, { report: [maskKey] });
      const steps = 4000;
      const sums = new Float64Array(B);
      for (let step = 0; step < steps; step++) {
        const levels = levelsAt(weighting, drawTimes('antithetic', B, 9, step), T, lengths);
        runtime.write(level, levels.level);
        runtime.write(draw, [9, step]);
        const [keys] = await plan.run();
        for (let b = 0; b < B; b++) {
          const row = Array.from(keys.subarray(b * T, (b + 1) * T));
          expect(row.slice(0, starts[b]).every((key) => key === 1)).toBe(true);
          const masked = row.filter((key) => key === 0).length;
          if (weighting === 'uniform-k') expect(masked).toBe(levels.level[b]);
          sums[b] += (levels.weight[b] * masked) / T;
        }
      }
      // Exact for counts; else the mean of A / p draws with a heavy tail at small p.
      for (const sum of sums) expect(Math.abs(sum / steps - 1)).toBeLessThan(weighting === 'uniform-k' ? 1e-6 : 0.15);
    }
  });
});
