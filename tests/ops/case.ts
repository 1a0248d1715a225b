/**
 * What a case of an op states: inputs, how to record it, and how close two implementations must come.
 * One runner (`runCase.ts`) checks every case forward and backward; files named `*.case.ts` export `cases`.
 */
import type { Graph, Tensor } from '../../src/tensor/tensor.ts';

export interface CaseInput {
  readonly shape: readonly number[];
  readonly type?: 'f32' | 'u32';
  /** Value of element i; without it, numbers in (-1, 1) from a fixed hash. */
  readonly values?: (index: number) => number;
  /** Check the gradient with respect to this input; default true for f32. */
  readonly differentiate?: boolean;
}

export interface OpCase {
  readonly name: string;
  readonly inputs: Readonly<Record<string, CaseInput>>;
  /** Records the op and answers what to compare; the first f32 result is differentiated, if it can be. */
  readonly record: (graph: Graph, inputs: Record<string, Tensor>) => Tensor | readonly Tensor[];
  /**
   * Largest difference allowed between the GPU and the float64 twin, relative to the largest magnitude of the
   * result. Default 2e-5: sums of about a thousand float32 terms, in any order.
   */
  readonly tolerance?: number;
  /** Largest difference between the twin's gradient and its finite differences, relative likewise. Default 1e-6. */
  readonly differenceTolerance?: number;
}

/** A number in (-1, 1) that depends on its arguments only. */
export function noise(index: number, salt = 0): number {
  let hash = (Math.imul(index + 1, 0x9e3779b1) ^ Math.imul(salt + 1, 0x85ebca6b)) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) >>> 0;
  hash = Math.imul(hash ^ (hash >>> 12), 0x297a2d39) >>> 0;
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 31 - 1;
}
