/**
 * The decoders in words and which models they are for, as data: for the command line, the worker and the page. What
 * each of them commits is in `src/diffusion/decoders.ts`.
 */
import { ConfigError } from '../base/errors.ts';
import type { ObjectiveKind } from './objectives.ts';

/** What a person can set: network calls, and what shapes the distribution that tokens are drawn from. */
export type DecoderOption = 'steps' | 'temperature' | 'topK' | 'topP';

export interface DecoderFacts {
  readonly label: string;
  /** One sentence for the "?" beside the choice. */
  readonly about: string;
  /** Objectives whose models it decodes. */
  readonly fits: readonly ObjectiveKind[];
  /** The options that it reads; one that does not read `steps` commits one token per network call. */
  readonly uses: readonly DecoderOption[];
}

/** In each kind of model the first that fits is the default. */
export const decoderFacts = {
  confidence: {
    label: 'Most confident first',
    about: 'Each call commits the positions whose best token is the most probable (LLaDA, MaskGIT).',
    fits: ['diffusion', 'block-diffusion'],
    uses: ['steps', 'temperature'],
  },
  ancestral: {
    label: 'Ancestral',
    about: 'Each call uncovers positions at random and samples them: follows the model’s distribution (MDLM).',
    fits: ['diffusion', 'block-diffusion'],
    uses: ['steps', 'temperature'],
  },
  sampling: {
    label: 'Sampling',
    about: 'Draws each next token from the model’s distribution at the given temperature.',
    fits: ['autoregressive'],
    uses: ['temperature'],
  },
  greedy: {
    label: 'Greedy',
    about: 'Always takes the most probable next token; tends to repeat itself.',
    fits: ['autoregressive'],
    uses: [],
  },
  'top-k': {
    label: 'Top-k',
    about: 'Draws each next token from the k most probable ones.',
    fits: ['autoregressive'],
    uses: ['temperature', 'topK'],
  },
  'top-p': {
    label: 'Top-p (nucleus)',
    about: 'Draws each next token from the fewest that hold a share p of the probability (1904.09751).',
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
  throw new ConfigError(
    `expected one of ${fitting.join(', ')} for objective.kind "${kind}", got ${JSON.stringify(name)}`,
    { path: 'decoder' },
  );
}
