/** What the page knows of the machine, the models and the run in progress. Changed by `session.ts` only. */
import { create } from 'zustand';
import { corpusKind } from '../config/corpusKinds.ts';
import { differences } from '../config/experiment.ts';
import type {
  BackendKind,
  Commands,
  KeptSummary,
  MachineReport,
  ModelReport,
  Problem,
  RunStatus,
  Weights,
} from '../worker/protocol.ts';
import type { Configuration } from './configuration.ts';
import type { OwnText } from './ownText.ts';

/** Seconds that a run will take, or that nobody can tell yet. */
export type RunEstimate = Commands['inspect']['answer']['estimate'];

/** What the engine says of the edited configuration before it runs. */
export type Inspection =
  | { state: 'waiting' }
  | { state: 'ready'; model: ModelReport; estimate: RunEstimate; memoryBytes: number }
  | { state: 'refused'; problem: Problem };

export interface Run {
  machine: MachineReport | null;
  /** The engine could not be opened; why is among the problems. */
  openFailed: boolean;
  backend: BackendKind | null;
  pretrained: ModelReport | null;
  /** The model being trained, or trained last. */
  model: ModelReport | null;
  /** The model in a file of weights that a person brought. */
  imported: { name: string; model: ModelReport } | null;
  /** The person's own text that the run learns from, if any. */
  ownText: OwnText | null;
  status: RunStatus | null;
  /** A run of an earlier visit that can be gone on with. */
  kept: KeptSummary | null;
  /** Whose weights a person picked to decode with and to look into; null before. */
  pickedWeights: Weights | null;
  /** A train request is under way but the engine has not answered yet. */
  starting: boolean;
  inspection: Inspection;
  /** Milliseconds between two steps; 0 is full speed. */
  delay: number;
  problems: readonly Problem[];
  /** Parts of the address that could not be used. */
  addressProblems: readonly string[];
}

export const useRun = create<Run>(() => ({
  machine: null,
  openFailed: false,
  backend: null,
  pretrained: null,
  model: null,
  imported: null,
  ownText: null,
  status: null,
  kept: null,
  pickedWeights: null,
  starting: false,
  inspection: { state: 'waiting' },
  delay: 0,
  problems: [],
  addressProblems: [],
}));

/** Whether a run occupies the engine: editing its configuration then asks before restarting. */
export function isActive(run: Pick<Run, 'status' | 'starting'>): boolean {
  const phase = run.status?.phase;
  return run.starting || phase === 'preparing' || phase === 'running' || phase === 'paused';
}

/** The facts of a set of weights; null where there are none. */
export function modelOf(run: Run, weights: Weights): ModelReport | null {
  return weights === 'pretrained' ? run.pretrained : run.model;
}

/** Whose weights *Decode* and *Routing* look into: those picked, else the person's own as soon as there are some. */
export function shownWeights({ pickedWeights, model }: Run): Weights {
  return pickedWeights ?? (model ? 'run' : 'pretrained');
}

/** The model that *Decode* and *Routing* look into; null while it cannot be asked: it is being prepared, or not there. */
export function shownModel(run: Run): ModelReport | null {
  const weights = shownWeights(run);
  if (weights === 'run' && run.status?.phase === 'preparing') return null;
  return modelOf(run, weights);
}

/** Picks the weights to look into, in both views. */
export function pickWeights(pickedWeights: Weights): void {
  useRun.setState({ pickedWeights });
}

/** How many settings of the edited configuration (the text included) differ from the model trained last. */
export function pendingEdits(run: Run, configuration: Configuration): number {
  if (!run.model) return 0;
  const changed = Object.keys(differences(configuration.experiment, run.model.experiment)).length;
  const ownText = corpusKind(configuration.experiment.data.corpus).isOwn && configuration.ownText !== run.ownText;
  return changed + (ownText ? 1 : 0);
}

/** Shows a problem once, the newest first. */
export function addProblem(problem: Problem): void {
  useRun.setState(({ problems }) => ({
    problems: [problem, ...problems.filter((other) => other.message !== problem.message)].slice(0, 4),
  }));
}

/** Puts a problem away. */
export function dismissProblem(problem: Problem): void {
  useRun.setState(({ problems }) => ({ problems: problems.filter((other) => other !== problem) }));
}
