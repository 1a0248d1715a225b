/**
 * What the page asks of the engine's worker, and the answers: types only, declared once. What the worker tells unasked
 * is in `telemetry.ts`.
 * Neither side imports anything else of the other.
 */
import type { Atlas } from '../config/atlas.ts';
import type { DecoderName } from '../config/decoders.ts';
import type { Intervention } from '../config/interventions.ts';
import type { ModelRef } from '../config/modelRef.ts';
import type { RunCosts, RunRecord, RunStatus, StudyResult } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Setting } from '../config/settings.ts';
import type { CallCounts } from '../diffusion/decode.ts';
import type { Trace, TraceStep } from '../diffusion/trace.ts';
import type { PairedLoss } from '../lab/ablation.ts';
import type { DecodingRoutes } from '../lab/routing/explosion.ts';
import type { Estimate } from '../run/duration.ts';
import type { Unmeasured } from '../run/speed.ts';

export type BackendKind = 'gpu' | 'cpu';

/** Above zero and finite, or why there is no such number. */
export type StepsPerSecond = { kind: 'measured'; stepsPerSecond: number } | Unmeasured;

/** What the machine offers, as shown behind the header's badge. */
export interface MachineReport {
  /** Null when this browser offers no WebGPU adapter; `whyNoGpu` then says what to change. */
  adapter: {
    vendor: string;
    architecture: string;
    description: string;
    isSoftware: boolean;
    features: string[];
    limits: Record<string, number>;
  } | null;
  whyNoGpu: string | null;
  /** Training steps of the small preset, per backend that is here; measured after the page has opened. */
  stepsPerSecond: Partial<Record<BackendKind, StepsPerSecond>>;
  /** Id of the preset that the page starts with unless a person chose: this machine trains it within minutes. */
  presetId: string;
  /** Used unless a person switches by hand: see `chooseBackend` of `src/run/machine.ts`. */
  chosen: BackendKind;
}

/** Static facts of a model and its text: for labels, axes and token strips. */
export interface ModelReport {
  experiment: Experiment;
  /** Text of each token id; the last id is the mask. */
  vocabulary: string[];
  maskId: number;
  /** Layers that have experts, by index; empty for a dense model. */
  expertLayers: number[];
  parameters: { total: number; active: number };
  /** Training FLOPs per token (forward and backward) on the active parameters and attention. */
  trainFlopsPerToken: number;
  /** Forward only. */
  inferenceFlopsPerToken: number;
  /** Sentence about the split, e.g. "first 90 % to train on, last 10 % held out". */
  split: string;
  /** Exact lower bound of the loss in bits per character where the source's entropy is known. */
  floorBpc: number | null;
  /** Windows in one pass over the text that is trained on; null for weights that came without their text. */
  windowsPerEpoch: number | null;
}

export interface DecodeRequest {
  model: ModelRef;
  /** What is changed of the model; none unless given. */
  interventions?: readonly Intervention[];
  decoder: DecoderName;
  /** What differs from the decoder's own settings, by path: `decode.tau`. */
  changes: Readonly<Record<string, Setting>>;
  /**
   * Text to keep; `_` stands for a hole to fill and `\_` for itself, except where the model is autoregressive. Masks fill the rest of the window. Empty, a run that learns answers is
   * given a held-out prompt, by the seed of the settings.
   */
  prompt: string;
  /** Tokens to produce in all, prompt included; at most the model's window. */
  length: number;
}

export interface DecodeAnswer extends CallCounts {
  text: string;
  tokensPerCall: number;
  /** Which experts the calls loaded; null of a model without experts. */
  routes: DecodingRoutes | null;
  /** The trace without its steps, which came with the frames. */
  trace: Omit<Trace, 'steps'>;
}

/** Why a frame became what it is; null for the start. */
export type DecodeReason = TraceStep | null;

/** The state of a sequence after one step of a decode. Arrays have one entry per position. */
export interface DecodeFrame {
  call: number;
  calls: number;
  tokens: Uint32Array;
  /** Probability of the committed token when it was committed; NaN where still masked; 1 for given text. */
  confidence: Float32Array;
  /** The call at which a position was committed: 0 for given text, -1 where still masked. */
  committedAt: Int32Array;
}

/** Which experts worked on which tokens in one forward pass. Flat arrays, layer-major: (layers, T, E). */
export interface RouteReport {
  /** What the network reads at each position. */
  tokens: Uint32Array;
  masked: Uint8Array;
  layers: number[];
  experts: number;
  /** 1 for each (layer, token, expert) where the expert holds the token; its gate may be 0 in float32 all the same. */
  chosen: Uint8Array;
  /** 1 for each (layer, token, expert) where the token asked for the expert, which was full. */
  dropped: Uint8Array;
  /** Gate weight of each (layer, token, expert); 0 where the expert does not hold the token. */
  gates: Float32Array;
  /** Router score of each (layer, token, expert). */
  scores: Float32Array;
  /** Tokens that each (layer, expert) holds, dropped routes left out. */
  load: Float32Array;
  /** (max - mean) / mean of the load, per layer. */
  maxVio: Float32Array;
}

