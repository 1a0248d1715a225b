/** Each order, budget and revision against a plain reference on probabilities that are given, step by step. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { streams, uniformAt } from '../../src/base/random.ts';
import { decodeSettings } from '../../src/config/decoders.ts';
import type { Budget, DecodeSettings, Order, RemaskSchedule, Revision } from '../../src/config/decodeSettings.ts';
import { type Beliefs, bestTokens, statisticsOf } from '../../src/diffusion/beliefs.ts';
import { temperatureOf } from '../../src/diffusion/candidates.ts';
import { decide } from '../../src/diffusion/decide.ts';
import { remaskProbabilities, revealProbability } from '../../src/diffusion/schedules.ts';
import type { Commit, Decision, DecodeView } from '../../src/diffusion/view.ts';

const V = 4;
const mask = V;

/** Rows of probabilities by position, all different in every score. */
const rows = [
  [0.4, 0.35, 0.15, 0.1],
  [0.05, 0.9, 0.03, 0.02],
  [0.2, 0.1, 0.6, 0.1],
  [0.01, 0.01, 0.01, 0.97],
  [0.3, 0.25, 0.24, 0.21],
  [0.02, 0.05, 0.13, 0.8],
];
const T = rows.length;

const beliefsOver = (given: readonly (readonly number[])[]): Beliefs => ({
  V,
  row: (position) => Float64Array.from(given[position]),
  statistics: (position) => statisticsOf(Float64Array.from(given[position])),
});

/** Settings as a rule reads them, whatever fits together. */
function viewOf(settings: Partial<DecodeSettings>, changes: Partial<DecodeView> = {}): DecodeView {
  const open = changes.open ?? rows.map((_, position) => position);
  return {
    settings: { ...decodeSettings('low-confidence'), candidate: 'best', ...settings },
    beliefs: beliefsOver(rows),
    open,
    revealed: [],
    tokens: new Uint32Array(T).fill(mask),
    confidence: new Float32Array(T).fill(Number.NaN),
    step: 0,
    steps: 3,
    openAtStart: T,
    ...changes,
  };
}

const positionsOf = (commits: readonly Commit[]) => commits.map(({ position }) => position);

describe('orders', () => {
  /** Positions as they come first, worked out by hand from the rows; null where chance decides. */
  const expected: Record<Order, readonly number[] | null> = {
    // Best probabilities: .4, .9, .6, .97, .3, .8.
    confidence: [3, 1, 5, 2, 0, 4],
    // .05, .85, .4, .96, .05 (less by rounding? no: .3 - .25 = .05 as .4 - .35), .67: the tie goes to the earlier.
    margin: [3, 1, 5, 2, 0, 4],
    // Entropies: 1.25, .43, 1.09, .17, 1.38, .67 nats.
    entropy: [3, 1, 5, 2, 0, 4],
    random: null,
    position: [0, 1, 2, 3, 4, 5],
  };

  test.each(Object.keys(expected) as Order[])('%s', (order) => {
    const { notes } = decide(viewOf({ order }));
    if (expected[order]) expect(positionsOf(notes).slice(0, 4)).toEqual(expected[order].slice(0, 4));
    const scores = notes.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const score of scores) expect(score >= 0 && score <= 1).toBe(true);
    for (const { position, score, confidence } of notes) {
      const sorted = [...rows[position]].sort((a, b) => b - a);
      const entropy = -rows[position].reduce((sum, p) => sum + p * Math.log(p), 0);
      const reference: Record<Order, number> = {
        confidence: sorted[0],
        margin: sorted[0] - sorted[1],
        entropy: Math.exp(-entropy),
        random: uniformAt(1, streams.decodeOrder, 0, position),
        position: 1 / (1 + position),
      };
      expect(score).toBeCloseTo(reference[order], 12);
      expect(confidence).toBe(sorted[0]);
    }
  });

  test('margin and entropy tell apart what confidence does not', () => {
    // Equal best tokens; the second of the first is close, and the rest of the second is spread.
    const given = [
      [0.5, 0.49, 0.005, 0.005],
      [0.5, 0.17, 0.17, 0.16],
    ];
    const at = (order: Order) =>
      positionsOf(decide(viewOf({ order }, { beliefs: beliefsOver(given), open: [0, 1] })).notes);
    expect(at('margin')).toEqual([1, 0]);
    expect(at('entropy')).toEqual([0, 1]);
    expect(at('confidence')).toEqual([0, 1]);
  });

  test('noise draws the first position with probability score^(1/noise), as Gumbel noise on log scores does', () => {
    for (const [order, noise] of [
      ['confidence', 1],
      ['confidence', 0.5],
      ['entropy', 1],
    ] as const) {
      const counts = new Array<number>(T).fill(0);
      const draws = 4000;
      for (let seed = 0; seed < draws; seed++)
        counts[decide(viewOf({ order, orderNoise: noise, seed })).notes[0].position]++;
      const weights = rows.map((row) => {
        const entropy = -row.reduce((sum, p) => sum + p * Math.log(p), 0);
        return (order === 'entropy' ? Math.exp(-entropy) : Math.max(...row)) ** (1 / noise);
      });
      const total = weights.reduce((sum, weight) => sum + weight);
      // 5 standard deviations of a share of 4000 are at most 0.04.
      for (const [i, count] of counts.entries())
        expect(Math.abs(count / draws - weights[i] / total)).toBeLessThan(0.035);
    }
  });
});

