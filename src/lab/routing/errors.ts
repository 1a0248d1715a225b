/**
 * Standard errors over windows of numbers that are ratios of sums: tokens of one window go together, so windows are the
 * independent draws. By linearisation (Cochran 1977, Sampling Techniques, section 6.4): the error of a function of sums
 * is that of the sum of its first-order terms, one per window. NaN for a single window.
 */

/** Of the sum of terms (W) which sum to 0. */
function errorOfTerms(terms: readonly number[]): number {
  const W = terms.length;
  return W > 1 ? Math.sqrt((W / (W - 1)) * terms.reduce((sum, term) => sum + term * term, 0)) : Number.NaN;
}

export interface Estimate {
  readonly value: number;
  readonly standardError: number;
}

const sum = (values: ArrayLike<number>) => Array.from(values).reduce((total, value) => total + value, 0);

/** sum a / sum b over windows; value 0 where b sums to 0. */
export function ratioOf(a: ArrayLike<number>, b: ArrayLike<number>): Estimate {
  const [A, B] = [sum(a), sum(b)];
  if (B === 0) return { value: 0, standardError: Number.NaN };
  const value = A / B;
  return { value, standardError: errorOfTerms(Array.from(a, (each, w) => (each - value * b[w]) / B)) };
}

/**
 * (sum a / sum b) / (sum c / sum d) over windows: a class's share among what an expert holds, over its share of the text.
 * Its terms are those of its logarithm, times the value; without any `a` or `b` the value is 0, without `c` NaN.
 */
export function liftOf(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  c: ArrayLike<number>,
  d: ArrayLike<number>,
): Estimate {
  const [A, B, C, D] = [sum(a), sum(b), sum(c), sum(d)];
  if (C === 0) return { value: Number.NaN, standardError: Number.NaN };
  if (A === 0 || B === 0) return { value: 0, standardError: Number.NaN };
  const value = A / B / (C / D);
  const terms = Array.from(a, (each, w) => value * (each / A - b[w] / B - c[w] / C + d[w] / D));
  return { value, standardError: errorOfTerms(terms) };
}

/** The mean over windows. */
export function meanOf(values: ArrayLike<number>): Estimate {
  return ratioOf(values, new Float64Array(values.length).fill(1));
}