export interface RoutesRequest {
  model: ModelRef;
  /** What is changed of the model; none unless given. */
  interventions?: readonly Intervention[];
  /** Text to route; empty takes a passage of the held-out text. */
  text: string;
  /** Share of positions masked before routing, 0 to 1. */
  maskRatio: number;
  seed: number;
}

/** A measurement of a model over held-out windows. */
export interface MeasuringRequest {
  model: ModelRef;
  /** At most as many as the text has. */
  windows: number;
}

export type TrainRequest = {
  experiment: Experiment;
  /** The person's own text or pairs, where `data.corpus` says so. */
  text?: string;
  /** Whose weights to start from, and whose tokenizer to read the text with. */
  from?: ModelRef;
  startPaused?: boolean;
  /** What the run is filed under. */
  name?: string;
};

/** The state of a run that was left before its last step: it can be gone on with. */
export interface KeptSummary {
  id: string;
  name: string;
  /** Steps done, of how many. */
  step: number;
  steps: number;
  /** Milliseconds since 1970. */
  savedAt: number;
  /** Size on disk. */
  bytes: number;
}

/** A model of this machine's library: the weights that an ended run left. */
export interface ModelSummary {
  /** Id of the run. */
  id: string;
  name: string;
  /** Steps it was trained for. */
  step: number;
  experiment: Experiment;
  /** Milliseconds since 1970. */
  savedAt: number;
  /** Size on disk. */
  bytes: number;
  /** Never removed to make room. */
  isPinned: boolean;
}

/** What is kept on this machine. */
export interface Library {
  /** Newest first. */
  models: ModelSummary[];
  /** Runs that can be gone on with and that nobody works on, newest first. */
  states: KeptSummary[];
  /** Bytes that models may take; the oldest that are not pinned go first. */
  budget: number;
  /** Bytes that models and states take now. */
  used: number;
}

/** A run of the queue: it waits, or is in progress. */
export interface QueuedRun {
  /** The id that its record will have. */
  id: string;
  name: string;
  created: string;
  experiment: Experiment;
  study: RunRecord['study'];
  costs: RunCosts;
  floorBpc: number | null;
  /** Id of the run whose weights it starts from. */
  from: string | null;
}

export interface QueueState {
  /** In order; the run in progress first. A run leaves when it has ended: `savedRun` tells how. */
  runs: QueuedRun[];
  /** The run of the queue that is in progress. */
  runningId: string | null;
  /** No further run starts; the run in progress goes on. */
  isPaused: boolean;
  /** A seed of a study whose runs have ended is being measured; the next run waits for it. In a person's words. */
  measuring: { study: string; seed: number; activity: string } | null;
  /** Another tab of this page works on the queue: it can be looked at here, not changed. */
  isElsewhere: boolean;
}

/** A study that can be run here, recorded or not. */
export interface StudyReport {
  id: string;
  title: string;
  question: string;
  arms: { id: string; label: string }[];
  /** In words whom it is for, and the seeds per arm from which its claims are judged. */
  sizes: { id: string; label: string; seeds: number }[];
}

