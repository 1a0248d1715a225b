/**
 * The named decoders: presets of the settings in `decodeSettings.ts`, and which models they are for. For the command
 * line, the worker and the page; the rules are in `src/diffusion`. Definitions and sources: SCIENCE 5.
 */
import { ConfigError, shown } from '../base/errors.ts';
import { type DecodedModel, type DecodeSettings, settingsOf } from './decodeSettings.ts';
import type { ObjectiveKind } from './objectives.ts';

export interface DecoderFacts {
  readonly label: string;
  /** One sentence for the "?" beside the choice. */
  readonly about: string;
  /** Objectives whose models it decodes. */
  readonly fits: readonly ObjectiveKind[];
  /** What differs from the defaults of the schema. */
  readonly settings: Partial<DecodeSettings>;
}

const denoising = ['diffusion', 'block-diffusion'] as const;
const writing = ['autoregressive'] as const;
/** One token after the other, as an autoregressive model writes. */
const leftToRight = { order: 'position', budget: 'one' } as const;
const reverse = { order: 'random', budget: 'each' } as const;

/** In each kind of model the first that fits is the default. */
export const decoderFacts = {
  'low-confidence': {
    label: 'Most confident first',
    about: 'Each call commits the positions whose candidate is the most probable (LLaDA, MaskGIT).',
    fits: denoising,
    settings: { order: 'confidence', budget: 'quota' },
  },
  margin: {
    label: 'Largest margin first',
    about: 'Each call commits the positions whose best token leads the second by most (Dream).',
    fits: denoising,
    settings: { order: 'margin', budget: 'quota' },
  },
  entropy: {
    label: 'Lowest entropy first',
    about: 'Each call commits the positions of which the model is least in doubt (Dream).',
    fits: denoising,
    settings: { order: 'entropy', budget: 'quota' },
  },
  ancestral: {
    label: 'Ancestral',
    about: 'Each call uncovers positions at random and samples them: follows the model’s distribution (MDLM).',
    fits: denoising,
    settings: reverse,
  },
  'first-hitting': {
    label: 'First-hitting',
    about: 'Each call uncovers one position at random: the reverse process without steps in vain (2409.02908).',
    fits: denoising,
    settings: { order: 'random', budget: 'one' },
  },
  threshold: {
    label: 'Confidence threshold',
    about: 'Each call commits every position that is sure enough, at least the best one (Fast-dLLM).',
    fits: denoising,
    settings: { candidate: 'best', order: 'confidence', budget: 'threshold', tau: 0.9 },
  },
  factor: {
    label: 'Confidence factor',
    about: 'Each call commits the more positions the surer they are, by a bound on their joint error (Fast-dLLM).',
    fits: denoising,
    settings: { candidate: 'best', order: 'confidence', budget: 'factor', factor: 1 },
  },
  'entropy-bounded': {
    label: 'Entropy-bounded',
    about: 'Each call commits as many positions as a bound on their shared information allows (EB-Sampler).',
    fits: denoising,
    settings: {
      order: 'entropy',
      budget: 'entropy-bound',
      gamma: 0.1,
      temperature: 0.8,
      anneal: true,
      endTemperature: 0.4,
    },
  },
  'semi-autoregressive': {
    label: 'Semi-autoregressive',
    about: 'Fills blocks from left to right, the most confident positions of each first (LLaDA).',
    fits: denoising,
    settings: { order: 'confidence', budget: 'quota', span: 'blocks', blockSize: 16 },
  },
  'remdm-cap': {
    label: 'ReMDM, capped',
    about: 'Ancestral, and written tokens are masked again with at most a constant probability (2503.00307).',
    fits: denoising,
    settings: { ...reverse, revision: 'remask', remaskSchedule: 'cap', eta: 0.04 },
  },
  'remdm-rescale': {
    label: 'ReMDM, rescaled',
    about: 'Ancestral, and written tokens are masked again with a share of the largest probability (2503.00307).',
    fits: denoising,
    settings: { ...reverse, revision: 'remask', remaskSchedule: 'rescale', eta: 0.05 },
  },
  'remdm-confidence': {
    label: 'ReMDM, by confidence',
    about: 'Ancestral, and written tokens are masked again the likelier the less sure they were (2503.00307).',
    fits: denoising,
    settings: { ...reverse, revision: 'remask', remaskSchedule: 'confidence', eta: 1 },
  },
  'remdm-loop': {
    label: 'ReMDM, loop',
    about: 'Ancestral to most of the text, then masks and fills again for a while, then the rest (2503.00307).',
    fits: denoising,
    settings: { ...reverse, revision: 'remask', remaskSchedule: 'loop', eta: 0.02 },
  },
  'edit-speed': {
    label: 'Editing, fast',
    about: 'Commits early at a threshold of 0.5 and edits freely afterwards (LLaDA2.1, speed).',
    fits: denoising,
    settings: {
      candidate: 'best',
      order: 'confidence',
      budget: 'threshold',
      tau: 0.5,
      revision: 'edit',
      tauEdit: 0,
    },
  },
  'edit-quality': {
    label: 'Editing, careful',
    about: 'Commits at a threshold of 0.7 and edits where another token has half the probability (LLaDA2.1, quality).',
    fits: denoising,
    settings: {
      candidate: 'best',
      order: 'confidence',
      budget: 'threshold',
      tau: 0.7,
      revision: 'edit',
      tauEdit: 0.5,
    },
  },
  'draft-verify': {
    label: 'Draft and verify',
    about:
      'Most confident first, with the next states drafted and verified in one call: the same text in fewer (FreeDave).',
    fits: denoising,
    settings: { candidate: 'best', order: 'confidence', budget: 'quota', draftDepth: 4 },
  },
  sampling: {
    label: 'Sampling',
    about: 'Draws each next token from the model’s distribution at the given temperature.',
    fits: writing,
    settings: leftToRight,
  },
  greedy: {
    label: 'Greedy',
    about: 'Always takes the most probable next token; tends to repeat itself.',
    fits: writing,
    settings: { candidate: 'best', ...leftToRight },
  },
  'top-k': {
    label: 'Top-k',
    about: 'Draws each next token from the k most probable ones.',
    fits: writing,
    settings: { topK: 10, ...leftToRight },
  },
  'top-p': {
    label: 'Top-p (nucleus)',
    about: 'Draws each next token from the fewest that hold a share p of the probability (1904.09751).',
    fits: writing,
    settings: { topP: 0.9, ...leftToRight },
  },
} as const satisfies Record<string, DecoderFacts>;

