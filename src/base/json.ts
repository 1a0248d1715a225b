/**
 * JSON that may come from anywhere, read strictly: nested only so deep that no function over it runs out of stack, and
 * each key once, as the language would keep the last of several without a word. Not here: what the values mean.
 */
import { DataError, shown } from './errors.ts';

/** No file of this program, nor a `tokenizer.json`, is nested deeper than ten. */
const deepest = 64;

/**
 * The value of a JSON text. Throws `DataError` with one sentence beginning with `where`.
 * @param wanted what was expected, in words
 */
export function parseJson(text: string, where: string, wanted = 'JSON'): unknown {
  const fault = faultOfStructure(text);
  if (fault !== null) throw new DataError(`${where}: expected ${wanted}${fault}`);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataError(`${where}: expected ${wanted}, got ${(error as Error).message}`);
  }
}

/** Keys so far of the object that is open, and whether a string would be the next one; a list has none. */
type Level = { readonly keys: Set<string>; isKeyNext: boolean } | null;

/** What of a text is too deep or doubled, in words; null where nothing is, or where it is no JSON anyhow. */
function faultOfStructure(text: string): string | null {
  const levels: Level[] = [];
  for (let at = 0; at < text.length; at++) {
    const level = levels.at(-1);
    switch (text[at]) {
      case '{':
      case '[':
        if (levels.length === deepest) return ` nested at most ${deepest} deep, got more at character ${at + 1}`;
        levels.push(text[at] === '{' ? { keys: new Set(), isKeyNext: true } : null);
        break;
      case '}':
      case ']':
        levels.pop();
        break;
      case ',':
        if (level) level.isKeyNext = true;
        break;
      case '"': {
        const end = endOfString(text, at);
        if (level?.isKeyNext) {
          const key = keyIn(text.slice(at, end));
          if (level.keys.has(key)) return ` with each key once, got ${shown(key)} again at character ${at + 1}`;
          level.keys.add(key);
          level.isKeyNext = false;
        }
        at = end - 1;
      }
    }
  }
  return null;
}

/** The place after the quote that closes the string which begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return Math.min(at + 1, text.length);
}

/** What a string in quotes says; one that is no JSON stands for itself, as its whole text is refused afterwards. */
function keyIn(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