describe('candidates', () => {
  test('anneal from the first call to the last, by steps or by what is filled', () => {
    const annealed = { candidate: 'sample', anneal: true, temperature: 1, endTemperature: 0.5 } as const;
    const bySteps = [0, 1, 2].map((step) => temperatureOf(viewOf({ ...annealed, budget: 'quota' }, { step })));
    expect(bySteps).toEqual([1, 0.75, 0.5]);
    const byFill = [[0, 1, 2, 3, 4, 5], [0, 1, 2], [0]].map((open) =>
      temperatureOf(viewOf({ ...annealed, budget: 'one' }, { open })),
    );
    expect(byFill).toEqual([1, 0.7, 0.5]);
    expect(temperatureOf(viewOf({ ...annealed, anneal: false }))).toBe(1);
    expect(temperatureOf(viewOf({ ...annealed, candidate: 'best' }))).toBe(0);
  });

  test('are drawn anew at every step', () => {
    const even = beliefsOver(rows.map(() => [0.25, 0.25, 0.25, 0.25]));
    const drawn = [0, 1, 2].map((step) =>
      decide(viewOf({ candidate: 'sample', order: 'position' }, { beliefs: even, step })).notes.map(
        ({ token }) => token,
      ),
    );
    expect(drawn[1]).not.toEqual(drawn[0]);
    expect(drawn[2]).not.toEqual(drawn[1]);
  });

  test('survive temperatures at which every power underflows', () => {
    const { notes } = decide(viewOf({ candidate: 'sample', temperature: 1e-4 }));
    for (const { position, token } of notes) expect(token).toBe(rows[position].indexOf(Math.max(...rows[position])));
  });

  test('the five best are those of a sorted row, ties to the lower', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 12 }), (weights) => {
        const sorted = weights.map((_, v) => v).sort((a, b) => weights[b] - weights[a] || a - b);
        expect(bestTokens(Float64Array.from(weights), 5)).toEqual(sorted.slice(0, 5));
      }),
    );
  });
});

