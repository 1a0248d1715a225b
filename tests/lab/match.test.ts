/** The dense width that matches a sparse model: no other width comes nearer. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { denseMatch, type MatchKind, matchKinds } from '../../src/lab/match.ts';
import { accountingOf } from '../../src/run/cost.ts';

const sparse = fc.record({
  'model.feedForward': fc.constantFrom('expert-choice', 'token-choice'),
  'model.layers': fc.integer({ min: 1, max: 4 }),
  'model.width': fc.integer({ min: 2, max: 24 }).map((pairs) => 4 * pairs),
  'model.experts': fc.integer({ min: 4, max: 32 }),
  'model.choices': fc.integer({ min: 2, max: 4 }),
  'model.expertWidth': fc.integer({ min: 1, max: 200 }),
  'model.sharedExperts': fc.integer({ min: 0, max: 2 }),
  'data.sequenceLength': fc.integer({ min: 2, max: 128 }),
});
const kinds = fc.constantFrom<MatchKind>('flops', 'parameters');

describe('the dense match', () => {
  it('is nearer than any other width', () => {
    fc.assert(
      fc.property(sparse, kinds, fc.integer({ min: 2, max: 300 }), (settings, by, vocabularySize) => {
        const experiment = withSettings(presetExperiment('expert-choice'), settings);
        const figure = (of: typeof experiment) => accountingOf(of, vocabularySize)[matchKinds[by]];
        const target = figure(experiment);
        const { experiment: dense, hiddenWidth, ratio } = denseMatch(experiment, by, vocabularySize);
        expect(dense.model).toMatchObject({ feedForward: 'dense', hiddenWidth });
        expect(dense).toEqual(
          withSettings(experiment, { 'model.feedForward': 'dense', 'model.hiddenWidth': hiddenWidth }),
        );
        expect(ratio).toBeCloseTo(figure(dense) / target, 12);
        const missed = Math.abs(figure(dense) - target);
        for (const other of [-50, -3, -2, -1, 1, 2, 3, 50].map((by) => hiddenWidth + by)) {
          if (other < 1) continue;
          const further = withSettings(dense, { 'model.hiddenWidth': other });
          expect(Math.abs(figure(further) - target)).toBeGreaterThanOrEqual(missed);
        }
      }),
    );
  });

  it('is exact but for the router where two experts of 88 channels stand for 176', () => {
    const experiment = presetExperiment('expert-choice');
    const { hiddenWidth, ratio } = denseMatch(experiment, 'flops', 64);
    // The router's 8 x 64 weights are worth 8 / 3 channels of 3 x 64.
    expect(hiddenWidth).toBe(179);
    expect(ratio).toBeCloseTo(1, 2);
    // Eight experts of 88 channels, and the router.
    expect(denseMatch(experiment, 'parameters', 64).hiddenWidth).toBe(8 * 88 + 3);
  });

  it('is itself for a dense model', () => {
    const experiment = presetExperiment('dense');
    for (const by of ['flops', 'parameters'] as const)
      expect(denseMatch(experiment, by, 64)).toEqual({ experiment, hiddenWidth: 176, ratio: 1 });
  });

  it('is refused where the width would be out of range', () => {
    const experiment = withSettings(presetExperiment('expert-choice'), {
      'model.experts': 64,
      'model.expertWidth': 8192,
    });
    expect(() => denseMatch(experiment, 'parameters', 64)).toThrow(
      /^model\.hiddenWidth: expected .* got 52\d{4}; make/,
    );
  });
});