export type DecoderName = keyof typeof decoderFacts;

/** Names of before, which stay valid. */
const aliases: Readonly<Record<string, DecoderName>> = { confidence: 'low-confidence' };

/** The decoders of a model trained with this objective; the first is the default. */
export function decodersFor(kind: ObjectiveKind): DecoderName[] {
  return decoderNames.filter((name) => factsOf(name).fits.includes(kind));
}

/** Every decoder. */
export const decoderNames = Object.keys(decoderFacts) as DecoderName[];

/** What is known of a decoder. */
export function factsOf(name: DecoderName): DecoderFacts {
  return decoderFacts[name];
}

/**
 * The decoder of this name, or of a name of before. Throws `ConfigError` for one that does not exist or does not fit the
 * objective; without an objective every decoder fits.
 */
export function expectDecoder(name: string, kind: ObjectiveKind | null): DecoderName {
  const fitting = kind === null ? decoderNames : decodersFor(kind);
  const wanted = Object.hasOwn(aliases, name) ? aliases[name] : name;
  const found = fitting.find((candidate) => candidate === wanted);
  if (found) return found;
  const where = kind === null ? '' : ` for objective.kind "${kind}"`;
  throw new ConfigError(`expected one of ${fitting.join(', ')}${where}, got ${shown(name)}`, { path: 'decoder' });
}

/**
 * The settings of a named decoder with `changes` by path (`decode.tau`), text or typed. Throws `ConfigError` with one
 * sentence for what is unknown, out of range, or contradicts another setting or the model (`settingsOf`).
 */
export function decodeSettings(
  name: string,
  changes: Readonly<Record<string, unknown>> = {},
  model: DecodedModel | null = null,
): DecodeSettings {
  const decoder = expectDecoder(name, model?.kind ?? null);
  return settingsOf(factsOf(decoder).settings, changes, model);
}
