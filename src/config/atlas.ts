/**
 * The atlas of a model's routes: what is measured over held-out windows without decoding (SCIENCE 6), as a file. Types
 * only: it is built by `src/lab/atlas.ts`, read by `parseAtlas.ts`, written as tables by `atlasTables.ts`. Lists are flat, with their
 * shapes beside them; L layers with experts, E experts. Counts are whole numbers of tokens held, dropped routes left out.
 */
import type { Experiment } from './schema.ts';

export interface Estimates {
  readonly value: readonly number[];
  /** Over windows; NaN (null in the file) where it is not known. */
  readonly standardError: readonly number[];
}

/** A number of every layer and expert, (L, E): what a heatmap shows. */
export interface AtlasMeasure extends Estimates {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
}

export interface AtlasLayer {
  /** Index of the layer in the model. */
  readonly layer: number;
  /** Routes that asked for an expert, and those of them that were dropped. */
  readonly asked: number;
  readonly dropped: number;
  readonly maxVio: number;
  /** Coefficient of variation of the load, and its entropy over log E. */
  readonly variation: number;
  readonly entropy: number;
  /** (E + 1) tokens that 0 to E experts hold. */
  readonly expertsPerToken: readonly number[];
  /** (E, E) tokens that experts i and j hold both; on the diagonal the load. */
  readonly pairs: readonly number[];
  /** (E, E) tokens of expert i here and j in the next of `layers`; null of the last. */
  readonly flow: readonly number[] | null;
  /** Consecutive tokens with experts, those with the same top expert, and (E) tokens by top expert. */
  readonly repeats: { readonly pairs: number; readonly repeats: number; readonly tops: readonly number[] };
  /** Share of a token's routes on its top expert, over all tokens. */
  readonly specialisation: { readonly read: number; readonly target: number; readonly predicted: number };
  /** (bins) distinct experts that hold any position to be predicted of a window, on average over the windows of a bin. */
  readonly unique: Estimates;
}

/** Classes of tokens: kinds of character or of word. K names; "hidden" stands for all masked tokens. */
export interface AtlasClasses {
  readonly names: readonly string[];
  /** (K, 2) tokens, revealed and masked. */
  readonly tokens: readonly number[];
  /** (L, K, 2, E). */
  readonly counts: readonly number[];
  /** (L, K + 1, E): the share of the revealed tokens of a class, and last of the masked ones, among what an expert holds over their share of all tokens. */
  readonly lift: Estimates;
}

/** The most frequent tokens in one role. */
export interface AtlasTokens {
  readonly role: 'read' | 'target' | 'predicted';
  /** Tokens counted in this role, all of the vocabulary, and (L, E) those that each expert holds. */
  readonly tokens: number;
  readonly held: readonly number[];
  readonly ids: readonly number[];
  /** (ids) how often each occurs, and (L, E, ids) how many of those each expert holds. */
  readonly occurrences: readonly number[];
  readonly counts: readonly number[];
}

/** A division of the text, e.g. by party. */
export interface AtlasDomain {
  readonly name: string;
  /** D values in their order in the text. */
  readonly values: readonly string[];
  /** (D). */
  readonly windows: readonly number[];
  readonly tokens: readonly number[];
  /** (L, D, E), and the same as shares of the routes of a value. */
  readonly counts: readonly number[];
  readonly share: Estimates;
}

export interface Atlas {
  readonly format: 'sdlm-atlas';
  readonly version: 1;
  /** ISO 8601. */
  readonly created: string;
  readonly model: {
    /** Fingerprint of the weights: an atlas is of one model. */
    readonly weights: string;
    readonly experiment: Experiment;
    /** Text of each token id; the last is the mask. */
    readonly vocabulary: readonly string[];
  };
  /** What was read, in words, and what the masks were drawn from. */
  readonly text: string;
  readonly seed: number;
  /** Positions counted. */
  readonly tokens: number;
  readonly layers: readonly number[];
  readonly experts: number;
  /** By window: positions masked, of how many, and its text where an expert names it. */
  readonly windows: {
    readonly masks: readonly number[];
    readonly of: readonly number[];
    readonly texts: readonly (string | null)[];
  };
  readonly measures: readonly AtlasMeasure[];
  readonly byLayer: readonly AtlasLayer[];
  /** (L, 10, 2, E) by the mask ratio of the window, revealed and masked tokens apart; null of a model that reads no masks. */
  readonly cube: {
    readonly windows: readonly number[];
    /** (10, 2). */
    readonly tokens: readonly number[];
    readonly counts: readonly number[];
  } | null;
  readonly characters: AtlasClasses;
  readonly words: AtlasClasses;
  readonly tokenRoles: readonly AtlasTokens[];
  readonly domains: readonly AtlasDomain[];
  /** (L, E, 3) the windows that an expert takes most of, and how many of their tokens; -1 where there are fewer. */
  readonly topWindows: { readonly window: readonly number[]; readonly tokens: readonly number[] };
  /** What is not in it and why, in sentences. */
  readonly notes: readonly string[];
}

/** Bounds that keep a file and its views small. */
export const atlasLimits = {
  windows: 4096,
  tokensPerRole: 256,
  domainValues: 64,
  topWindows: 3,
  bytes: 64 * 2 ** 20,
} as const;
