/** What a run tells, needs of the place it runs in, and answers to: the types of `session.ts`. */
import type { RunRecord, RunStatus } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Model } from '../model/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import type { RunIdentity } from './record.ts';
import type { RunState } from './state.ts';

/** What a run tells while it goes on. */
export type RunNews =
  /** Its status has changed. */
  | { readonly kind: 'status'; readonly status: RunStatus }
  /** A step came home, or a validation; with the speed, in tokens per second (not a number while it is not known). */
  | {
      readonly kind: 'event';
      readonly event: TrainingEvent;
      readonly tokensPerSecond: number;
      /** The same over all of this stretch, known from its first step. */
      readonly meanTokensPerSecond: number;
      readonly status: () => RunStatus;
    }
  /** It went back to a snapshot: what was told of later steps is void and comes again. */
  | { readonly kind: 'rewound'; readonly step: number };

/** What a run needs of the place it runs in. */
export interface RunPorts {
  tell(news: RunNews): void;
  /** Keeps the state of training with the record up to it; answers whether it is safe. Complains by itself. */
  save(snapshot: Snapshot, record: RunRecord): Promise<boolean>;
  /** The run is over. `last` is the last state that is safe to keep, if there is one. Complains by itself. */
  end(record: RunRecord, last: Snapshot | null): Promise<void>;
  /** The weights of the moment, for whoever looks into them; null before they go. Resolves when nobody uses the last ones. */
  publish(model: Model | null): Promise<void>;
  /** Whether a device is gone: what failed on it failed for that, and the run goes on on another. */
  isLost(runtime: Runtime): Promise<boolean>;
  /** Hears of what ends the run as failed. */
  report(error: unknown): void;
  /** Adapter or processor, in words, for the record. */
  adapterOf(runtime: Runtime): string;
  /** Milliseconds until the next save after one that took so long; `null` before the first. */
  saveAfter(milliseconds: number | null): number;
  /** Hears how long a step takes, in seconds, as long as nothing but training takes time. */
  timed?(secondsPerStep: number): void;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

export interface RunOptions {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: RunText;
  /** What it starts with, where not from scratch. */
  readonly weights: Float32Array | null;
  /** Where it goes on from, and its record up to there. */
  readonly snapshot: Snapshot | null;
  readonly earlier: RunRecord | null;
  readonly startPaused: boolean;
}

export interface RunSession {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: RunText;
  state(): RunState;
  status(): RunStatus;
  /** Compiles the run on a device; resolves when it is open, or over. */
  enter(runtime: Runtime): Promise<void>;
  /** Lets go of the device; where it can be read, no step is lost. */
  leave(canRead: boolean): Promise<void>;
  /** Resolves when it stands still (or is over). */
  pause(): Promise<void>;
  resume(): void;
  singleStep(): void;
  /** Ends it when the steps in flight are home; resolves when it is filed. */
  stop(): Promise<void>;
  /** What ran on its device cannot be trusted: it ends as failed. */
  fail(problem: string): void;
  /** Saves its state when the steps in flight are home; answers the step that is safe, 0 where none is. */
  save(): Promise<number>;
  /** Milliseconds between two steps: slow motion. 0 is full speed. */
  setPace(delay: number): void;
  /** Of its weights and the state of its optimizer, and the step they belong to. */
  stateHash(): Promise<{ hash: string; step: number }>;
  /** Resolves when it is filed. */
  readonly ended: Promise<void>;
}
