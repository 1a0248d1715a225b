/**
 * What a run costs, in one place: parameters in all and per token, floating point operations per token, memory. Known
 * from its configuration before anything is allocated. How long it takes is measured: `speed.ts`.
 */

import { ConfigError } from '../base/errors.ts';
import { whole } from '../base/format.ts';
import { greatest } from '../base/numbers.ts';
import { expertShareOf } from '../config/capacity.ts';
import { readsCleanText } from '../config/objectives.ts';
import type { RunCosts } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import { declareParameters } from '../nn/parameters.ts';
import { planMemory } from '../runtime/recording.ts';
import { sizeOf } from '../tensor/tensor.ts';
import { recordEvaluation, recordTraining } from '../train/recordings.ts';

/** Every cost of a run that its configuration decides: the same numbers wherever they are shown. */
export interface RunCost extends RunCosts {
  /** Of the training and the evaluation step together, predicted. */
  readonly memoryBytes: number;
  /** Bytes of the largest single buffer. */
  readonly largestBuffer: number;
}

/** The cost of a run over a vocabulary without the mask. */
export function costOf(experiment: Experiment, vocabularySize: number): RunCost {
  const { bytes, largestBuffer } = memoryOf(experiment, vocabularySize);
  return { ...accountingOf(experiment, vocabularySize), memoryBytes: bytes, largestBuffer };
}

export interface Accounting {
  /** Every parameter, embedding and head included. */
  readonly total: number;
  /** Parameters that one token meets on average: of the routed experts the share that the router computes. */
  readonly active: number;
  /** Forward and backward operations per token of text: 6 per active matrix weight, 12 L T C for attention. */
  readonly trainFlopsPerToken: number;
  /** Forward only: a third of it, where training reads no clean text besides. */
  readonly inferenceFlopsPerToken: number;
}

/**
 * Counts a model over a vocabulary without the mask. The embedding is a look-up and costs no operations; the head is
 * counted in full, as an inference needs it (training computes it for masked rows only). Kaplan et al. 2020
 * (arXiv 2001.08361), section 2.1, with attention counted on all T positions whatever the objective, so that equal shapes
 * count alike (a causal one skips up to half of it). Block diffusion trains on two rows per token, noisy and clean; the
 * head reads the noisy one.
 */
export function accountingOf(experiment: Experiment, vocabularySize: number): Accounting {
  const { model, data, training } = experiment;
  const layout = layoutOf(model, vocabularySize);
  const expertShare = expertShareOf(model, training.batchSize, data.sequenceLength);
  let active = 0;
  let multiplied = 0;
  const rows = readsCleanText(experiment) ? 2 : 1;
  for (const [key, { shape, kind }] of layout.blocks) {
    const share = key.includes('.experts.') ? expertShare : 1;
    active += sizeOf(shape) * share;
    if (kind === 'matrix' && key !== 'embedding') multiplied += sizeOf(shape) * share;
  }
  const head = sizeOf(layout.blocks.get('head')!.shape);
  const perRow = 2 * (multiplied - head) + 4 * model.layers * data.sequenceLength * model.width;
  return {
    total: layout.parameters,
    active: Math.round(active),
    trainFlopsPerToken: 3 * (rows * perRow + 2 * head),
    inferenceFlopsPerToken: perRow + 2 * head,
  };
}

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
  return { bytes: training.bytes + own, largestBuffer: 4 * greatest(lengths) };
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
