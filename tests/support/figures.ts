/**
 * Numbers as the page writes them for people, read back: `1,060` is 1060. The one place where journeys parse what is on
 * show. Not a general parser of numbers: the page groups thousands by commas, and knows no other way.
 */

/** A number, grouped by thousands or not, with decimals or not. */
const written = String.raw`-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|-?\d+(?:\.\d+)?`;

/** The value of a text that is one number and nothing else. Throws for anything else, an empty text too. */
export function readNumber(text: string): number {
  const trimmed = text.trim();
  if (!new RegExp(`^(?:${written})$`).test(trimmed)) throw new Error(`readNumber: expected a number, got "${text}"`);
  return Number(trimmed.replaceAll(',', ''));
}

/** The number at the start of a text: `1,060 of 100,000` is 1060. Throws without. */
export const leadingNumber = (text: string): number => numberAfter(text, '');

/** The number that follows these words: `numberAfter('left at step 1,060 of 100,000', 'at step')` is 1060. Throws without. */
export function numberAfter(text: string, words: string): number {
  const start = text.indexOf(words);
  const found = start < 0 ? null : new RegExp(`^\\s*(${written})`).exec(text.slice(start + words.length));
  if (!found) throw new Error(`numberAfter: expected a number after "${words}", got "${text}"`);
  return readNumber(found[1]);
}
