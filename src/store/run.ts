/** What the page knows of the machine, the models and the run in progress. Changed by `session.ts` and `models.ts` only. */
import { create } from 'zustand';
import { corpusKind } from '../config/corpusKinds.ts';
import { differences } from '../config/experiment.ts';
import { type ModelRef, runRef } from '../config/modelRef.ts';
import type { RunStatus } from '../config/records.ts';
import type {
  BackendKind,
  Commands,
  KeptSummary,
  Library,
  MachineReport,
  ModelReport,
  Problem,
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
  bundled: ModelReport | null;
  /** Id of the run on show, being trained or trained last, and its model. */
  run: string | null;
  model: ModelReport | null;
  /** Files of weights that a person opened, the newest first. */
  files: readonly OpenedFile[];
  /** What is kept on this machine; null until the engine has answered. */
  library: Library | null;
  /** Facts of kept models that were asked for. */
  described: ReadonlyMap<ModelRef, ModelReport>;
  /** The person's own text that the run learns from, if any. */
  ownText: OwnText | null;
  /** Of the run on show, or of the one that is about to take its place. */
  status: RunStatus | null;
  /** Which model a person picked to decode with and to look into; null before. */
  pickedModel: ModelRef | null;
  /** A train request is under way but the engine has not answered yet. */
  starting: boolean;
  inspection: Inspection;
  /** Milliseconds between two steps; 0 is full speed. */
  delay: number;
  problems: readonly Problem[];
  /** Parts of the address that could not be used. */
  addressProblems: readonly string[];
}

/** The model in a file of weights. */
export interface OpenedFile {
  readonly ref: ModelRef;
  readonly name: string;
  readonly model: ModelReport;
}

export const useRun = create<Run>(() => ({
  machine: null,
  openFailed: false,
  backend: null,
  bundled: null,
  run: null,
  model: null,
  files: [],
  library: null,
  described: new Map(),
  ownText: null,
  status: null,
  pickedModel: null,
  starting: false,
  inspection: { state: 'waiting' },
  delay: 0,
  problems: [],
  addressProblems: [],
}));

/** Whether a run occupies the engine: editing its configuration then asks before restarting. */
export function isActive({ status, starting }: Pick<Run, 'status' | 'starting'>): boolean {
  return starting || (status !== null && status.phase !== 'ended');
}

/** The newest run that an earlier visit left and that can be gone on with. */
export function keptRun({ library }: Pick<Run, 'library'>): KeptSummary | null {
  return library?.states[0] ?? null;
}

/** The name of the run on show; one that is kept may have been given another since. */
export function currentName({ run, status, library }: Run): string {
  const kept = library?.models.find(({ id }) => id === run);
  return kept?.name ?? (status?.run === run ? status.name : null) ?? 'this run';
}

/** The same name, or with a number where a model of this machine has it: no two runs are to look alike in a list. */
export function unusedName({ library, status }: Run, name: string): string {
  const taken = new Set(library?.models.map((model) => model.name));
  if (status) taken.add(status.name);
  let number = 1;
  const numbered = () => (number === 1 ? name : `${name} (${number})`);
  while (taken.has(numbered())) number += 1;
  return numbered();
}

/** The run on show as a model; null where there is none. */
export function currentRef({ run }: Pick<Run, 'run'>): ModelRef | null {
  return run === null ? null : runRef(run);
}

/** The facts of a model; null where they are not known (yet). */
export function modelOf(run: Run, ref: ModelRef): ModelReport | null {
  if (ref === 'bundled') return run.bundled;
  if (ref === currentRef(run)) return run.model;
  return run.files.find((file) => file.ref === ref)?.model ?? run.described.get(ref) ?? null;
}

/** Which model *Decode* and *Routing* look into: the one picked, else the person's own as soon as there is one. */
export function shownRef(run: Run): ModelRef {
  const { pickedModel } = run;
  if (pickedModel !== null && isThere(run, pickedModel)) return pickedModel;
  const current = currentRef(run);
  return current !== null && isThere(run, current) ? current : 'bundled';
}

/** Whether a model can be asked for by that name still. */
export function isThere(run: Run, ref: ModelRef): boolean {
  const { files, library } = run;
  const isKept = () => library?.models.some(({ id }) => runRef(id) === ref) ?? false;
  if (ref === 'bundled' || files.some((file) => file.ref === ref) || isKept()) return true;
  return ref === currentRef(run) && !isOver(run);
}

/** Whether the run on show has ended and left nothing, or what it left was removed. */
function isOver({ run, status, library }: Run): boolean {
  if (!library || status?.run !== run || status?.phase !== 'ended') return false;
  return ![...library.models, ...library.states].some(({ id }) => id === run);
}

/** The model that *Decode* and *Routing* look into; null while it cannot be asked: it is being prepared, or not known. */
export function shownModel(run: Run): ModelReport | null {
  const ref = shownRef(run);
  const isPreparing = run.status?.phase === 'preparing' || run.status?.phase === 'suspended';
  if (ref === currentRef(run) && isPreparing) return null;
  return modelOf(run, ref);
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
