/** How much memory a run will take, and whether it fits: known from its recorded steps before anything is allocated. */
import { ConfigError } from '../base/errors.ts';
import { whole } from '../base/format.ts';
import type { Experiment } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import { planMemory } from '../runtime/recording.ts';
import { recordEvaluation, recordTraining } from '../train/recordings.ts';

export interface RunMemory {
  /** Of the training and the evaluation step together. */
  readonly bytes: number;
  /** Of the largest single buffer. */
  readonly largestBuffer: number;
}

export interface MemoryLimits {
  /** Bytes for all runs at a time; null where nobody says (a GPU). */
  readonly bytes: number | null;
  /** Bytes of a single buffer. */
  readonly buffer: number;
}

/**
 * The memory of a run over a vocabulary without the mask. Recording the steps takes time and memory of its own: where the
 * weights, their gradient and two moments already exceed `limit` bytes, only those are counted.
 */
export function memoryOf(experiment: Experiment, vocabularySize: number, limit = Number.POSITIVE_INFINITY): RunMemory {
  const layout = layoutOf(experiment.model, vocabularySize);
  if (16 * layout.length > limit) return { bytes: 16 * layout.length, largestBuffer: 4 * layout.length };
  const parameters = declareParameters(layout);
  const training = planMemory(recordTraining(experiment, parameters).recording);
  const evaluation = planMemory(recordEvaluation(experiment, parameters, experiment.training.batchSize).recording);
  const own = 4 * evaluation.slots.reduce((sum, length) => sum + length, 0);
  const lengths = [...training.slots, ...evaluation.slots, ...training.persistent.map(({ length }) => length)];
  return { bytes: training.bytes + own, largestBuffer: 4 * Math.max(...lengths) };
}

/**
 * Throws `ConfigError` naming the first of the runs that does not fit, `together` of them running at a time.
 * @param where what they belong to, for the sentence
 */
export function expectMemory(
  where: string,
  runs: readonly { readonly name: string; readonly memory: RunMemory }[],
  limits: MemoryLimits,
  together = 1,
): void {
  for (const { name, memory } of runs) {
    const most = limits.bytes === null ? Number.POSITIVE_INFINITY : limits.bytes / together;
    if (memory.bytes > most) {
      const share = together > 1 ? ` for each of ${together} runs at a time` : '';
      throw new ConfigError(
        `${where}: expected every run to fit into ${whole(Math.floor(most))} bytes of memory${share}, got ${name} with ${whole(memory.bytes)}; make model, window or batch smaller`,
      );
    }
    if (memory.largestBuffer > limits.buffer) {
      throw new ConfigError(
        `${where}: expected every buffer to fit into the adapter's ${whole(limits.buffer)} bytes, got one of ${name} with ${whole(memory.largestBuffer)}; make model, window or batch smaller`,
      );
    }
  }
}
