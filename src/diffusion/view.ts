/** What a rule of a decoder sees after a network call, and what it may decide: plain data (SCIENCE 5). */
import type { DecodeSettings } from '../config/decodeSettings.ts';
import type { Beliefs } from './beliefs.ts';

export interface DecodeView {
  readonly settings: DecodeSettings;
  /** What the network said of the sequence. */
  readonly beliefs: Beliefs;
  /** Masked positions that may be committed now, ascending. */
  readonly open: readonly number[];
  /** Positions of the same span that the decoder has filled, ascending: what a revision may undo. */
  readonly revealed: readonly number[];
  /** (T) the sequence that the network read. */
  readonly tokens: Uint32Array;
  /** (T) probability of each token when it was committed. */
  readonly confidence: Float32Array;
  /** Index of this step, and how many there are for the span at hand; only some budgets read them. */
  readonly step: number;
  readonly steps: number;
  /** How many positions of the span were masked when its first step began. */
  readonly openAtStart: number;
}

export interface Edit {
  readonly position: number;
  readonly token: number;
  /** Probability that the network gave the token. */
  readonly confidence: number;
}

/** A candidate with the score of the order; committed or only weighed. */
export interface Commit extends Edit {
  readonly score: number;
}

/** What a budget allows: the candidates to commit, and the number that it held them against. */
export interface Allowance {
  readonly chosen: readonly Commit[];
  readonly value: number;
}

/** What a revision undoes. */
export interface Undone {
  /** Positions of earlier commits that are masked again. */
  readonly remask: readonly number[];
  /** Earlier commits that become another token. */
  readonly edits: readonly Edit[];
}

/** What is decided after a network call; the loop carries it out. */
export interface Decision extends Undone {
  readonly commit: readonly Commit[];
  /** The candidates that were weighed, the preferred first, whether they were committed or not. */
  readonly notes: readonly Commit[];
  /** What the budget held the candidates against: a threshold, a quota, a probability. */
  readonly value: number;
}
