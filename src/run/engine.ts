/** A run compiled for a runtime: its trainer, its evaluation, and the loop of its events. Not here: driving it. */
import type { Experiment } from '../config/schema.ts';
import { type Model, modelOfTrainer } from '../model/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import { createEvaluator } from '../train/evaluation.ts';
import { heldOut, type RunText } from '../train/text.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import { createTrainingLoop, type TrainingLoop } from '../train/trainingLoop.ts';
import { validate } from '../train/validation.ts';

/** What every validation of a run looks at, on the page and in the command line: curves are compared side by side. */
export const evaluationBudget = { windows: 64, rounds: 4 } as const;

export interface RunEngine {
  readonly trainer: Trainer;
  readonly model: Model;
  readonly loop: TrainingLoop;
  destroy(): void;
}

export interface RunEngineOptions {
  readonly experiment: Experiment;
  readonly text: RunText;
  /** What to start with, where not from scratch: in the order of the layout. */
  readonly weights: Float32Array | null;
  /** Where to go on from. */
  readonly snapshot: Snapshot | null;
  /** Told what is being done, in a person's words. */
  readonly onProgress: (activity: string) => void;
}

/** Compiles a run. Throws `DeviceError` or `KernelError`; nothing stays on the runtime then. */
export async function openRunEngine(runtime: Runtime, options: RunEngineOptions): Promise<RunEngine> {
  const { experiment, text, weights, snapshot, onProgress } = options;
  const { training } = experiment;
  const { tokenizer } = text;
  const trainer = await createTrainer(runtime, experiment, tokenizer.vocabularySize, onProgress, weights);
  try {
    if (snapshot) trainer.restore(snapshot);
    const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, training.batchSize);
    const model = modelOfTrainer(trainer, tokenizer);
    const held = heldOut(text, evaluationBudget.windows);
    const evaluate = () => validate(evaluator, model, held, evaluationBudget.rounds);
    return {
      trainer,
      model,
      loop: createTrainingLoop(trainer, text, { ...training, evaluate }),
      destroy: () => {
        model.destroy();
        evaluator.destroy();
        trainer.destroy();
      },
    };
  } catch (error) {
    trainer.destroy();
    throw error;
  }
}
