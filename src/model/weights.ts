/**
 * A trained model as files: what is in them, not where they are kept (`src/cli/runDirectory.ts`,
 * `src/worker/runStore.ts`). `model.safetensors` holds the averaged weights under their names; `config.json` the
 * experiment and what others would leave implicit (SCIENCE 7). The state of training is in `src/train/checkpoint.ts`.
 */
import { configurationOf, DataError, named, shown } from '../base/errors.ts';
import { parseJson } from '../base/json.ts';
import { parseExperiment } from '../config/experiment.ts';
import { attentionBlock, isCausal } from '../config/objectives.ts';
import { type Experiment, schema } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { tokenizerFromJSON } from '../data/tokenizers.ts';
import { layoutOf, type ParameterLayout, partsOf } from '../nn/layout.ts';
import { namedParts } from '../nn/parameters.ts';
import { rmsnormEpsilon } from '../ops/rmsnorm.ts';
import { decodeTensors, encodeTensors } from './safetensors.ts';

/** A trained model, as a run starts from it. */
export interface Checkpoint {
  readonly experiment: Experiment;
  readonly tokenizer: Tokenizer;
  /** In the order of the layout of `experiment.model`. */
  readonly weights: Float32Array;
  /** Its name in sentences. */
  readonly where: string;
}

/** The averaged weights as a safetensors file under the names of the Hugging Face layout. */
export function encodeModel(
  layout: ParameterLayout,
  average: Float32Array,
  step: number,
  metadata: Record<string, string> = {},
): Uint8Array<ArrayBuffer> {
  return encodeTensors(namedParts(layout, average), { step: String(step), ...metadata });
}

/** A model as one file: its weights, with `config.json` and `tokenizer.json` as metadata. */
export function encodeCheckpoint(
  { experiment, tokenizer, weights }: Omit<Checkpoint, 'where'>,
  step: number,
): Uint8Array<ArrayBuffer> {
  const { vocabularySize } = tokenizer;
  return encodeModel(layoutOfRun({ experiment, vocabularySize }), weights, step, {
    config: JSON.stringify(describeRun(experiment, vocabularySize)),
    tokenizer: JSON.stringify(tokenizer.toJSON()),
  });
}

/**
 * Reads what `encodeCheckpoint` wrote. Throws `DataError` with one sentence for any other file, weights without
 * configuration and tokenizer included.
 */
export function decodeCheckpoint(bytes: Uint8Array, where: string): Checkpoint {
  const { config, tokenizer: description } = decodeTensors(bytes, where).metadata;
  if (typeof config !== 'string' || typeof description !== 'string') {
    throw new DataError(
      `${where}: expected weights with config and tokenizer in their metadata (as exported here), got none; give the run's directory instead`,
    );
  }
  const run = parseRun(config, where);
  const tokenizer = tokenizerFromJSON(parseJson(description, where), `${where}: tokenizer.json`);
  expectVocabulary(tokenizer, run.vocabularySize, where);
  return { experiment: run.experiment, tokenizer, weights: decodeModel(bytes, layoutOfRun(run), where), where };
}

/** Throws `DataError` for a tokenizer of another size than the model's vocabulary. */
export function expectVocabulary({ vocabularySize }: Tokenizer, expected: number, where: string): void {
  if (vocabularySize !== expected)
    throw new DataError(`${where}: expected ${expected} tokens as in its config.json, got ${vocabularySize}`);
}

/**
 * Weights in the order of the layout. Throws `DataError` for a truncated or foreign file: a tensor that is missing,
 * of another shape, not part of this architecture, or with a number that is not finite.
 */
