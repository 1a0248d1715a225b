/**
 * What a study is: arms that differ in what is asked and in nothing else, in two sizes, and what is said of the runs.
 * The studies themselves stand beside this file as data; `../studies.ts` lists them, `../studyRuns.ts` makes runs of
 * them.
 */
import type { RunRecord, StudyRecord, Verdict } from '../../config/records.ts';
import type { Experiment } from '../../config/schema.ts';
import type { Setting } from '../../config/settings.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { RunText } from '../../train/text.ts';
import type { MatchKind } from '../match.ts';

/** `software`: two processor cores, within an hour. `laptop`: the GPU of a laptop, within ten minutes. */
export type StudySize = 'software' | 'laptop';

export type Settings = Readonly<Record<string, Setting>>;

export interface Arm {
  readonly id: string;
  readonly label: string;
  /** On top of the settings that all arms of a size share; or made of them, where they follow from a size. */
  readonly settings: Settings | ((shared: Experiment) => Settings);
  /** Made the dense model of the same training FLOPs, or parameters, as another arm. */
  readonly match?: { readonly arm: string; readonly by: MatchKind };
  /** Starts from the weights of another arm, of the same seed, which stands before it. */
  readonly from?: string;
}

/** Arms whose training FLOPs per token, or parameters, are equal within a share. */
export interface Budget {
  readonly by: MatchKind;
  readonly arms: readonly string[];
  readonly tolerance: number;
}

/** A finished run with its weights, for measures that need more than its losses. */
export interface Subject {
  readonly experiment: Experiment;
  readonly text: RunText;
  /** Averaged weights in the order of the layout. */
  readonly weights: Float32Array;
}

/** Told what comes next, and waited for: others get their turn then, and may end it all by throwing. */
export type Progress = (words: string) => Promise<void>;

export type Table = StudyRecord['tables'][number];

export interface Study {
  readonly id: string;
  readonly title: string;
  readonly question: string;
  readonly sizes: Readonly<Record<StudySize, { readonly settings: Settings; readonly seeds: number }>>;
  readonly arms: readonly Arm[];
  readonly budgets: readonly Budget[];
  /** Measures by name for the arms of one seed, taken together so that they compare; alone on the machine. */
  readonly measure?: (
    runtime: Runtime,
    subjects: ReadonlyMap<string, Subject>,
    onProgress: Progress,
  ) => Promise<ReadonlyMap<string, Readonly<Record<string, number>>>>;
  /** Tables beyond the summary of losses and costs. */
  readonly tables?: (results: Results) => readonly Table[];
  readonly verdicts: (results: Results) => readonly Verdict[];
}

/** A mean over seeds. */
export interface Estimate {
  readonly mean: number;
  /** Standard error of the mean; not a number below two seeds. */
  readonly error: number;
  readonly count: number;
}

/** A number of a run; not a number where the run does not have it. */
export type Quantity = (run: RunRecord) => number;

/** The finished runs of a study, by arm. */
export interface Results {
  runs(arm: string): readonly RunRecord[];
  mean(arm: string, quantity: Quantity): Estimate;
  /** `one` minus `other`, seed by seed: what both share (order of the text, masks) cancels. */
  difference(one: string, other: string, quantity: Quantity): Estimate;
}
