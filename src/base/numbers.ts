/**
 * The extremes of many numbers. `Math.max(...values)` puts every value on the stack, which ends in a RangeError from
 * about a hundred thousand on.
 */

/** The greatest of the values; -Infinity for none, NaN where one is NaN. */
export function greatest(values: Iterable<number>): number {
  let found = Number.NEGATIVE_INFINITY;
  for (const value of values) found = Math.max(found, value);
  return found;
}

/** The least of the values; Infinity for none, NaN where one is NaN. */
export function least(values: Iterable<number>): number {
  let found = Number.POSITIVE_INFINITY;
  for (const value of values) found = Math.min(found, value);
  return found;
}
