/** Memory that twins keep between calls, so that a step on them allocates nothing either. */
import type { Floats } from '../runtime/kernel.ts';

const kept = new Map<string, Floats>();

/** An array of at least `length` elements, of the type of `like`, with anything in it: the same at every call of a name. */
export function scratchOf(name: string, like: Floats, length: number): Floats {
  const key = `${name}${like.BYTES_PER_ELEMENT}`;
  let array = kept.get(key);
  if (!array || array.length < length) {
    array = like instanceof Float64Array ? new Float64Array(length) : new Float32Array(length);
    kept.set(key, array);
  }
  return array;
}
