/**
 * Whole training steps of several configurations, timed in turns in one process: what else the machine does, and how
 * warm it is, meets all of them alike. A measure, not a benchmark of kernels (`sdlm bench`).
 */
import type { Experiment } from '../config/schema.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { RunText } from '../train/text.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import type { Progress } from './studies/study.ts';

/** Turns that are timed, after one that is not, and steps in flight in each. */
const turns = 15;
const stepsPerTurn = 4;

/** Tokens per second of each configuration: steps of the median turn. */
export async function tokensPerSecond(
  runtime: Runtime,
  subjects: ReadonlyMap<string, { readonly experiment: Experiment; readonly text: RunText }>,
  onProgress: Progress,
): Promise<ReadonlyMap<string, number>> {
  const trainers = new Map<string, Trainer>();
  for (const [id, { experiment, text }] of subjects)
    trainers.set(id, await createTrainer(runtime, experiment, text.tokenizer.vocabularySize));
  const times = new Map<string, number[]>([...subjects.keys()].map((id) => [id, []]));
  for (let turn = 0; turn <= turns; turn++) {
    await onProgress(`timing steps in turns, ${turn} of ${turns}`);
    // Another one begins each turn: what comes after a pause may be slower.
    const order = [...trainers].map((_, place, all) => all[(turn + place) % all.length]);
    for (const [id, trainer] of order) {
      const { text } = subjects.get(id)!;
      const start = performance.now();
      const steps = Array.from({ length: stepsPerTurn }, () => trainer.advance(text.batchAt(trainer.step)));
      await Promise.all(steps);
      if (turn > 0) times.get(id)!.push((performance.now() - start) / 1000);
    }
  }
  for (const trainer of trainers.values()) trainer.destroy();
  return new Map(
    [...subjects].map(([id, { experiment }]) => {
      const median = times.get(id)!.sort((a, b) => a - b)[Math.floor(turns / 2)];
      return [id, (stepsPerTurn * experiment.training.batchSize * experiment.data.sequenceLength) / median];
    }),
  );
}
