/** The routing cube (SCIENCE 6): layer x expert x 10 bins of the mask ratio, masked and revealed tokens apart. */

export const cubeBins = 10;

/** The bin of a sequence with `masks` of `of` positions masked: bin b holds the ratios above b / 10 up to (b + 1) / 10, the first one 0 too. */
export function binOf(masks: number, of: number): number {
  return Math.max(0, Math.ceil((cubeBins * masks) / of) - 1);
}
