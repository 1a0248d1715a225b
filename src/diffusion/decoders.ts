/**
 * Decoders: which masked positions are committed after a network call, and to what. Rules only, on plain arrays;
 * the loop that calls the network is `decode.ts`. Definitions: SCIENCE 5.
 */
import { streams, uniformAt } from '../config/random.ts';

/** What a rule sees after a network call. */
export interface DecodeView {
  /** (T) tokens, masks included. */
  readonly xt: Uint32Array;
  readonly maskId: number;
  /** (T, V) probabilities without the mask's column; rows of revealed positions are not meant. */
  readonly probabilities: Float64Array;
  readonly V: number;
  /** Index of this step and how many there are. */
  readonly step: number;
  readonly steps: number;
  /** Positions that were masked when decoding began. */
  readonly maskedAtStart: number;
  readonly temperature: number;
  readonly seed: number;
}

export interface Commit {
  readonly position: number;
  readonly token: number;
  /** Probability that the network gave the token. */
  readonly confidence: number;
}

export interface Decoder {
  readonly label: string;
  /** One sentence for the "?" beside the choice. */
  readonly about: string;
  readonly commit: (view: DecodeView) => Commit[];
}

export const decoders = {
  confidence: {
    label: 'Confidence',
    about: 'Commits an equal share of the positions per step, the most confident first (LLaDA, MaskGIT).',
    commit: commitByConfidence,
  },
  ancestral: {
    label: 'Ancestral',
    about: 'Samples the reverse process: each masked position is revealed by chance, wherever it is (MDLM).',
    commit: commitAncestrally,
  },
} as const satisfies Record<string, Decoder>;

export type DecoderName = keyof typeof decoders;

/**
 * LLaDA 2502.09992, low-confidence remasking: the quota is masked // steps, one more in the first masked % steps;
 * confidence is the probability of the candidate, without the noise it may have been drawn with.
 */
function commitByConfidence(view: DecodeView): Commit[] {
  const { maskedAtStart, steps, step } = view;
  const quota = Math.floor(maskedAtStart / steps) + (step < maskedAtStart % steps ? 1 : 0);
  const candidates = maskedPositions(view).map((position) => candidateAt(view, position));
  candidates.sort((a, b) => b.confidence - a.confidence || a.position - b.position);
  return candidates.slice(0, quota);
}

/**
 * MDLM 2406.07524, equation 7 with alpha = 1 - t: going from t to s < t, each masked position is revealed with
 * probability (alpha_s - alpha_t) / (1 - alpha_t) = (t - s) / t. Revealing and sampling use separate draws.
 */
function commitAncestrally(view: DecodeView): Commit[] {
  const { steps, step, seed } = view;
  const reveal = 1 / (steps - step);
  return maskedPositions(view)
    .filter((position) => uniformAt(seed, streams.decode, 2 * step, position) < reveal)
    .map((position) => candidateAt(view, position));
}

function maskedPositions({ xt, maskId }: DecodeView): number[] {
  const positions: number[] = [];
  xt.forEach((token, position) => {
    if (token === maskId) positions.push(position);
  });
  return positions;
}

/**
 * The most probable token at temperature 0, else one drawn from p^(1 / temperature) by inverse CDF in float64:
 * Gumbel noise in float32 lowers the effective temperature (2409.02908).
 */
function candidateAt({ probabilities, V, temperature, seed, step }: DecodeView, position: number): Commit {
  const row = probabilities.subarray(position * V, (position + 1) * V);
  let token = 0;
  if (temperature === 0) {
    for (let v = 1; v < V; v++) if (row[v] > row[token]) token = v;
  } else {
    const scaled = Float64Array.from(row, (p) => p ** (1 / temperature));
    const total = scaled.reduce((sum, p) => sum + p, 0);
    let left = uniformAt(seed, streams.decode, 2 * step + 1, position) * total;
    while (token < V - 1 && left >= scaled[token]) left -= scaled[token++];
    // Rounding may leave the search on a token of probability 0 at the end of the row.
    while (scaled[token] === 0 && token > 0) token--;
  }
  return { position, token, confidence: row[token] };
}
