/**
 * Names of models, wherever they are: the bundled one, a run of this machine (in progress, or kept since it ended), or a
 * file that was opened. Whoever decodes, looks into routes or starts a run from weights takes any of them. As text, so
 * that they cross to the worker, compare with ===, and fit into an address.
 */
import { ConfigError, shown } from '../base/errors.ts';

export type ModelRef = 'bundled' | `run:${string}` | `file:${string}`;

export const runRef = (id: string): ModelRef => `run:${id}`;
export const fileRef = (id: string): ModelRef => `file:${id}`;

export type ModelPlace =
  | { readonly kind: 'bundled' }
  | { readonly kind: 'run'; readonly id: string }
  | { readonly kind: 'file'; readonly id: string };

/** Where a model is. Throws `ConfigError` for a name of another form. */
export function placeOf(ref: string): ModelPlace {
  if (ref === 'bundled') return { kind: 'bundled' };
  for (const kind of ['run', 'file'] as const) {
    const id = ref.slice(kind.length + 1);
    if (ref.startsWith(`${kind}:`) && id !== '') return { kind, id };
  }
  throw new ConfigError(`model: expected bundled, run:ID or file:ID, got ${shown(ref)}`);
}
