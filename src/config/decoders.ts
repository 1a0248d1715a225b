/**
 * The decoders in words and which models they are for, as data: for the command line, the worker and the page. What
 * each of them commits is in `src/diffusion/decoders.ts`.
 */
import { ConfigError, shown } from '../base/errors.ts';
import type { ObjectiveKind } from './objectives.ts';

/** What a person can set: network calls, and what shapes the distribution that tokens are drawn from. */
export type DecoderOption = 'steps' | 'temperature' | 'topK' | 'topP';

/** What is drawn at an open position: the most probable token, or a sample of the tempered distribution or of its top. */
export type Candidate = 'best' | 'sample' | 'top-k' | 'top-p';

/** Which open positions come first: by the score of their candidate, by chance, or from left to right. */
export type Order = 'confidence' | 'margin' | 'entropy' | 'random' | 'position';

/**
 * How many are committed after a call: an equal share of the masks, each with the probability of the reverse process,
 * one, or as many as a bound on their scores or entropies allows.
 */
export type Budget = 'quota' | 'each' | 'one' | 'threshold' | 'factor' | 'entropy-bound';

/** What of earlier commits may be undone: nothing, back to a mask, to another token, or to noise. */
export type Revision = 'none' | 'remask' | 'edit' | 'renoise';

/** Where it applies at a time: all that the model sees both ways at once, or blocks of that from left to right. */
export type Span = 'window' | 'blocks';

/** A decoder as data (SCIENCE 5): a point among independent choices. Not all of them have a rule yet. */
export interface DecoderParts {
  readonly candidate: Candidate;
  readonly order: Order;
  readonly budget: Budget;
  readonly revision: Revision;
  readonly span: Span;
}

export interface DecoderFacts {
  readonly label: string;
  /** One sentence for the "?" beside the choice. */
  readonly about: string;
  readonly parts: DecoderParts;
  /** Objectives whose models it decodes. */
  readonly fits: readonly ObjectiveKind[];
  /** The options that it reads; one that does not read `steps` commits one token per network call. */
  readonly uses: readonly DecoderOption[];
}

const kept = { revision: 'none', span: 'window' } as const;
/** One token after the other, as an autoregressive model writes. */
const leftToRight = { order: 'position', budget: 'one', ...kept } as const;

/** In each kind of model the first that fits is the default. */
export const decoderFacts = {
  confidence: {
    label: 'Most confident first',
    about: 'Each call commits the positions whose best token is the most probable (LLaDA, MaskGIT).',
    parts: { candidate: 'sample', order: 'confidence', budget: 'quota', ...kept },
    fits: ['diffusion', 'block-diffusion'],
    uses: ['steps', 'temperature'],
  },
  ancestral: {
    label: 'Ancestral',
    about: 'Each call uncovers positions at random and samples them: follows the model’s distribution (MDLM).',
    parts: { candidate: 'sample', order: 'random', budget: 'each', ...kept },
    fits: ['diffusion', 'block-diffusion'],
    uses: ['steps', 'temperature'],
  },
  sampling: {
    label: 'Sampling',
    about: 'Draws each next token from the model’s distribution at the given temperature.',
    parts: { candidate: 'sample', ...leftToRight },
    fits: ['autoregressive'],
    uses: ['temperature'],
  },
  greedy: {
    label: 'Greedy',
    about: 'Always takes the most probable next token; tends to repeat itself.',
    parts: { candidate: 'best', ...leftToRight },
    fits: ['autoregressive'],
    uses: [],
  },
  'top-k': {
    label: 'Top-k',
    about: 'Draws each next token from the k most probable ones.',
    parts: { candidate: 'top-k', ...leftToRight },
    fits: ['autoregressive'],
    uses: ['temperature', 'topK'],
  },
  'top-p': {
    label: 'Top-p (nucleus)',
    about: 'Draws each next token from the fewest that hold a share p of the probability (1904.09751).',
    parts: { candidate: 'top-p', ...leftToRight },
    fits: ['autoregressive'],
    uses: ['temperature', 'topP'],
  },
} as const satisfies Record<string, DecoderFacts>;

export type DecoderName = keyof typeof decoderFacts;

/** The decoders of a model trained with this objective; the first is the default. */
export function decodersFor(kind: ObjectiveKind): DecoderName[] {
  const names = Object.keys(decoderFacts) as DecoderName[];
  return names.filter((name) => factsOf(name).fits.includes(kind));
}

/** What is known of a decoder. */
export function factsOf(name: DecoderName): DecoderFacts {
  return decoderFacts[name];
}

/** The decoder of this name. Throws `ConfigError` for one that does not exist or does not fit the objective. */
export function expectDecoder(name: string, kind: ObjectiveKind): DecoderName {
  const fitting = decodersFor(kind);
  const found = fitting.find((candidate) => candidate === name);
  if (found) return found;
  throw new ConfigError(`expected one of ${fitting.join(', ')} for objective.kind "${kind}", got ${shown(name)}`, {
    path: 'decoder',
  });
}
