/**
 * Times of the reverse process and how likely a token is masked again: ReMDM 2503.00307. The share of written text is
 * alpha_t = 1 - t; a step goes from t to s < t.
 */
import type { DecodeView } from './view.ts';

/** Written shares before and after a step, and the largest probability of masking again that keeps the marginals. */
interface Times {
  readonly alphaT: number;
  readonly alphaS: number;
  readonly largestSigma: number;
  /** Time before the step. */
  readonly t: number;
}

function timesOf(view: DecodeView): Times {
  const t = 1 - view.step / view.steps;
  const s = 1 - (view.step + 1) / view.steps;
  const [alphaT, alphaS] = [alphaAt(view, t), alphaAt(view, s)];
  return { t, alphaT, alphaS, largestSigma: alphaT > 0 ? Math.min(1, (1 - alphaS) / alphaT) : 1 };
}

/** 1 - t; in the loop schedule it rises to the level of the loop, stays there, and rises to 1 (ReMDM-loop, section 4.3). */
function alphaAt({ settings }: DecodeView, t: number): number {
  const { revision, remaskSchedule, loopStart, loopEnd, loopLevel } = settings;
  if (revision !== 'remask' || remaskSchedule !== 'loop' || t >= 1 || t <= 0) return 1 - Math.min(1, Math.max(0, t));
  if (t > loopStart) return ((1 - t) * loopLevel) / (1 - loopStart);
  return t > loopEnd ? loopLevel : 1 - (t * (1 - loopLevel)) / loopEnd;
}

/** sigma of a step for tokens that are all alike: 0 outside the loop, and by confidence, where it is per token. */
function sigmaOf(view: DecodeView, { t, largestSigma }: Times): number {
  const { revision, remaskSchedule, eta, loopStart, loopEnd } = view.settings;
  if (revision !== 'remask') return 0;
  switch (remaskSchedule) {
    case 'cap':
      return Math.min(eta, largestSigma);
    case 'rescale':
      return eta * largestSigma;
    case 'loop':
      return t <= loopStart && t > loopEnd ? Math.min(eta, largestSigma) : 0;
    case 'confidence':
      return 0;
    default:
      return remaskSchedule satisfies never;
  }
}

/**
 * Probability that a masked position is revealed: (alpha_s - (1 - sigma) alpha_t) / (1 - alpha_t). Without masking again
 * that is MDLM's (alpha_s - alpha_t) / (1 - alpha_t).
 */
export function revealProbability(view: DecodeView): number {
  const times = timesOf(view);
  const { alphaT, alphaS } = times;
  if (alphaT >= 1) return 1;
  return Math.min(1, (alphaS - (1 - sigmaOf(view, times)) * alphaT) / (1 - alphaT));
}

/**
 * Probability that each of `view.revealed` is masked again. By confidence it is eta sigma_max times the softmax of minus
 * the probability that each had when it was committed, over what is written; a masked position has no share of it.
 */
export function remaskProbabilities(view: DecodeView): number[] {
  const times = timesOf(view);
  const { remaskSchedule, eta } = view.settings;
  if (remaskSchedule !== 'confidence') return view.revealed.map(() => sigmaOf(view, times));
  const weights = view.revealed.map((position) => Math.exp(-view.confidence[position]));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => (eta * times.largestSigma * weight) / total);
}
