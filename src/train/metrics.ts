/** Routing statistics of a load vector (SCIENCE 6). */

/** MaxVio = (max - mean) / mean of the tokens per expert; 0 for a perfect balance. */
export function maxViolation(load: ArrayLike<number>): number {
  const values = Array.from(load);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return mean > 0 ? (Math.max(...values) - mean) / mean : 0;
}