describe('budgets', () => {
  /** How each is checked; a budget of the schema without a case does not compile. */
  const cases: Record<Budget, () => void> = {
    quota: () => {
      // 7 masks in 3 steps: 3, 2, 2.
      const quotas = [0, 1, 2].map((step) => decide(viewOf({}, { step, openAtStart: 7 })).commit.length);
      expect(quotas).toEqual([3, 2, 2]);
      expect(positionsOf(decide(viewOf({})).commit)).toEqual([3, 1]);
    },
    each: () => {
      for (const step of [0, 1, 2]) {
        const { commit, value } = decide(viewOf({ order: 'random', budget: 'each', seed: 3 }, { step }));
        expect(value).toBeCloseTo(1 / (3 - step), 12);
        const revealed = rows.flatMap((_, i) =>
          uniformAt(3, streams.decode, 2 * step, i) < 1 / (3 - step) ? [i] : [],
        );
        expect(positionsOf(commit).sort()).toEqual(revealed);
      }
    },
    one: () => {
      let t = 1;
      for (const step of [0, 1, 2]) {
        const open = rows.map((_, position) => position).slice(step);
        const { commit, value, notes } = decide(viewOf({ order: 'random', budget: 'one' }, { open, step }));
        t *= uniformAt(1, streams.decodeTime, step, T) ** (1 / (T - step));
        expect(value).toBeCloseTo(t, 12);
        expect(commit).toEqual([notes[0]]);
      }
    },
    threshold: () => {
      const at = (tau: number) => positionsOf(decide(viewOf({ budget: 'threshold', tau })).commit);
      expect(at(0.9)).toEqual([3, 1]);
      expect(at(0.901)).toEqual([3]);
      expect(at(0.6)).toEqual([3, 1, 5, 2]);
      // At least the best, and everything at 0.
      expect(at(1)).toEqual([3]);
      expect(at(0)).toHaveLength(T);
    },
    factor: () => {
      // (n + 1)(1 - c_n): 0.06, 0.3, 0.8, 2.0, 3.6, 4.9.
      const at = (factor: number) => decide(viewOf({ budget: 'factor', factor })).commit.length;
      expect([0, 0.05, 0.2, 0.31, 0.81, 2.01, 3.7, 5].map(at)).toEqual([1, 1, 1, 2, 3, 4, 5, 6]);
      expect([0.29, 0.79, 1.99].map(at)).toEqual([1, 2, 3]);
    },
    'entropy-bound': () => {
      const entropies = rows.map((row) => -row.reduce((sum, p) => sum + p * Math.log(p), 0)).sort((a, b) => a - b);
      for (const gamma of [0, 0.16, 0.17, 0.5, 0.61, 1.2, 1.3, 2.3, 2.4, 100]) {
        let longest = 1;
        for (let n = 1; n <= T; n++) {
          const prefix = entropies.slice(0, n);
          if (prefix.reduce((sum, h) => sum + h) - Math.max(...prefix) <= gamma) longest = n;
        }
        const { commit } = decide(viewOf({ order: 'entropy', budget: 'entropy-bound', gamma }));
        expect(positionsOf(commit)).toEqual([3, 1, 5, 2, 0, 4].slice(0, longest));
      }
    },
  };

  test.each(Object.keys(cases) as Budget[])('%s', (budget) => cases[budget]());
});

