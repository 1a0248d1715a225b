/** Tells texts apart by their tokens, lest a run go on with another one by mistake. */

/** FNV-1a (Fowler, Noll and Vo) over the words of some arrays and their lengths, as eight hexadecimal digits. */
export function fingerprintOf(arrays: readonly Uint32Array[]): string {
  let hash = 0x811c9dc5;
  const take = (word: number) => {
    for (let shift = 0; shift < 32; shift += 8) hash = Math.imul(hash ^ ((word >>> shift) & 0xff), 0x01000193);
  };
  for (const array of arrays) {
    take(array.length);
    array.forEach(take);
  }
  return (hash >>> 0).toString(16).padStart(8, '0');
}
