/** What the engine's worker tells the page unasked: types only, with typed arrays transferred. Commands: `protocol.ts`. */
import type { RunRecord } from '../config/records.ts';
import type { Answer, DecodeFrame, ModelReport, Problem, QueueState, RunStatus, Weights } from './protocol.ts';

/** Telemetry, pushed by the worker a few times per second. */
export type Telemetry =
  | { kind: 'status'; status: RunStatus }
  /** Loss per step in bits per character since the last message; equal lengths. A speed that is not known yet is NaN. */
  | { kind: 'metrics'; step: Float64Array; loss: Float32Array; gradNorm: Float32Array; tokensPerSecond: Float32Array }
  /** `answers`: share of the held-out prompts that were answered exactly, where the text is prompts with answers. */
  | {
      kind: 'validation';
      step: number;
      bpc: number;
      standardError: number;
      answers?: { accuracy: number; pairs: number };
    }
  /** The run went back to a snapshot after `step` steps; what was told of later ones is void and comes again. */
  | { kind: 'rewound'; step: number }
  /** What was drawn of a run that goes on: it takes the place of the curves on show. Loss in bits per character. */
  | {
      kind: 'curves';
      step: Float64Array;
      loss: Float32Array;
      tokensPerSecond: Float32Array;
      validation: { step: number; bpc: number; standardError: number }[];
    }
  | { kind: 'queue'; queue: QueueState }
  /** The queue has started a run: it takes the place of the one on show. `text` is its own text, if any. */
  | { kind: 'started'; model: ModelReport; text: string | null }
  /** A run has ended and its record is kept; or one of the same id has changed. */
  | { kind: 'savedRun'; record: RunRecord }
  /**
   * Tokens that ask for each (layer, expert) in the last step, MaxVio per layer, and the share of routes dropped per
   * layer (empty where experts hold all that ask for them).
   */
  | ({ kind: 'load'; step: number; layers: number; experts: number } & Record<
      'load' | 'maxVio' | 'dropRate',
      Float32Array
    >)
  /** The current weights denoising one sequence, frame by frame, while training goes on. */
  | { kind: 'preview'; weights: Weights; trainedSteps: number; frame: DecodeFrame }
  /** Frames of the decode that a person asked for. */
  | { kind: 'frame'; frame: DecodeFrame }
  | { kind: 'problem'; problem: Problem };

/** All that the worker posts. */
export type FromWorker = Answer | Telemetry;
