/**
 * What the engine's worker tells the page unasked: types only, with typed arrays transferred. Every message about a run
 * or a model names it. Commands: `protocol.ts`.
 */
import type { ModelRef } from '../config/modelRef.ts';
import type { RunRecord, RunStatus } from '../config/records.ts';
import type { PairedLoss } from '../lab/ablation.ts';
import type {
  Answer,
  BackendKind,
  DecodeFrame,
  DecodeReason,
  Library,
  MachineReport,
  ModelReport,
  Problem,
  QueueState,
} from './protocol.ts';

/** What is told, by kind. `run` is the id of a run. */
export interface Messages {
  /** Null: there is no run any more (one that could not be started). */
  status: { status: RunStatus | null };
  /** The backend that is open now. */
  device: { backend: BackendKind };
  /**
   * Loss per step in bits per character since the last message, and global norm of the gradient before clipping; equal
   * lengths. A speed that is not known yet is NaN.
   */
  metrics: {
    run: string;
    step: Float64Array;
    loss: Float32Array;
    gradNorm: Float32Array;
    tokensPerSecond: Float32Array;
  };
  /** `answers`: share of the held-out prompts that were answered exactly, where the text is prompts with answers. */
  validation: {
    run: string;
    step: number;
    bpc: number;
    standardError: number;
    answers?: { accuracy: number; pairs: number };
  };
  /** The run went back to a snapshot after `step` steps; what was told of later ones is void and comes again. */
  rewound: { run: string; step: number };
  /** What was drawn of a run that goes on: it takes the place of the curves on show. Loss in bits per character. */
  curves: {
    run: string;
    step: Float64Array;
    loss: Float32Array;
    tokensPerSecond: Float32Array;
    validation: { step: number; bpc: number; standardError: number }[];
  };
  /** More is known of the machine: how fast it trains, what to start with. */
  machine: { machine: MachineReport };
  queue: { queue: QueueState };
  /** The queue has started a run: it takes the place of the one on show. `text` is its own text, if any. */
  started: { run: string; model: ModelReport; text: string | null };
  /** A run has ended and its record is kept; or one of the same id has changed. */
  savedRun: { record: RunRecord };
  /** What is kept on this machine has changed. */
  library: { library: Library };
  /**
   * Tokens that ask for each (layer, expert) in the last step or call, MaxVio per layer, and the share of routes dropped
   * per layer (empty where experts hold all that ask for them).
   */
  load: { model: ModelRef; step: number; layers: number; experts: number } & Record<
    'load' | 'maxVio' | 'dropRate',
    Float32Array
  >;
  /** A model denoising one sequence, frame by frame, while nobody asks for anything. */
  preview: { model: ModelRef; trainedSteps: number; frame: DecodeFrame };
  /** Frames of the decode that a person asked for, each with what was decided and why. */
  frame: { model: ModelRef; frame: DecodeFrame; reason: DecodeReason };
  /** How far a measurement of routes is, in windows. */
  routingProgress: { model: ModelRef; task: 'atlas' | 'cost'; done: number; of: number };
  /** What it costs to take an expert away, of those that `expertCosts` measures. */
  expertCost: { model: ModelRef; layer: number; expert: number; loss: PairedLoss };
  problem: { problem: Problem };
}

export type MessageKind = keyof Messages;

export type Message<K extends MessageKind> = { kind: K } & Messages[K];

/** Telemetry, pushed by the worker a few times per second. */
export type Telemetry = { [K in MessageKind]: Message<K> }[MessageKind];

/** All that the worker posts. */
export type FromWorker = Answer | Telemetry;