/** Requests by name: argument and answer. */
export interface Commands {
  /** `baseUrl` is the page's: corpora and the bundled model lie beside it. */
  open: {
    argument: { baseUrl: string; backend?: BackendKind };
    answer: { machine: MachineReport; bundled: ModelReport; library: Library };
  };
  useBackend: { argument: { backend: BackendKind }; answer: { backend: BackendKind } };
  /** Checks a configuration and its text without starting; answers the accounting and the estimated time. */
  inspect: { argument: TrainRequest; answer: { model: ModelReport; estimate: Estimate; memoryBytes: number } };
  /** The dense model of equal training FLOPs per token, or of equal parameters; `ratio` says how exact, 1 being equal. */
  match: {
    argument: TrainRequest & { by: 'flops' | 'parameters' };
    answer: { experiment: Experiment; ratio: number };
  };
  /**
   * Trains a new run, from `from` if given; answers its id. A run in progress is stopped; one of the queue set aside, and
   * the queue paused.
   */
  train: { argument: TrainRequest; answer: { run: string; model: ModelReport } };
  /** Goes on with a run of `Library.states`; `curves` arrive before its first step. `text` is its own text, if any. */
  continueRun: { argument: { id: string }; answer: { model: ModelReport; text: string | null } };
  /** Gives such a run up: its record is filed among the saved runs, its weights among the models, its state goes. */
  forgetRun: { argument: { id: string }; answer: Record<never, never> };
  /** The page is left, and may be kept for the way back: the run is saved and let go of, the queue too. */
  leave: { argument: Record<never, never>; answer: Record<never, never> };
  /** The page is back, as it was left. */
  return: { argument: Record<never, never>; answer: Record<never, never> };
  /** Saves the state of the run now (it is saved every few seconds anyhow); answers the step that is safe, 0 if none. */
  save: { argument: Record<never, never>; answer: { step: number } };
  /** Records of the runs that have ended, newest first. While the page is open, `savedRun` tells of each new one. */
  listRuns: { argument: Record<never, never>; answer: { runs: RunRecord[] } };
  renameRun: { argument: { id: string; name: string }; answer: { run: RunRecord } };
  removeRuns: { argument: { ids: string[] }; answer: Record<never, never> };
  /** Keeps records from elsewhere (an imported file); a run of the same id is replaced. */
  addRuns: { argument: { runs: RunRecord[] }; answer: Record<never, never> };
  /** The run queue. `queue` tells of every change; runs start by themselves whenever the engine is free. */
  listQueue: { argument: Record<never, never>; answer: QueueState };
  /** Adds runs, each with a `name`. Refused, all of them, where one cannot run or does not fit into memory. */
  enqueue: { argument: { runs: TrainRequest[] }; answer: QueueState };
  /** The studies that `enqueueStudy` takes. */
  listStudies: { argument: Record<never, never>; answer: { studies: StudyReport[] } };
  /** Adds the runs of a study of `src/lab/studies.ts`: every arm with seeds 1 to `seeds`. */
  enqueueStudy: { argument: { id: string; size: string; seeds: number }; answer: QueueState };
  /** What the saved runs say of the studies, as far as they have come. */
  studyResults: { argument: Record<never, never>; answer: { results: StudyResult[] } };
  /** Puts a waiting run at place `to` among `runs`. */
  moveInQueue: { argument: { id: string; to: number }; answer: QueueState };
  removeFromQueue: { argument: { id: string }; answer: QueueState };
  pauseQueue: { argument: { isPaused: boolean }; answer: QueueState };
  pause: { argument: Record<never, never>; answer: { status: RunStatus | null } };
  resume: { argument: Record<never, never>; answer: { status: RunStatus | null } };
  singleStep: { argument: Record<never, never>; answer: { status: RunStatus | null } };
  stop: { argument: Record<never, never>; answer: { status: RunStatus | null } };
  /** Milliseconds to wait between steps: slow motion. 0 is full speed. */
  pace: { argument: { delay: number }; answer: { delay: number } };
  decode: { argument: DecodeRequest; answer: DecodeAnswer };
  cancelDecode: { argument: Record<never, never>; answer: Record<never, never> };
  routes: { argument: RoutesRequest; answer: RouteReport };
  /**
   * The atlas of a model's routes; `routingProgress` tells how far it is. Null where it was cancelled: this and the next
   * two end each other.
   */
  buildAtlas: { argument: MeasuringRequest & { seed: number }; answer: { atlas: Atlas | null } };
  /** The change of the loss, paired, with interventions; null where it was cancelled. Each window at `rounds` mask levels. */
  interventionCost: {
    argument: MeasuringRequest & { rounds: number; interventions: readonly Intervention[] };
    answer: { loss: PairedLoss | null };
  };
  /** The same for taking each expert of a layer away alone; `expertCost` tells of each as it is known. */
  expertCosts: {
    argument: MeasuringRequest & { rounds: number; layer: number };
    answer: { costs: PairedLoss[] | null };
  };
  cancelRouting: { argument: Record<never, never>; answer: Record<never, never> };
  /** Reads the file of an atlas, of any model, and tells whether it is one of `model`: of the same weights. */
  openAtlas: {
    argument: { text: string; name: string; model: ModelRef };
    answer: { atlas: Atlas; isOfModel: boolean };
  };
  /** What is kept on this machine. While the page is open, `library` tells of every change. */
  listModels: { argument: Record<never, never>; answer: Library };
  /** Facts of a model that is not the bundled one. */
  describeModel: { argument: { model: ModelRef }; answer: { model: ModelReport } };
  pinModel: { argument: { id: string; isPinned: boolean }; answer: Library };
  /** Names a model anew, and the record of its run. */
  renameModel: { argument: { id: string; name: string }; answer: Library };
  /** Removes the weights of an ended run; its record stays. */
  removeModel: { argument: { id: string }; answer: Library };
  /** Bytes that models may take; where they take more, the oldest that are not pinned go now. */
  setModelBudget: { argument: { bytes: number }; answer: Library };
  /** A model as one safetensors file with its configuration and tokenizer, for download: `importWeights` reads it back. */
  exportWeights: { argument: { model: ModelRef }; answer: { bytes: Uint8Array; name: string } };
  /** Opens a file that `exportWeights` made; it can be named until the page is closed. */
  importWeights: { argument: { bytes: Uint8Array; name: string }; answer: { ref: ModelRef; model: ModelReport } };
  /** Hash of weights and optimizer state of the run: equal on two machines only if the runs are bit-equal. */
  stateHash: { argument: Record<never, never>; answer: { hash: string; step: number } };
}

export type CommandName = keyof Commands;

export type Request = {
  [N in CommandName]: { kind: 'request'; id: number; name: N; argument: Commands[N]['argument'] };
}[CommandName];

/** A failure in words: what happened, and what a person can do about it. */
export interface Problem {
  kind: 'config' | 'start' | 'data' | 'device' | 'memory' | 'kernel' | 'storage' | 'notice' | 'internal';
  message: string;
  action: string;
}

export type Answer =
  | { kind: 'answer'; id: number; ok: true; value: Commands[CommandName]['answer'] }
  | { kind: 'answer'; id: number; ok: false; problem: Problem };
