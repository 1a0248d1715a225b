/**
 * What an ideal denoiser of a Markov source would answer: the exact probability of each symbol at each position given
 * the revealed ones, by forward-backward over contexts (Rabiner 1989, section III). Oracle decoders use it in place of
 * a network (SCIENCE 5, "Oracle test"). Symbols equal token ids of the character tokenizer; the mask is id A.
 */
import { DataError } from '../base/errors.ts';
import { type MarkovSource, transition } from './markov.ts';

export interface Posterior {
  /** (T, A) p(x_i | revealed); a revealed position has all its weight on its symbol. */
  readonly probabilities: Float64Array;
  /** Natural logarithm of the probability of what is revealed. */
  readonly logEvidence: number;
}

/**
 * The exact posterior of a window `xt` (T) at an arbitrary place of the text, masks being id A. Time O(T A^(k+1)).
 * Throws `DataError` for other ids and for revealed symbols that the source cannot produce together.
 */
export function markovPosterior(source: MarkovSource, xt: ArrayLike<number>): Posterior {
  const A = source.alphabet.length;
  const S = source.contexts;
  const T = xt.length;
  for (let i = 0; i < T; i++) {
    if (!(xt[i] >= 0 && xt[i] <= A)) {
      throw new DataError(`markov posterior: expected ids from 0 to ${A}, got ${xt[i]} at position ${i}`);
    }
  }
  const allows = (i: number, symbol: number) => xt[i] === A || xt[i] === symbol;
  // The context of position i ends in its symbol. That of position 0 reaches back before the window, where nothing is
  // known: it is stationary.
  const forward = new Float64Array(T * S);
  let logEvidence = 0;
  for (let i = 0; i < T; i++) {
    const now = forward.subarray(i * S, (i + 1) * S);
    if (i === 0) {
      for (let c = 0; c < S; c++) if (allows(0, c % A)) now[c] = source.stationary[c];
    } else {
      const before = forward.subarray((i - 1) * S, i * S);
      for (let c = 0; c < S; c++) {
        if (before[c] === 0) continue;
        for (let s = 0; s < A; s++) if (allows(i, s)) now[(c * A + s) % S] += before[c] * transition(source, c, s);
      }
    }
    const total = normalise(now);
    if (total === 0) {
      throw new DataError(
        `markov posterior: expected symbols that can follow each other, got an impossible one at position ${i}`,
      );
    }
    logEvidence += Math.log(total);
  }
  const probabilities = new Float64Array(T * A);
  let backward = new Float64Array(S).fill(1);
  for (let i = T - 1; i >= 0; i--) {
    const row = probabilities.subarray(i * A, (i + 1) * A);
    for (let c = 0; c < S; c++) row[c % A] += forward[i * S + c] * backward[c];
    normalise(row);
    if (i === 0) break;
    const earlier = new Float64Array(S);
    for (let c = 0; c < S; c++) {
      for (let s = 0; s < A; s++) {
        if (allows(i, s)) earlier[c] += transition(source, c, s) * backward[(c * A + s) % S];
      }
    }
    normalise(earlier);
    backward = earlier;
  }
  return { probabilities, logEvidence };
}

/** Divides by the sum, in place, and answers the sum; leaves zeros as they are. */
function normalise(values: Float64Array): number {
  let total = 0;
  for (const value of values) total += value;
  if (total > 0) for (let i = 0; i < values.length; i++) values[i] /= total;
  return total;
}