describe('revisions', () => {
  const revealed = [0, 1, 3];
  const tokens = Uint32Array.of(1, 1, mask, 0, mask, mask);
  const confidence = Float32Array.of(0.5, 0.9, Number.NaN, 0.125, Number.NaN, Number.NaN);
  const written = { revealed, tokens, confidence, open: [2, 4, 5] };
  const remasking = (remaskSchedule: RemaskSchedule, eta: number): Partial<DecodeSettings> => ({
    order: 'random',
    budget: 'each',
    revision: 'remask',
    remaskSchedule,
    eta,
  });

  const cases: Record<Revision, () => void> = {
    none: () => {
      const { remask, edits } = decide(viewOf({}, written));
      expect({ remask, edits }).toEqual({ remask: [], edits: [] });
    },
    remask: () => {
      // t = 3/4, s = 1/2: alpha 1/4 and 1/2, so sigma_max = min(1, (1 - 1/2) / (1/4)) = 1.
      const early = viewOf(remasking('cap', 0.3), { ...written, step: 1, steps: 4 });
      expect(remaskProbabilities(early)).toEqual([0.3, 0.3, 0.3]);
      expect(revealProbability(early)).toBeCloseTo((0.5 - 0.7 * 0.25) / 0.75, 12);
      // t = 1/4, s = 0: nothing is masked again in the last step, and all is revealed.
      for (const schedule of ['cap', 'rescale', 'confidence', 'loop'] as const) {
        const last = viewOf(remasking(schedule, 1), { ...written, step: 3, steps: 4 });
        expect(remaskProbabilities(last)).toEqual([0, 0, 0]);
        expect(revealProbability(last)).toBe(1);
      }
      // t = 2/5, s = 1/5: alpha 3/5 and 4/5, sigma_max = (1/5) / (3/5) = 1/3: the cap binds below it, a share takes part.
      const late = { ...written, step: 3, steps: 5 };
      expect(remaskProbabilities(viewOf(remasking('cap', 0.5), late))[0]).toBeCloseTo(1 / 3, 12);
      expect(remaskProbabilities(viewOf(remasking('rescale', 0.5), late))[0]).toBeCloseTo(1 / 6, 12);
      expect(revealProbability(viewOf(remasking('rescale', 0.5), late))).toBeCloseTo((0.8 - (5 / 6) * 0.6) / 0.4, 12);
      const weights = [0.5, 0.9, 0.125].map((psi) => Math.exp(-psi));
      const total = weights.reduce((sum, weight) => sum + weight);
      remaskProbabilities(viewOf(remasking('confidence', 0.5), late)).forEach((sigma, i) => {
        // The confidences are kept in float32.
        expect(sigma).toBeCloseTo(((weights[i] / total) * 0.5) / 3, 7);
      });
      expect(revealProbability(viewOf(remasking('confidence', 0.5), late))).toBeCloseTo(0.2 / 0.4, 12);
      const view = viewOf({ ...remasking('cap', 0.3), seed: 5 }, late);
      const drawn = revealed.filter((position) => uniformAt(5, streams.decodeRemask, 3, position) < 0.3);
      expect(decide(view).remask).toEqual(drawn);
    },
    edit: () => {
      const at = (tauEdit: number): Decision => decide(viewOf({ revision: 'edit', tauEdit }, written));
      // Position 1 holds its best token; 0 and 3 do not, with 0.4 and 0.97 for the best.
      expect(at(0).edits).toEqual([
        { position: 0, token: 0, confidence: 0.4 },
        { position: 3, token: 3, confidence: 0.97 },
      ]);
      expect(at(0.4).edits.map(({ position }) => position)).toEqual([0, 3]);
      expect(at(0.41).edits.map(({ position }) => position)).toEqual([3]);
      expect(at(0.98).edits).toEqual([]);
      expect(at(0).commit.every(({ position }) => written.open.includes(position))).toBe(true);
    },
  };

  test.each(Object.keys(cases) as Revision[])('%s', (revision) => cases[revision]());

  test('the loop rises to its level, stays there while it masks again, and fills the rest', () => {
    const loop = { ...remasking('loop', 0.1), loopStart: 0.5, loopEnd: 0.25, loopLevel: 0.8 };
    const steps = 16;
    // Expected share that is written after each step, from the probabilities alone.
    let share = 0;
    const shares: number[] = [];
    for (let step = 0; step < steps; step++) {
      const view = viewOf(loop, { ...written, step, steps });
      const [sigma] = remaskProbabilities(view);
      const t = 1 - step / steps;
      expect(sigma > 0).toBe(t <= 0.5 && t > 0.25);
      share = share * (1 - sigma) + (1 - share) * revealProbability(view);
      shares.push(share);
    }
    // At time 1/2 the level is reached, at 1/4 it is left.
    expect(shares[3]).toBeCloseTo(0.4, 12);
    for (const at of [7, 8, 9, 10]) expect(shares[at]).toBeCloseTo(0.8, 12);
    expect(shares[11]).toBeCloseTo(0.8, 12);
    expect(shares[13]).toBeCloseTo(0.9, 12);
    expect(shares[15]).toBe(1);
  });

  test.each(['cap', 'rescale'] as const)('%s keeps the share that is written on the schedule', (schedule) => {
    for (let step = 0; step < 9; step++) {
      const view = viewOf(remasking(schedule, 0.4), { ...written, step, steps: 10 });
      const [sigma] = remaskProbabilities(view);
      const before = step / 10;
      expect(before * (1 - sigma) + (1 - before) * revealProbability(view)).toBeCloseTo((step + 1) / 10, 12);
    }
  });
});

test('a decision follows from the view, which it leaves alone', () => {
  for (const name of ['low-confidence', 'remdm-cap', 'edit-speed', 'entropy-bounded'] as const) {
    const view = viewOf(decodeSettings(name), {
      revealed: [0],
      tokens: Uint32Array.of(2, 4, 4, 4, 4, 4),
      open: [1, 2],
    });
    const { beliefs: _, ...before } = structuredClone({ ...view, beliefs: null });
    expect(decide(view)).toEqual(decide(view));
    const { beliefs: __, ...after } = view;
    expect(after).toEqual(before);
  }
});
