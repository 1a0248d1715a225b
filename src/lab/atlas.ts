/**
 * The atlas of a model's routes over held-out windows (`src/config/atlas.ts`): which windows, which calls, and the file
 * that comes of them. The counting is in `routing/tally.ts`, the numbers that follow from it in `atlasNumbers.ts`.
 */
import { checksumOf } from '../base/checksum.ts';
import { ConfigError } from '../base/errors.ts';
import type { Atlas } from '../config/atlas.ts';
import { readsMasks } from '../config/objectives.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { expertLayersOf } from '../nn/layout.ts';
import type { EvaluationText } from '../train/text.ts';
import { atlasNumbers } from './atlasNumbers.ts';
import type { WindowDomain } from './domains.ts';
import { type Network, type OnProgress, predictedToken, runSamples, type SampleResult } from './network.ts';
import { rowsOf } from './routing/routes.ts';
import { addWindow, createTally, type PositionIds } from './routing/tally.ts';
import { samplesOf } from './samples.ts';

/** Whose routes are looked into. */
export interface AtlasModel {
  readonly experiment: Experiment;
  readonly tokenizer: Tokenizer;
  /** Averaged weights, for the fingerprint. */
  readonly weights: Float32Array;
}

export interface AtlasOptions {
  readonly text: Pick<EvaluationText, 'windows' | 'answers'>;
  /** What the windows are, in words. */
  readonly about: string;
  readonly domains: readonly WindowDomain[];
  readonly seed: number;
  readonly created: string;
  readonly onProgress: OnProgress;
}

/** Throws `ConfigError` for a model that has no routes. */
export function expectExperts({ model }: Experiment, where: string): void {
  if (model.feedForward === 'dense')
    throw new ConfigError('expected a model with experts, got a dense one', { path: where });
}

/** Names a model by its weights. */
export function fingerprintOfWeights(weights: Float32Array): string {
  return checksumOf(new Uint8Array(weights.buffer, weights.byteOffset, weights.byteLength));
}

/**
 * Every window at one mask level, levels stratified over the windows, by the seed. Throws `ConfigError` for a dense model,
 * and what `onProgress` throws.
 */
export async function buildAtlas(
  { experiment, tokenizer, weights }: AtlasModel,
  network: Network,
  { text, about, domains, seed, created, onProgress }: AtlasOptions,
): Promise<Atlas> {
  expectExperts(experiment, 'atlas');
  const { maskId } = tokenizer;
  const columns = maskId + 1;
  const vocabulary = Array.from({ length: columns }, (_, id) => tokenizer.tokenText(id));
  const samples = samplesOf(experiment, text, { maskId, rounds: 1, seed });
  const layers = expertLayersOf(experiment.model);
  const tally = createTally(layers, experiment.model.experts, columns);
  for await (const results of runSamples(network, samples)) {
    for (const result of results) {
      const T = result.sample.x0.length;
      const routes = result.result.layers.map((layer) => rowsOf(layer, result.row, result.row + T));
      addWindow(tally, result.sample, routes, idsOf(experiment, result, columns), vocabulary);
    }
    await onProgress(tally.windows.length, samples.length);
  }
  const hasMasks = experiment.objective.kind !== 'autoregressive';
  const textOf = (window: number) => tokenizer.decode(samples[window].x0);
  return {
    format: 'sdlm-atlas',
    version: 1,
    created,
    model: { weights: fingerprintOfWeights(weights), experiment, vocabulary },
    text: about,
    seed,
    layers,
    experts: experiment.model.experts,
    ...atlasNumbers(tally, { domains, hasMasks, textOf }),
    notes: notesOf(experiment, domains),
  };
}

/** An autoregressive model reads each token one position later, behind the mask as the beginning. */
function idsOf({ objective }: Experiment, { sample, row, result }: SampleResult, columns: number): PositionIds {
  const predicted = Uint32Array.from(sample.x0, (_, n) => predictedToken(result.logits, row + n, columns));
  if (objective.kind !== 'autoregressive') return { clean: sample.x0, read: sample.xt, predicted };
  const read = Uint32Array.from([columns - 1, ...sample.x0.subarray(0, -1)]);
  return { clean: read, read, predicted };
}

function notesOf(experiment: Experiment, domains: readonly WindowDomain[]): string[] {
  const notes: string[] = [];
  if (experiment.objective.kind === 'autoregressive') {
    const trained = readsMasks(experiment) ? ' (those of its input masking are for training alone)' : '';
    notes.push(
      `No routing cube, masked share or hidden tokens: an autoregressive model reads no masks${trained}. Its tokens read are those of the position before.`,
    );
  }
  if (domains.length === 0) notes.push('No domains: this text has no sections.');
  if (experiment.model.feedForward === 'expert-choice' && experiment.model.capacitySchedule === 'constant')
    notes.push('The load is the same for all experts by construction: experts choose equally many tokens.');
  return notes;
}
