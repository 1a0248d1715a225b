/**
 * How a prompt is written: as text, in which `_` is a hole to fill. `\_` is an underscore; backslashes mean anything
 * only right before `_`, where two are one (`\\_` is a backslash and a hole). Not here: its tokens (`tokenizers.ts`).
 */
import { maskText } from './utf8.ts';

/** A character of a prompt, or a hole (null). */
interface PromptUnit {
  readonly character: string | null;
  /** Where it is written, counted in characters from 1. */
  readonly place: number;
}

/** What stands between two holes, before the first and after the last. */
export type PromptPiece = readonly PromptUnit[];

/** A prompt cut at its holes: one piece more than there are holes. */
export function piecesOf(prompt: string): PromptPiece[] {
  const pieces: PromptUnit[][] = [[]];
  for (const unit of unitsOf(prompt)) {
    if (unit.character === null) pieces.push([]);
    else pieces[pieces.length - 1].push(unit);
  }
  return pieces;
}

/** A prompt without holes, as it is. */
export function pieceOf(prompt: string): PromptPiece {
  return Array.from(prompt, (character, at) => ({ character, place: at + 1 }));
}

export function textOfPiece(piece: PromptPiece): string {
  return piece.map(({ character }) => character).join('');
}

function* unitsOf(prompt: string): Generator<PromptUnit> {
  const characters = Array.from(prompt);
  for (let at = 0; at < characters.length; at++) {
    const start = at;
    while (characters[at] === '\\') at += 1;
    const backslashes = at - start;
    const isMark = characters[at] === maskText;
    for (let i = 0; i < (isMark ? Math.floor(backslashes / 2) : backslashes); i++) {
      yield { character: '\\', place: start + 1 + (isMark ? 2 * i : i) };
    }
    if (at === characters.length) return;
    const isHole = isMark && backslashes % 2 === 0;
    yield { character: isHole ? null : characters[at], place: at + 1 };
  }
}

/** What follows a word without a space. */
const closing = /^ +(?=[.,;:!?…)\]}”’\s]|$)/;

/**
 * The text of a piece beside holes that stand for subwords. A subword brings the space before it along, so a hole
 * swallows the spaces before it; those after it belong to the next word, as one space, or to nothing before a full stop.
 */
export function besideHoles(text: string, { isAfter, isBefore }: { isAfter: boolean; isBefore: boolean }): string {
  const begun = isAfter ? text.replace(closing, '').replace(/^ +/, ' ') : text;
  return isBefore ? withoutSpacesAtEnd(begun) : begun;
}

/** Not by a pattern, which takes a time quadratic in the longest run of spaces. */
function withoutSpacesAtEnd(text: string): string {
  let end = text.length;
  while (text[end - 1] === ' ') end -= 1;
  return text.slice(0, end);
}
