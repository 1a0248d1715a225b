/**
 * Kinds of character and of word, so that one look says which expert handles vowels. Kinds are those of the clean text;
 * whether the network reads the character or a mask in its place is counted apart.
 */
import type { Routes } from './routes.ts';

/** `letters`: a token of several characters with letters among them (bytes of a character and what else there is: `other`). */
export const characterKinds = ['vowel', 'consonant', 'letters', 'digit', 'space', 'punctuation', 'other'] as const;
export type CharacterKind = (typeof characterKinds)[number];

/** `between`: what belongs to no word. */
export const wordKinds = ['function word', 'capitalised', 'number', 'other word', 'between'] as const;
export type WordKind = (typeof wordKinds)[number];

/** The kind of a token by its text. Accents do not count; y is a consonant. */
export function characterKind(text: string): CharacterKind {
  if (/^\s+$/.test(text)) return 'space';
  // A byte that spells no character alone is shown by its number.
  if (text === '' || /^<0x[0-9A-F]{2}>$/.test(text)) return 'other';
  const plain = text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const isOne = [...text.normalize('NFC')].length === 1;
  if (/\p{L}/u.test(plain)) {
    if (!isOne) return 'letters';
    return /^[aeiouæœøıαεηιουωаеёиоуыэюя]/u.test(plain) ? 'vowel' : 'consonant';
  }
  if (/^[\s\p{N}]+$/u.test(plain)) return 'digit';
  return /^[\s\p{P}\p{S}]+$/u.test(plain) ? 'punctuation' : 'other';
}

/** Articles, pronouns, prepositions, conjunctions, auxiliaries and particles of English. */
const functionWords = new Set(
  (
    'a an the this that these those i me my mine we us our ours you your yours thou thee thy thine ye he him his she her hers ' +
    'it its they them their theirs who whom whose which what of in on at by for from to into unto with without upon about ' +
    'over under between among through during before after against and or but nor so yet if then than as because while ' +
    'though although unless until when where how why is am are was were be been being have has had do does did will ' +
    'would shall should can could may might must not no all any each every some such there here'
  ).split(' '),
);

/** The kind of a word as it is written. */
export function wordKind(word: string): WordKind {
  if (/^\p{N}+$/u.test(word)) return 'number';
  if (functionWords.has(word.toLowerCase())) return 'function word';
  return /^\p{Lu}/u.test(word) ? 'capitalised' : 'other word';
}

/**
 * Index into `wordKinds` of every token of a text, from the texts of its tokens: that of the word in which the first
 * letter or digit of the token lies. Words are runs of letters, digits and apostrophes within them; a word that the window cuts off counts as what is left of it.
 */
export function wordKindsOf(texts: readonly string[]): Uint8Array {
  const whole = texts.join('');
  const kindAt = new Uint8Array(whole.length).fill(wordKinds.indexOf('between'));
  for (const { 0: word, index } of whole.matchAll(/[\p{L}\p{M}\p{N}]+(?:['’][\p{L}\p{M}\p{N}]+)*/gu)) {
    kindAt.fill(wordKinds.indexOf(wordKind(word)), index, index + word.length);
  }
  let start = 0;
  return Uint8Array.from(texts, (text) => {
    const within = Math.max(0, text.search(/[\p{L}\p{N}]/u));
    const kind = text === '' ? wordKinds.indexOf('between') : kindAt[start + within];
    start += text.length;
    return kind;
  });
}

/**
 * Adds to `counts` (classes, 2, E) the tokens that each expert holds by class, revealed and masked apart; `classOf` (N)
 * below `classes`, `masked` (N) 0 or 1.
 */
export function addClassCounts(
  counts: Uint32Array | Uint16Array,
  { chosen, experts: E }: Pick<Routes, 'chosen' | 'experts'>,
  classOf: ArrayLike<number>,
  masked: ArrayLike<number>,
): void {
  for (let n = 0; n < classOf.length; n++) {
    const to = (2 * classOf[n] + masked[n]) * E;
    for (let e = 0; e < E; e++) counts[to + e] += chosen[n * E + e];
  }
}