export function decodeModel(bytes: Uint8Array, layout: ParameterLayout, where: string): Float32Array {
  const { tensors } = decodeTensors(bytes, where);
  const parts = partsOf(layout).map(({ name, shape, offset }) => {
    const tensor = tensors.get(name);
    const expected = `(${shape.join(', ')})`;
    if (!tensor)
      throw new DataError(`${where}: expected tensor ${name} ${expected}, got none; is it of another architecture?`);
    if (tensor.shape.join() !== shape.join()) {
      throw new DataError(`${where}: expected tensor ${name} ${expected}, got (${tensor.shape.join(', ')})`);
    }
    if (!(tensor.data instanceof Float32Array)) {
      throw new DataError(`${where}: expected tensor ${name} in F32, F16 or BF16, got whole numbers`);
    }
    expectFinite(tensor.data, name, where);
    return { name, offset, data: tensor.data };
  });
  if (tensors.size > parts.length) {
    const known = new Set(parts.map(({ name }) => name));
    const foreign = [...tensors.keys()].find((name) => !known.has(name)) ?? '';
    throw new DataError(`${where}: expected only the tensors of this architecture, got ${named(foreign)} as well`);
  }
  // Only now: the size follows from a configuration that may say anything.
  const flat = new Float32Array(layout.length);
  for (const { data, offset } of parts) flat.set(data, offset);
  return flat;
}

/** A model that has left the finite numbers answers nothing any more. */
export function expectFinite(data: Float32Array, name: string, where: string): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) {
    throw new DataError(`${where}: expected finite weights in tensor ${name}, got ${data[at]} as number ${at + 1}`);
  }
}

/** `config.json`: the experiment in the schema's form, and the facts that others need to rebuild the model. */
export function describeRun(experiment: Experiment, vocabularySize: number): Record<string, unknown> {
  return {
    format: 1,
    architecture: {
      vocab_size: vocabularySize + 1,
      mask_token_id: vocabularySize,
      objective: experiment.objective.kind,
      bidirectional: !isCausal(experiment),
      // A position attends to its own block of this size and to all before it; the window itself is bidirectional.
      attention_block: attentionBlock(experiment),
      // The logits of a position are those of its own token; an autoregressive model reads each token one position
      // later instead, behind the mask as the beginning.
      rope_theta: experiment.model.ropeBase,
      rms_norm_eps: rmsnormEpsilon,
      tie_word_embeddings: false,
      logit_shift: false,
      input_shift: experiment.objective.kind === 'autoregressive',
      noise_schedule: experiment.objective.kind === 'autoregressive' ? null : 'linear',
      weights: experiment.training.emaDecay > 0 ? 'averaged' : 'last',
    },
    ...experiment,
  };
}

/** Every character is at most one token, and the mask one more. */
const mostTokens = 0x110000 + 1;

/** Reads `config.json`. Throws `DataError` naming what is wrong. */
export function parseRun(text: string, where: string): { experiment: Experiment; vocabularySize: number } {
  const run = parseJson(text, where) as { format?: unknown; architecture?: { vocab_size?: unknown } | null } & Record<
    string,
    unknown
  >;
  if (run === null || typeof run !== 'object' || run.format !== 1) {
    throw new DataError(`${where}: expected "format": 1 of a run of this program, got ${shown(run?.format)}`);
  }
  const vocabulary = run.architecture?.vocab_size;
  if (typeof vocabulary !== 'number' || !(vocabulary >= 2 && vocabulary <= mostTokens && vocabulary % 1 === 0)) {
    throw new DataError(
      `${where}: expected architecture.vocab_size as a whole number from 2 to ${mostTokens}, got ${shown(vocabulary)}`,
    );
  }
  // A file of an earlier version lacks groups that have come since.
  const settings = Object.fromEntries(
    Object.keys(schema).map((group) => [group, run[group] === undefined ? {} : run[group]]),
  );
  return { experiment: configurationOf(where, () => parseExperiment(settings)), vocabularySize: vocabulary - 1 };
}

/** The layout that a run's files must match. */
export function layoutOfRun({
  experiment,
  vocabularySize,
}: {
  experiment: Experiment;
  vocabularySize: number;
}): ParameterLayout {
  return layoutOf(experiment.model, vocabularySize);
}
