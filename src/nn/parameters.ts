/**
 * The flat storages of a model's parameters and of its optimizer, shared by all plans of a run.
 */
import { normalAt, streams } from '../base/random.ts';
import type { Storage } from '../runtime/recording.ts';
import { type Graph, sizeOf, type Tensor, tensorOver } from '../tensor/tensor.ts';
import { type ParameterLayout, partsOf } from './layout.ts';

export interface ParameterStorages {
  readonly layout: ParameterLayout;
  readonly parameter: Storage;
  readonly gradient: Storage;
  readonly moment1: Storage;
  readonly moment2: Storage;
  /** Exponential moving average of the parameters, for evaluation and decoding. */
  readonly average: Storage;
}

/** Declares the storages; they are allocated when a plan first uses them. */
export function declareParameters(layout: ParameterLayout): ParameterStorages {
  const flat = (label: string): Storage => ({ label, type: 'f32', length: layout.length, lifetime: 'persistent' });
  return {
    layout,
    parameter: flat('parameters'),
    gradient: flat('gradients'),
    moment1: flat('first moments'),
    moment2: flat('second moments'),
    average: flat('averaged parameters'),
  };
}

/** Reads a block by key inside a graph. */
export type ParameterSource = (key: string) => Tensor;

/** Blocks to train: their gradients land in the flat gradient. */
export function trainable(graph: Graph, { layout, parameter, gradient }: ParameterStorages): ParameterSource {
  return (key) => {
    const { offset, shape } = layout.blocks.get(key)!;
    return tensorOver(graph, parameter, offset, shape, { storage: gradient, offset, length: sizeOf(shape) });
  };
}

/** Blocks to compute with, from the parameters or from their average. */
export function frozen(graph: Graph, layout: ParameterLayout, storage: Storage): ParameterSource {
  return (key) => {
    const { offset, shape } = layout.blocks.get(key)!;
    return tensorOver(graph, storage, offset, shape);
  };
}

/**
 * Initial values: norms one, biases zero, matrices normal with deviation `std`, those that write to the residual stream
 * smaller by sqrt(2 * layers) (GPT-2). Drawn by counter from the seed: the same on every machine.
 */
export function initialParameters(layout: ParameterLayout, layers: number, std: number, seed: number): Float32Array {
  const values = new Float32Array(layout.length);
  for (const { kind, parts } of layout.blocks.values()) {
    if (kind === 'bias') continue;
    for (const { name, offset, shape } of parts) {
      const length = sizeOf(shape);
      if (kind === 'norm') {
        values.fill(1, offset, offset + length);
        continue;
      }
      const writesResidual = name.endsWith('o_proj.weight') || name.endsWith('down_proj.weight');
      const deviation = writesResidual ? std / Math.sqrt(2 * layers) : std;
      for (let i = offset; i < offset + length; i++) values[i] = deviation * normalAt(seed, streams.init, 0, i);
    }
  }
  return values;
}

/** The named tensors of a flat array, as views. */
export function namedParts(
  layout: ParameterLayout,
  flat: Float32Array,
): { name: string; shape: readonly number[]; data: Float32Array }[] {
  return partsOf(layout).map(({ name, shape, offset }) => {
    return { name, shape, data: flat.subarray(offset, offset + sizeOf(shape)) };
  });
}

/** The mask is the last token of the vocabulary. */
export function maskIdOf({ layout }: Pick<ParameterStorages, 'layout'>): number {
  return layout.blocks.get('embedding')!.shape[0] - 1;
}
