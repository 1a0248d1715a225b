/** Held-out windows at stratified mask levels: what is masked, how evenly, and what is left alone. */
import { describe, expect, test } from 'vitest';
import { windowsPerCall } from '../../src/lab/network.ts';
import { type Sample, samplesOf } from '../../src/lab/samples.ts';
import { tinyExperiment } from '../support/tinyRun.ts';

const [T, W, maskId] = [16, 24, 99];
const windows = Uint32Array.from({ length: W * T }, (_, i) => i % 90);
const of = (
  settings: Record<string, string | number>,
  rounds = 1,
  seed = 1,
  answers: { starts: Uint32Array; endId: number } | null = null,
) => samplesOf(tinyExperiment(settings), { windows, answers }, { maskId, rounds, seed });

const sum = (values: Uint8Array) => values.reduce((total, one) => total + one, 0);

function expectMaskedAsSaid({ x0, xt, masked, predicted, masks, window }: Sample): void {
  expect([...x0]).toEqual([...windows.subarray(window * T, (window + 1) * T)]);
  expect([...xt]).toEqual(Array.from(x0, (id, n) => (masked[n] ? maskId : id)));
  expect(sum(predicted)).toBe(masks);
}

describe('masked diffusion', () => {
  test('masks k of T positions, each stratum of k once', () => {
    const samples = of({});
    for (const sample of samples) {
      expectMaskedAsSaid(sample);
      expect(sample.masked).toEqual(sample.predicted);
      expect([sample.of, sample.end]).toEqual([T, T]);
    }
    // 24 strata over 1..16: sorted, the i-th lies where t in [i/24, (i+1)/24) puts it.
    const sorted = samples.map(({ masks }) => masks).sort((a, b) => a - b);
    sorted.forEach((masks, i) => {
      expect(masks).toBeGreaterThanOrEqual(Math.floor((i / W) * T) + 1);
      expect(masks).toBeLessThanOrEqual(Math.min(T, Math.floor(((i + 1) / W) * T) + 1));
    });
    expect(sorted[0]).toBe(1);
    expect(sorted.at(-1)).toBe(T);
    expect(samples.map(({ masks }) => masks)).not.toEqual(sorted);
    expect(samples.map(({ window }) => window)).toEqual(Array.from({ length: W }, (_, i) => i));
  });

  test('rounds are further strata of every window, and all follow from the seed', () => {
    const samples = of({}, 4);
    expect(samples).toHaveLength(4 * W);
    samples.forEach(({ masks, window }, i) => {
      expect(window).toBe(i % W);
      const round = Math.floor(i / W);
      expect(masks).toBeGreaterThan((round / 4) * T);
      expect(masks).toBeLessThanOrEqual(((round + 1) / 4) * T + 1);
    });
    expect(of({}, 4)).toEqual(samples);
    expect(of({}, 4, 2)).not.toEqual(samples);
  });

  test('every position is masked about as often as any other', () => {
    const samples = of({}, 64);
    const counts = Array.from(
      { length: T },
      (_, n) => samples.reduce((total, { masked }) => total + masked[n], 0) / samples.length,
    );
    // 1536 draws of probability about 0.53: a deviation of 0.0127 each.
    for (const share of counts) expect(Math.abs(share - 17 / 32)).toBeLessThan(0.06);
  });
});

test('of prompts with answers only the answer is masked', () => {
  const starts = Uint32Array.from({ length: W }, (_, w) => 4 + (w % 12));
  for (const sample of of({}, 2, 1, { starts, endId: 0 })) {
    expectMaskedAsSaid(sample);
    const start = starts[sample.window];
    expect(sample.of).toBe(T - start);
    expect(sum(sample.masked.subarray(0, start))).toBe(0);
    expect(sample.masks).toBeGreaterThan(0);
    expect(sample.end).toBe(T);
  }
});

test('of block diffusion one block is masked in part, the later ones whole, the earlier ones not', () => {
  const samples = of(
    { 'objective.kind': 'block-diffusion', 'objective.blockSize': 4, 'model.feedForward': 'token-choice' },
    3,
  );
  for (const sample of samples) {
    expectMaskedAsSaid(sample);
    const { masked, predicted, end } = sample;
    expect(end % 4).toBe(0);
    expect(sum(masked.subarray(0, end - 4))).toBe(0);
    expect(sum(masked.subarray(end))).toBe(T - end);
    expect(sum(predicted.subarray(end - 4, end))).toBe(sample.masks);
    expect(sample.of).toBe(4);
  }
  expect(new Set(samples.map(({ end }) => end)).size).toBe(4);
});

test('an autoregressive model reads the text as it is, once, and predicts all of it', () => {
  const samples = of({ 'objective.kind': 'autoregressive', 'model.feedForward': 'token-choice' }, 8);
  expect(samples).toHaveLength(W);
  for (const { x0, xt, masked, predicted, masks } of samples) {
    expect(xt).toEqual(x0);
    expect([sum(masked), sum(predicted), masks]).toEqual([0, T, 0]);
  }
});

test('a call has the windows of a batch where its sequences compete, otherwise at most what it may read back', () => {
  const callOf = (settings: Record<string, string | number>, columns: number) =>
    windowsPerCall(tinyExperiment({ 'training.batchSize': 8, ...settings }), columns);
  expect(callOf({}, 100)).toBe(8);
  // 2^22 logits: 3 windows of 16 rows of 87,381 columns.
  expect(callOf({}, 87_381)).toBe(3);
  expect(callOf({}, 2 ** 22)).toBe(1);
  const coupled: Record<string, string>[] = [
    { 'model.expertGroup': 'batch' },
    { 'model.feedForward': 'token-choice', 'model.capacity': 'factor' },
  ];
  for (const settings of coupled) expect(callOf(settings, 87_381)).toBe(8);
  expect(callOf({ 'model.feedForward': 'token-choice' }, 87_381)).toBe(3);
});
