/**
 * What the page asks of the engine's worker, and the answers: types only, declared once. What the worker tells unasked
 * is in `telemetry.ts`.
 * Neither side imports anything else of the other.
 */
import type { DecoderName } from '../config/decoders.ts';
import type { RunCosts, RunRecord, StudyResult } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Estimate } from '../run/duration.ts';
import type { Unmeasured } from '../run/speed.ts';

export type BackendKind = 'gpu' | 'cpu';

/** Which weights to decode with or look into: the bundled model, or the run in progress (or just finished). */
export type Weights = 'pretrained' | 'run';

/** Whose weights a run starts from, if not from its seed: those, or the file that `importWeights` took. */
export type StartSource = Weights | 'imported';

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

export type Phase = 'idle' | 'preparing' | 'running' | 'paused' | 'finished' | 'failed';

export interface RunStatus {
  phase: Phase;
  backend: BackendKind;
  step: number;
  steps: number;
  tokensPerSecond: number;
  secondsLeft: number | null;
  /** What the engine is doing while `preparing`, in a person's words. */
  activity: string;
  /** Predicted device memory of the run in bytes. */
  memoryBytes: number;
}

export interface DecodeRequest {
  weights: Weights;
  decoder: DecoderName;
  /** Network calls that the decoder may spread the masks over; this and the next three where the decoder reads them. */
  steps: number;
  temperature: number;
  topK: number;
  topP: number;
  /**
   * Text to keep; `_` stands for a hole to fill. Masks fill the rest of the window. Empty, a run that learns answers is
   * given a held-out prompt, by the seed.
   */
  prompt: string;
  /** Tokens to produce in all, prompt included; at most the model's window. */
  length: number;
  seed: number;
}

/** The state of a sequence after one network call. Arrays have one entry per position. */
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
  weights: Weights;
  /** Text to route; empty takes a passage of the held-out text. */
  text: string;
  /** Share of positions masked before routing, 0 to 1. */
  maskRatio: number;
  seed: number;
}

export type TrainRequest = {
  experiment: Experiment;
  /** The person's own text or pairs, where `data.corpus` says so. */
  text?: string;
  /** Whose weights to start from, and whose tokenizer to read the text with. */
  from?: StartSource;
  startPaused?: boolean;
  /** What the run is filed under. */
  name?: string;
};

/** A run that an earlier visit left open, or finished: it can be gone on with, its weights are kept. */
export interface KeptSummary {
  id: string;
  name: string;
  /** Steps done, of how many. */
  step: number;
  steps: number;
  isFinished: boolean;
  /** Milliseconds since 1970. */
  savedAt: number;
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
    answer: { machine: MachineReport; pretrained: ModelReport; kept: KeptSummary | null };
  };
  useBackend: { argument: { backend: BackendKind }; answer: { backend: BackendKind } };
  /** Checks a configuration and its text without starting; answers the accounting and the estimated time. */
  inspect: { argument: TrainRequest; answer: { model: ModelReport; estimate: Estimate; memoryBytes: number } };
  /** The dense model of equal training FLOPs per token, or of equal parameters; `ratio` says how exact, 1 being equal. */
  match: {
    argument: TrainRequest & { by: 'flops' | 'parameters' };
    answer: { experiment: Experiment; ratio: number };
  };
  /** Trains a new run, from `from` if given. A run in progress is stopped; one of the queue set aside, and the queue paused. */
  train: { argument: TrainRequest; answer: { model: ModelReport } };
  /** Goes on with the run that `open` answered; `curves` arrive before its first step. `text` is its own text, if any. */
  continueRun: { argument: { id: string }; answer: { model: ModelReport; text: string | null } };
  /** Gives that run up: its record is filed among the saved runs, its weights go. */
  forgetRun: { argument: { id: string }; answer: Record<never, never> };
  /** Saves the state of the run now (it is saved every 10 s anyhow); answers the step that is safe. */
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
  pause: { argument: Record<never, never>; answer: RunStatus };
  resume: { argument: Record<never, never>; answer: RunStatus };
  singleStep: { argument: Record<never, never>; answer: RunStatus };
  stop: { argument: Record<never, never>; answer: RunStatus };
  /** Milliseconds to wait between steps: slow motion. 0 is full speed. */
  pace: { argument: { delay: number }; answer: { delay: number } };
  decode: { argument: DecodeRequest; answer: { text: string; calls: number; tokensPerCall: number } };
  cancelDecode: { argument: Record<never, never>; answer: Record<never, never> };
  routes: { argument: RoutesRequest; answer: RouteReport };
  /** The run as one safetensors file with its configuration and tokenizer, for download: `importWeights` reads it back. */
  exportWeights: { argument: Record<never, never>; answer: { bytes: Uint8Array; name: string } };
  /** Reads a file that `exportWeights` made: a run may start `from` it. It takes the place of the last one. */
  importWeights: { argument: { bytes: Uint8Array; name: string }; answer: { model: ModelReport } };
  /** Hash of weights and optimizer state: equal on two machines only if the runs are bit-equal. */
  stateHash: { argument: Record<never, never>; answer: { hash: string; step: number } };
}

export type CommandName = keyof Commands;

export type Request = {
  [N in CommandName]: { kind: 'request'; id: number; name: N; argument: Commands[N]['argument'] };
}[CommandName];

/** A failure in words: what happened, and what a person can do about it. */
export interface Problem {
  kind: 'config' | 'start' | 'data' | 'device' | 'memory' | 'kernel' | 'storage' | 'internal';
  message: string;
  action: string;
}

export type Answer =
  | { kind: 'answer'; id: number; ok: true; value: Commands[CommandName]['answer'] }
  | { kind: 'answer'; id: number; ok: false; problem: Problem };
