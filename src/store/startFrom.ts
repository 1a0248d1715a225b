/**
 * Whose weights the next run starts from, and making the configuration fit them. What fits is the engine's to say
 * (`inspect`): here are only the two ways to follow it, the same model or experts that start as copies of a dense one.
 */
import type { ModelReport, StartSource } from '../worker/protocol.ts';
import { adoptExperiment, edit, useConfiguration } from './configuration.ts';
import { type Run, useRun } from './run.ts';
import { ask } from './session.ts';

/** Chooses whose weights the next run starts from; null for fresh ones. */
export function chooseStart(from: StartSource | null): void {
  useConfiguration.setState({ from });
}

/** Reads a file of weights that this page (or the command line) exported, and chooses it; a failure is shown. */
export async function importWeights(file: Blob & { name: string }): Promise<void> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const answer = await ask('importWeights', { bytes, name: file.name });
  if (!answer) return;
  useRun.setState({ imported: { name: file.name, model: answer.model } });
  // Another file under the same choice is another question to the engine.
  chooseStart(null);
  chooseStart('imported');
}

/** The model whose weights those are; null where there is none. */
export function startModelOf(run: Run, from: StartSource): ModelReport | null {
  switch (from) {
    case 'pretrained':
      return run.pretrained;
    case 'run':
      return run.model;
    case 'imported':
      return run.imported?.model ?? null;
    default:
      return from satisfies never;
  }
}

/** Edits the configuration into the model that the chosen weights are of; text and training stay. */
export function adoptModel(source: ModelReport): void {
  const { model, data } = source.experiment;
  const now = useConfiguration.getState().experiment;
  const { tokenizer, vocabularySize } = data;
  adoptExperiment({ ...now, model, data: { ...now.data, tokenizer, vocabularySize } });
}

/** The same for experts that start as copies of a dense model's feed-forward (upcycling). */
export function adoptUpcycled(source: ModelReport): void {
  adoptModel(source);
  edit('model.feedForward', 'expert-choice');
  edit('model.expertWidth', source.experiment.model.hiddenWidth);
}
