/**
 * Starting a run from the weights of another: continued training and fine-tuning (the same architecture, copied
 * exactly) and sparse upcycling (arXiv 2212.05055: a dense checkpoint into a model with experts). The optimizer, its
 * schedule and the step start anew. Not here: reading checkpoints (`checkpoint.ts`), going on exactly (`--resume`).
 *
 * Upcycling copies attention, norms, embedding and head; every expert starts as the dense feed-forward; routers start
 * from the run's seed. Gates that sum to 1 per token (token choice, renormalised) then compute what the dense model
 * does. Otherwise the feed-forward's output is scaled by the sum of a token's gates: about choices / experts for softmax
 * scores as they are, about choices / 2 for sigmoid ones, and 0 for a token that no expert chooses. A shared expert
 * starts with a down projection of 0, so that it adds nothing at first.
 *
 * The objective may differ: a diffusion model may start from an autoregressive one, and the reverse.
 */
import { DataError, StartError } from '../base/errors.ts';
import type { Experiment } from '../config/schema.ts';
import type { Checkpoint } from '../model/weights.ts';
import { hasRouterBias, layoutOf, type ModelSettings, partsOf } from '../nn/layout.ts';
import { initialParameters, namedParts } from '../nn/parameters.ts';

type Field = keyof ModelSettings;

/** What weights mean nothing without, though not all of it shows in the shapes of tensors. */
const shared: readonly Field[] = ['layers', 'width', 'heads', 'qkNorm', 'ropeBase'];
const ofDense: readonly Field[] = ['hiddenWidth'];
const ofExperts: readonly Field[] = ['experts', 'expertWidth', 'sharedExperts', 'denseLayers'];

const isDense = ({ feedForward }: ModelSettings) => feedForward === 'dense';

/**
 * Throws `StartError` with one sentence naming the setting to change, unless `target` can start from a model trained as
 * `source` says. Who chooses whom, gates and balance may differ: the same weights serve all of them.
 */
export function expectStartable(
  target: Experiment,
  { experiment: source, where }: Pick<Checkpoint, 'experiment' | 'where'>,
): void {
  const refuse = (path: string, expected: unknown, got: unknown): never => {
    throw new StartError(`expected ${expected} to start from ${where}, got ${got}`, { path });
  };
  const [to, from] = [target.model, source.model];
  const expectEqual = (fields: readonly Field[]) => {
    for (const field of fields) if (to[field] !== from[field]) refuse(`model.${field}`, from[field], to[field]);
  };
  expectEqual(shared);
  if (isDense(from) && isDense(to)) expectEqual(ofDense);
  else if (isDense(from)) {
    if (to.expertWidth !== from.hiddenWidth)
      refuse('model.expertWidth', `${from.hiddenWidth} (each expert starts as the dense feed-forward)`, to.expertWidth);
  } else if (isDense(to)) refuse('model.feedForward', 'a model with experts', 'dense');
  else expectEqual(ofExperts);
  if (hasRouterBias(from) && !hasRouterBias(to)) {
    if (to.feedForward !== 'token-choice') refuse('model.feedForward', 'token-choice (with its bias)', to.feedForward);
    refuse('model.biasRate', 'more than 0 (its routers choose by a bias)', to.biasRate);
  }
  if (to.denseLayers > 0) expectEqual(ofDense);
  if (target.data.tokenizer !== source.data.tokenizer)
    refuse('data.tokenizer', source.data.tokenizer, target.data.tokenizer);
}

/**
 * The weights that `target` starts with, in the order of its layout over the checkpoint's vocabulary: for `createTrainer`.
 * Throws `StartError` for a checkpoint of another architecture or kind of tokenizer, `DataError` for other tensors than
 * its configuration says: one sentence each.
 */
export function startFrom(target: Experiment, source: Checkpoint): Float32Array {
  expectStartable(target, source);
  const { vocabularySize } = source.tokenizer;
  const { model, training } = target;
  const layout = layoutOf(model, vocabularySize);
  const weights = initialParameters(layout, model.layers, model.initStd, training.seed);
  const given = new Map(
    namedParts(layoutOf(source.experiment.model, vocabularySize), source.weights).map((part) => [part.name, part]),
  );
  const unused = new Set(given.keys());
  for (const { name, shape, offset } of partsOf(layout)) {
    const length = shape.reduce((size, axis) => size * axis, 1);
    const copied = given.get(name) ?? given.get(denseOrigin(name));
    if (copied) {
      if (copied.shape.join() !== shape.join()) {
        throw new DataError(
          `${source.where}: expected ${copied.name} (${shape.join(', ')}) for ${name}, got (${copied.shape.join(', ')})`,
        );
      }
      weights.set(copied.data, offset);
      unused.delete(copied.name);
    } else if (name.endsWith('.mlp.shared_expert.down_proj.weight')) weights.fill(0, offset, offset + length);
    else if (!startsFresh(name)) throw new DataError(`${source.where}: expected tensor ${name}, got none`);
  }
  const [foreign] = unused;
  if (foreign !== undefined)
    throw new DataError(`${source.where}: expected only tensors that this model has, got ${foreign} as well`);
  return weights;
}

/** The dense model's tensor that an expert's starts as a copy of; the name itself for any other tensor. */
function denseOrigin(name: string): string {
  return name.replace(/\.mlp\.experts\.\d+\./, '.mlp.');
}

/** Routers (and what belongs to them) and the inner matrices of shared experts. */
function startsFresh(name: string): boolean {
  return name.includes('.mlp.gate.') || name.includes('.mlp.shared_expert.');
}
