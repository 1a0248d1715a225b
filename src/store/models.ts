/** Models on this machine: which there are, picking one, and the library of weights that ended runs left. */
import { type ModelRef, runRef } from '../config/modelRef.ts';
import type { CommandName, Commands, Library } from '../worker/protocol.ts';
import { currentName, currentRef, isThere, modelOf, type Run, useRun } from './run.ts';
import { ask } from './session.ts';

/** A model that can be chosen, in words. */
export interface ModelChoice {
  readonly ref: ModelRef;
  readonly label: string;
  readonly group: 'Here' | 'Kept' | 'Files';
}

/** Every model that can be decoded with, looked into or started from: the bundled one, the run, kept runs, files. */
export function modelChoices(run: Run): ModelChoice[] {
  const { bundled, files, library } = run;
  const current = currentRef(run);
  const choices: ModelChoice[] = [];
  if (bundled) choices.push({ ref: 'bundled', label: 'Bundled model', group: 'Here' });
  if (current && run.model && isThere(run, current)) {
    choices.push({ ref: current, label: `Your run: ${currentName(run)}`, group: 'Here' });
  }
  for (const { id, name } of library?.models ?? []) {
    const ref = runRef(id);
    if (ref !== current) choices.push({ ref, label: name, group: 'Kept' });
  }
  for (const { ref, name } of files) choices.push({ ref, label: name, group: 'Files' });
  return choices;
}

/** Picks the model to look into, in *Decode* and *Routing*. Whoever picks the run follows it to the next one. */
export function pickModel(ref: ModelRef): void {
  useRun.setState((run) => ({ pickedModel: ref === currentRef(run) ? null : ref }));
  void describe(ref);
}

/** Models whose facts are being asked for. */
const asked = new Set<ModelRef>();

/** Asks for the facts of a model that are not known yet. */
export async function describe(ref: ModelRef): Promise<void> {
  if (asked.has(ref) || modelOf(useRun.getState(), ref)) return;
  asked.add(ref);
  const answer = await ask('describeModel', { model: ref });
  asked.delete(ref);
  if (answer) useRun.setState(({ described }) => ({ described: new Map([...described, [ref, answer.model]]) }));
}

/** Reads a file of weights that this page (or the command line) exported; answers its name, null where it failed. */
export async function openFile(file: Blob & { name: string }): Promise<ModelRef | null> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const answer = await ask('importWeights', { bytes, name: file.name });
  if (!answer) return null;
  const { ref, model } = answer;
  useRun.setState(({ files }) => ({ files: [{ ref, name: file.name, model }, ...files] }));
  return ref;
}

/** A model as a file for download; null (with a problem shown) where it is gone. */
export async function exportWeights(model: ModelRef): Promise<File | null> {
  const answer = await ask('exportWeights', { model });
  // A copy, because the DOM's File wants bytes that are not shared.
  return answer && new File([new Uint8Array(answer.bytes)], answer.name, { type: 'application/octet-stream' });
}

/** Keeps a model whatever makes room, or no longer. */
export const pinModel = (id: string, isPinned: boolean): Promise<boolean> => change('pinModel', { id, isPinned });

/** Names a model anew, and the record of its run. */
export const renameModel = (id: string, name: string): Promise<boolean> => change('renameModel', { id, name });

/** Removes the weights of an ended run; its record stays. */
export const removeModel = (id: string): Promise<boolean> => change('removeModel', { id });

/** Bytes that models may take from now on. */
export const setModelBudget = (bytes: number): Promise<boolean> => change('setModelBudget', { bytes });

type LibraryCommand = { [N in CommandName]: Commands[N]['answer'] extends Library ? N : never }[CommandName];

async function change<N extends LibraryCommand>(name: N, argument: Commands[N]['argument']): Promise<boolean> {
  const library: Library | null = await ask(name, argument);
  if (library) useRun.setState({ library });
  return library !== null;
}
