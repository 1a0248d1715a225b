/**
 * What can be changed of a model while it is only run, as data: a variant is a model with interventions. Types only; a
 * view, an address or a command line states them, the plan that runs the model reads them.
 */
import type { ModelRef } from './modelRef.ts';

export type Intervention =
  /** The expert takes no token, or counts with this share of its gate. */
  | { readonly kind: 'ablate'; readonly layer: number; readonly expert: number }
  | { readonly kind: 'clamp'; readonly layer: number; readonly expert: number; readonly share: number }
  /** Who chooses whom, with how many choices per token and what capacity. */
  | {
      readonly kind: 'router';
      readonly chooser: 'experts' | 'tokens';
      readonly choices: number;
      readonly capacity: number;
    }
  /** Only these experts of a layer are loaded (SCIENCE 6, the reductions). */
  | { readonly kind: 'experts'; readonly layer: number; readonly experts: readonly number[] };

export interface Variant {
  readonly model: ModelRef;
  readonly interventions: readonly Intervention[];
}
