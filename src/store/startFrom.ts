/**
 * Whose weights the next run starts from, and making the configuration fit them. What fits is the engine's to say
 * (`inspect`): here are only the two ways to follow it, the same model or experts that start as copies of a dense one.
 */
import { differences } from '../config/experiment.ts';
import type { ModelRef } from '../config/modelRef.ts';
import type { Experiment } from '../config/schema.ts';
import type { ModelReport } from '../worker/protocol.ts';
import { adoptExperiment, edit, useConfiguration } from './configuration.ts';
import { describe, openFile } from './models.ts';
import { isThere, useRun } from './run.ts';

/** Chooses whose weights the next run starts from; null for fresh ones. */
export function chooseStart(from: ModelRef | null): void {
  useConfiguration.setState({ from });
  if (from) void describe(from);
}

// A model that has been removed cannot be started from.
useRun.subscribe((run) => {
  const { from } = useConfiguration.getState();
  if (from && !isThere(run, from)) chooseStart(null);
});

/** Reads a file of weights that this page (or the command line) exported, and chooses it; a failure is shown. */
export async function importWeights(file: Blob & { name: string }): Promise<void> {
  const ref = await openFile(file);
  if (ref) chooseStart(ref);
}

/** Edits the configuration into the model that the chosen weights are of; text and training stay. */
export function adoptModel(source: ModelReport): void {
  adoptExperiment(withModelOf(useConfiguration.getState().experiment, source));
}

/** Whether the configuration is of that very model. */
export function isModelOf(experiment: Experiment, source: ModelReport): boolean {
  return Object.keys(differences(experiment, withModelOf(experiment, source))).length === 0;
}

function withModelOf(experiment: Experiment, source: ModelReport): Experiment {
  const { model, data } = source.experiment;
  const { tokenizer, vocabularySize } = data;
  return { ...experiment, model, data: { ...experiment.data, tokenizer, vocabularySize } };
}

/** The same for experts that start as copies of a dense model's feed-forward (upcycling). */
export function adoptUpcycled(source: ModelReport): void {
  adoptModel(source);
  edit('model.feedForward', 'expert-choice');
  edit('model.expertWidth', source.experiment.model.hiddenWidth);
}
