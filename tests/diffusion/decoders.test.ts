/** The table of decoders: what a rule decides is what the parts of its decoder say, and a decision is carried out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DecoderName, decoderFacts, factsOf } from '../../src/config/decoders.ts';
import { carryOut } from '../../src/diffusion/decode.ts';
import { type Decision, type DecodeView, decoders } from '../../src/diffusion/decoders.ts';

const names = Object.keys(decoderFacts) as DecoderName[];
const V = 5;
const T = 12;

/** Views of any step, with probabilities that are all different. */
const views: fc.Arbitrary<DecodeView> = fc
  .record({
    open: fc.uniqueArray(fc.nat(T - 1), { minLength: 1 }).map((positions) => positions.sort((a, b) => a - b)),
    weights: fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: T * V, maxLength: T * V }),
    steps: fc.integer({ min: 1, max: 8 }),
    at: fc.nat(7),
    done: fc.nat(20),
    temperature: fc.constantFrom(0, 0.5, 1),
    topK: fc.integer({ min: 1, max: V }),
    topP: fc.constantFrom(0.1, 0.5, 0.9),
    seed: fc.nat(1e6),
  })
  .map(({ open, weights, steps, at, done, ...sampling }) => {
    const probabilities = Float64Array.from(weights, (weight, i) => {
      const row = weights.slice(Math.floor(i / V) * V, (Math.floor(i / V) + 1) * V);
      return weight / row.reduce((sum, one) => sum + one);
    });
    return { ...sampling, open, probabilities, V, steps, step: at % steps, openAtStart: open.length + done };
  });

const rowOf = ({ probabilities }: DecodeView, position: number) => [
  ...probabilities.subarray(position * V, (position + 1) * V),
];
/** Tokens of a row, the most probable first. */
const ranked = (row: readonly number[]) => row.map((_, token) => token).sort((a, b) => row[b] - row[a]);

function holds(name: DecoderName, check: (view: DecodeView, decision: Decision) => void): void {
  fc.assert(
    fc.property(views, (view) => {
      check(view, decoders[name](view));
    }),
  );
}

describe.each(names)('%s', (name) => {
  const { candidate, order, budget, revision, span } = factsOf(name).parts;

  test('decides from the view alone, among open positions, and notes what it weighed', () => {
    holds(name, (view, decision) => {
      const before = structuredClone(view);
      expect(decoders[name](view)).toEqual(decision);
      expect(view).toEqual(before);
      const positions = decision.commit.map(({ position }) => position);
      expect(new Set(positions).size).toBe(positions.length);
      for (const position of positions) expect(view.open).toContain(position);
      for (const commit of decision.commit) {
        expect(decision.notes).toContainEqual(commit);
        expect(commit.confidence).toBe(rowOf(view, commit.position)[commit.token]);
        expect(commit.confidence).toBeGreaterThan(0);
      }
    });
  });

  test(`commits as many as ${budget} says`, () => {
    holds(name, ({ open, steps, step, openAtStart }, { commit }) => {
      if (budget === 'one') expect(commit).toHaveLength(1);
      else if (budget === 'quota') {
        const quota = Math.floor(openAtStart / steps) + Number(step < openAtStart % steps);
        expect(commit).toHaveLength(Math.min(quota, open.length));
      } else {
        expect(budget).toBe('each');
        if (step === steps - 1) expect(commit).toHaveLength(open.length);
      }
    });
  });

  test(`takes positions by ${order}`, () => {
    holds(name, (view, { commit, notes }) => {
      if (order === 'position') expect(commit[0].position).toBe(view.open[0]);
      if (order !== 'confidence') return;
      const confidences = notes.map(({ confidence }) => confidence);
      expect(confidences).toEqual([...confidences].sort((a, b) => b - a));
      expect(notes).toHaveLength(view.open.length);
      expect(commit).toEqual(notes.slice(0, commit.length));
    });
  });

  test(`draws tokens as ${candidate} says`, () => {
    holds(name, (view, { commit }) => {
      for (const { position, token } of commit) {
        const row = rowOf(view, position);
        const order = ranked(row);
        const rank = order.indexOf(token);
        if (candidate === 'best' || view.temperature === 0) expect(rank).toBe(0);
        else if (candidate === 'top-k') expect(rank).toBeLessThan(view.topK);
        else if (candidate === 'top-p' && view.temperature === 1) {
          const before = order.slice(0, rank).reduce((sum, other) => sum + row[other], 0);
          expect(before).toBeLessThan(view.topP + 1e-12);
        }
      }
    });
  });

  test('undoes nothing, in the window of its model', () => {
    expect([revision, span]).toEqual(['none', 'window']);
    holds(name, (_, { remask }) => expect(remask).toEqual([]));
  });

  test('reads the steps exactly where its budget spreads masks over them', () => {
    const { uses, fits } = factsOf(name);
    expect(uses.includes('steps')).toBe(budget === 'quota' || budget === 'each');
    expect(uses.includes('topK')).toBe(candidate === 'top-k');
    expect(uses.includes('topP')).toBe(candidate === 'top-p');
    expect(uses.includes('temperature')).toBe(candidate !== 'best');
    // What is written from left to right can only be decoded in that order.
    expect(fits.includes('autoregressive')).toBe(order === 'position' && budget === 'one');
  });
});

describe('a decision', () => {
  const maskId = V;
  const state = () => ({
    tokens: Uint32Array.of(0, 1, maskId, 3),
    confidence: Float32Array.of(1, 0.5, Number.NaN, 0.25),
    committedAt: Int32Array.of(0, 1, -1, 2),
  });

  test('writes what is committed, and masks what is undone', () => {
    const written = state();
    const commit = [{ position: 2, token: 4, confidence: 0.75 }];
    expect(carryOut({ commit, remask: [1] }, written, { call: 3, maskId })).toBe(true);
    expect(written).toEqual({
      tokens: Uint32Array.of(0, maskId, 4, 3),
      confidence: Float32Array.of(1, Number.NaN, 0.75, 0.25),
      committedAt: Int32Array.of(0, -1, 3, 2),
    });
  });

  test('that does nothing needs no new call, one that only undoes does', () => {
    const written = state();
    expect(carryOut({ commit: [], remask: [] }, written, { call: 3, maskId })).toBe(false);
    expect(written).toEqual(state());
    expect(carryOut({ commit: [], remask: [3] }, written, { call: 3, maskId })).toBe(true);
    expect(written.tokens[3]).toBe(maskId);
  });
});
