/**
 * The trace of a decode: per step what was decided and why, as plain data that can be kept as JSON, replayed, and read
 * back strictly (`parseTrace.ts`).
 */
import type { DecodeSettings } from '../config/decodeSettings.ts';
import { bestTokens } from './beliefs.ts';
import { temperatureOf } from './candidates.ts';
import type { CallKind, DecodeStep, Frame } from './decode.ts';
import { frameAt } from './decode.ts';
import { begin, carryOut, type PlanOptions, planOf, type Sequence } from './progress.ts';
import type { Commit, Edit } from './view.ts';

/** Goes up whenever a trace of before could be misread. */
export const traceFormat = 1;

/** How many candidates of each open position are kept. */
const keptCandidates = 5;

/** Which model a trace is of. */
export interface TracedModel {
  readonly name: string;
  /** Tokens of its vocabulary; the next id is the mask. */
  readonly vocabulary: number;
  /** Checksum of its weights; null where it was not computed. */
  readonly checksum: string | null;
}

/** What was weighed at the open positions, the preferred first. Lists have one entry per position. */
export interface Weighed {
  readonly positions: readonly number[];
  /** The candidates. */
  readonly tokens: readonly number[];
  readonly confidence: readonly number[];
  readonly score: readonly number[];
  /** Nats. */
  readonly entropy: readonly number[];
  readonly margin: readonly number[];
  /** The five most probable tokens of each position, fewer in a smaller vocabulary, and their probabilities. */
  readonly best: readonly (readonly number[])[];
  readonly probabilities: readonly (readonly number[])[];
}

export interface TraceStep {
  /** The network call that it was decided by; steps share one where a draft was right. */
  readonly call: number;
  readonly kind: CallKind;
  /** Index of the step in its span. */
  readonly step: number;
  readonly temperature: number;
  /** How many the budget committed, and the number that it held the candidates against. */
  readonly budget: { readonly count: number; readonly value: number };
  readonly commits: readonly Commit[];
  readonly remasks: readonly number[];
  readonly edits: readonly Edit[];
  readonly open: Weighed;
}

export interface Trace {
  readonly format: typeof traceFormat;
  readonly model: TracedModel;
  readonly settings: DecodeSettings;
  /** The sequence before the first call; masks are `model.vocabulary`. */
  readonly start: readonly number[];
  readonly steps: readonly TraceStep[];
}

/** A step of a decode as its trace keeps it. */
export function traceStep({ view, decision, kind, counts }: DecodeStep): TraceStep {
  const { notes, commit, remask, edits, value } = decision;
  const statistics = notes.map(({ position }) => view.beliefs.statistics(position));
  const rows = notes.map(({ position }) => view.beliefs.row(position));
  const best = rows.map((row) => bestTokens(row, keptCandidates));
  return {
    call: counts.calls,
    kind,
    step: view.step,
    temperature: temperatureOf(view),
    budget: { count: commit.length, value },
    commits: commit,
    remasks: remask,
    edits,
    open: {
      positions: notes.map(({ position }) => position),
      tokens: notes.map(({ token }) => token),
      confidence: notes.map(({ confidence }) => confidence),
      score: notes.map(({ score }) => score),
      entropy: statistics.map(({ entropy }) => entropy),
      margin: statistics.map(({ margin }) => margin),
      best,
      probabilities: best.map((tokens, index) => tokens.map((token) => rows[index][token])),
    },
  };
}

/** What the page shows of a trace: the start as frame 0, then a frame per step. */
export function framesOf({ start, steps, settings, model }: Trace): Frame[] {
  const tokens = Uint32Array.from(start);
  const options: PlanOptions = { settings, maskId: model.vocabulary, window: start.length };
  let sequence: Sequence = begin(tokens, planOf(tokens, options));
  const frames = [frameAt(sequence, 0)];
  for (const { call, commits: commit, remasks: remask, edits } of steps) {
    sequence = carryOut(sequence, { commit, remask, edits }, { call, maskId: model.vocabulary });
    frames.push(frameAt(sequence, call));
  }
  return frames;
}
