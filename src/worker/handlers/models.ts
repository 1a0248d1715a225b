/** Commands about models: the library on this machine, and weights in and out as files. */

import { fileRef, placeOf, runRef } from '../../config/modelRef.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../model/weights.ts';
import { noticeOf } from '../problems.ts';
import { renameRecord, wordsIn } from '../records.ts';
import { modelReport } from '../reports.ts';
import type { Engine, Handlers } from './handlers.ts';

type Names =
  | 'listModels'
  | 'describeModel'
  | 'pinModel'
  | 'renameModel'
  | 'removeModel'
  | 'setModelBudget'
  | 'exportWeights'
  | 'importWeights';

export function modelHandlers(engine: Engine): Handlers<Names> {
  const { storage, library, models, files, checkpointOf, kept, emit } = engine;
  const changed = async () => {
    await engine.tellLibrary();
    return kept();
  };
  return {
    listModels: async () => kept(),
    describeModel: async ({ model }) => {
      const { experiment, tokenizer } = await checkpointOf(model);
      return { model: modelReport(experiment, tokenizer) };
    },
    pinModel: async ({ id, isPinned }) => {
      await library().pin(id, isPinned);
      return changed();
    },
    renameModel: async ({ id, name }) => {
      await library().rename(id, wordsIn(name));
      if (await storage().records.get('runs', id)) {
        emit({ kind: 'savedRun', record: await renameRecord(storage(), id, name) });
      }
      return changed();
    },
    removeModel: async ({ id }) => {
      await library().remove(id);
      models.forget(runRef(id));
      return changed();
    },
    setModelBudget: async ({ bytes }) => {
      const sentences = await library().setBudget(bytes);
      for (const sentence of sentences) emit({ kind: 'problem', problem: noticeOf(sentence) });
      return changed();
    },
    exportWeights: async ({ model }) => {
      const { experiment, tokenizer, weights, step } = await withStep(engine, model);
      const bytes = encodeCheckpoint({ experiment, tokenizer, weights }, step);
      return { bytes, name: `sdlm-step-${step}.safetensors` };
    },
    importWeights: async ({ bytes, name }) => {
      const checkpoint = decodeCheckpoint(bytes, name);
      const id = `${files.size + 1}`;
      files.set(id, checkpoint);
      return { ref: fileRef(id), model: modelReport(checkpoint.experiment, checkpoint.tokenizer) };
    },
  };
}

/** A model and the steps it was trained for. */
async function withStep({ checkpointOf, scheduler, library }: Engine, model: Parameters<Engine['checkpointOf']>[0]) {
  const checkpoint = await checkpointOf(model);
  const place = placeOf(model);
  const session = scheduler.session();
  const steps = checkpoint.experiment.training.steps;
  if (place.kind !== 'run') return { ...checkpoint, step: steps };
  if (session?.identity.id === place.id) return { ...checkpoint, step: session.state().step };
  const kept = (await library().list()).find(({ id }) => id === place.id);
  return { ...checkpoint, step: kept?.step ?? steps };
}
