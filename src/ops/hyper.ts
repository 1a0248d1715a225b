/**
 * What changes of the optimizers from step to step: a tensor of four numbers with names. The shaders name them in
 * `shaders/shared/hyper.wgsl`, in the same order. Their values by step are in `src/train/schedule.ts`.
 */
import type { Floats } from '../runtime/kernel.ts';

const names = ['learningRate', 'correction1', 'correction2', 'averageDecay'] as const;

/** Learning rate, `1 / (1 - beta1^t)` and `1 / (1 - beta2^t)` for the step t from 1, and the decay of the average. */
export type Hyper = Readonly<Record<(typeof names)[number], number>>;

/** Shape of the tensor. */
export const hyperShape: readonly number[] = [names.length];

/** The numbers in the order of the tensor. */
export function packHyper(hyper: Hyper): number[] {
  return names.map((name) => hyper[name]);
}

/** The numbers by their names, for twins. */
export function unpackHyper(values: Floats): Hyper {
  return Object.fromEntries(names.map((name, index) => [name, values[index]])) as Hyper;
}
