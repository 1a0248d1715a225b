/**
 * What a run or a study leaves behind as data: written by the command line (`results.json`) and by the page, shown in
 * Compare, and committed for the studies that were recorded. Types only. Tokens and FLOPs of a point follow from its
 * step: tokens = step * batchSize * sequenceLength, FLOPs = tokens * trainFlopsPerToken.
 */
import type { Experiment } from './schema.ts';

/** One value per measured step; all arrays have equal lengths. */
export interface Curve {
  readonly step: readonly number[];
  /** Seconds of training when the step was done, pauses and validations left out. */
  readonly seconds: readonly number[];
  readonly bpc: readonly number[];
}

export interface RunCosts {
  readonly total: number;
  readonly active: number;
  readonly trainFlopsPerToken: number;
  readonly inferenceFlopsPerToken: number;
}

/** How a run ended: with all its steps, by a person, by an error, or by numbers that are not finite. */
export type Ending = 'finished' | 'stopped' | 'failed' | 'diverged';

/** Where a run is: see `src/run/state.ts`. `suspended`: it has no device, and goes on from what is saved. */
export type RunPhase = 'suspended' | 'preparing' | 'running' | 'paused' | 'ended';

/** A run in progress, or just ended, in figures. */
export interface RunStatus {
  /** Id of the run. */
  readonly run: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  readonly phase: RunPhase;
  /** How it ended; null before. */
  readonly ending: Ending | null;
  /** Why it failed or diverged, in one sentence. */
  readonly problem: string | null;
  readonly backend: 'gpu' | 'cpu';
  readonly step: number;
  readonly steps: number;
  /** 0 while it is not known. */
  readonly tokensPerSecond: number;
  readonly secondsLeft: number | null;
  /** What is being done while `preparing`, in a person's words. */
  readonly activity: string;
  /** Predicted memory of the run in bytes. */
  readonly memoryBytes: number;
}

export interface RunRecord {
  readonly format: 1;
  /** Unique among saved runs. */
  readonly id: string;
  readonly name: string;
  /** ISO 8601. */
  readonly created: string;
  /** Where the run belongs to a study: its arm, by the ids of `src/lab/studies.ts`. */
  readonly study: { readonly id: string; readonly size: string; readonly arm: string } | null;
  readonly status: Ending;
  /** Why it failed or diverged, in one sentence. */
  readonly problem: string | null;
  readonly experiment: Experiment;
  readonly backend: 'gpu' | 'cpu';
  /** Adapter or processor, in words. */
  readonly adapter: string;
  readonly costs: RunCosts;
  /** Entropy of the source in bits per character, where it is known. */
  readonly floorBpc: number | null;
  /** Steps done. */
  readonly steps: number;
  /** Loss of the batch; decimated to at most some hundred points. */
  readonly training: Curve;
  /** Held-out text: the NELBO, or the exact NLL of an autoregressive model. */
  readonly validation: Curve & { readonly standardError: readonly number[] };
  /**
   * Single numbers by name, e.g. `tokensPerSecond`, `maxVio`, `dropRate`, `accuracy` (of answers); a study may add its
   * own. `windowsPerEpoch` windows are one pass over the training text.
   */
  readonly measures: Readonly<Record<string, number>>;
}

/** One sentence of the founding work or of later ones, held against the runs. */
export interface Verdict {
  readonly claim: string;
  readonly outcome: 'reproduced' | 'not reproduced' | 'undecided';
  /** The figures, with error bars. */
  readonly evidence: string;
}

export interface StudyRecord {
  readonly format: 1;
  readonly study: string;
  readonly size: string;
  readonly title: string;
  readonly question: string;
  readonly created: string;
  /** Adapter or processor, commit and command line that made it. */
  readonly adapter: string;
  readonly commit: string;
  readonly command: string;
  readonly seeds: number;
  readonly arms: readonly { readonly id: string; readonly label: string }[];
  readonly runs: readonly RunRecord[];
  /** Further tables, e.g. quality against network calls; columns are units or names. */
  readonly tables: readonly {
    readonly title: string;
    readonly columns: readonly string[];
    readonly rows: readonly (readonly (string | number)[])[];
  }[];
  readonly verdicts: readonly Verdict[];
}

/** What a person's own runs say of a study in one size, as far as they have come. */
export interface StudyResult {
  readonly study: string;
  readonly size: string;
  /** Runs that count: finished, with the settings that the study has today, one per arm and seed. */
  readonly finished: number;
  /** Seeds of which some arm is missing. */
  readonly leftOut: readonly number[];
  /** Of the seeds that every arm has; null before there is one. */
  readonly record: StudyRecord | null;
}
