/**
 * The weights that a run can start from: the bundled model's, those of the run in progress or just finished, or a file
 * that a person brought (`exportWeights` of an earlier visit), which is kept here until the page is closed.
 */
import { DataError } from '../base/errors.ts';
import type { Experiment } from '../config/schema.ts';
import type { Tokenizer } from '../data/tokenizer.ts';
import { type Checkpoint, decodeCheckpoint } from '../model/weights.ts';
import { expectStartable } from '../train/startFrom.ts';
import type { Host } from './host.ts';
import type { StartSource } from './protocol.ts';

export interface Sources {
  /** Reads an exported model and keeps it as `imported`. Throws `DataError` or `ConfigError` for any other file. */
  take(bytes: Uint8Array, name: string): Checkpoint;
  /** The tokenizer that a run from there is bound to. Throws `StartError` where `experiment` cannot start from it. */
  tokenizerFor(experiment: Experiment, from: StartSource): Tokenizer;
  /** The model as it is now. */
  checkpointOf(from: StartSource): Promise<Checkpoint>;
}

type Source = Omit<Checkpoint, 'weights'> & { weights(): Promise<Float32Array> };

export function createSources(host: Pick<Host, 'pretrained' | 'run'>): Sources {
  let imported: Checkpoint | null = null;
  const sourceOf = (from: StartSource): Source => {
    switch (from) {
      case 'pretrained':
        return { ...host.pretrained(), where: 'the bundled model' };
      case 'run': {
        const model = host.run()?.model();
        if (model) return { ...model, where: 'your run' };
        throw new DataError('start from: expected a run that has started, got none; train first');
      }
      case 'imported': {
        if (!imported) throw new DataError('start from: expected a file of weights, got none yet');
        const { weights, ...named } = imported;
        return { ...named, weights: async () => weights };
      }
      default:
        return from satisfies never;
    }
  };
  return {
    take: (bytes, name) => {
      imported = decodeCheckpoint(bytes, name);
      return imported;
    },
    tokenizerFor: (experiment, from) => {
      const source = sourceOf(from);
      expectStartable(experiment, source);
      return source.tokenizer;
    },
    checkpointOf: async (from) => {
      const source = sourceOf(from);
      return { ...source, weights: await source.weights() };
    },
  };
}
