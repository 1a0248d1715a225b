/** Numbers and times in a person's words. */

/** Three significant digits with a suffix: 1234567 -> "1.23 M". */
export function compact(value: number): string {
  if (!Number.isFinite(value)) return '–';
  const size = Math.abs(value);
  if (size >= 1e18) return `${three(value / 1e18)} E`;
  if (size >= 1e15) return `${three(value / 1e15)} P`;
  if (size >= 1e12) return `${three(value / 1e12)} T`;
  if (size >= 1e9) return `${three(value / 1e9)} G`;
  if (size >= 1e6) return `${three(value / 1e6)} M`;
  if (size >= 1e4) return `${three(value / 1e3)} k`;
  return size >= 100 || Number.isInteger(value) ? Math.round(value).toLocaleString('en') : three(value);
}

/** 1234567 -> "1,234,567". */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** Three significant digits. */
export function three(value: number): string {
  if (!Number.isFinite(value)) return '–';
  return String(Number(value.toPrecision(3)));
}

/** A loss with its standard error, where that is known: "3.142 ± 0.050"; "–" where there is none. */
export function measuredWords(value: number, error: number): string {
  if (!Number.isFinite(value)) return '–';
  return Number.isFinite(error) ? `${value.toFixed(3)} ± ${error.toFixed(3)}` : value.toFixed(3);
}

/** A share of one as percents: 0.0312 -> "3.12 %", which does not break. */
export function percent(share: number): string {
  return `${three(100 * share)}\u00a0%`;
}

/** Seconds as "45 s", "3 min", "2 h 5 min". */
export function duration(seconds: number): string {
  if (seconds < 1) return 'less than 1 s';
  if (seconds < 90) return `${Math.round(seconds)} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  return `${Math.floor(minutes / 60)} h${rest ? ` ${rest} min` : ''}`;
}

/** Bytes in decimal units. */
export function bytes(count: number): string {
  return `${compact(count).replace(/ ?([kMGTPE])?$/, ' $1')}B`.replace('  ', ' ');
}

/** Milliseconds since 1970, or an ISO date, as "2 Jan 2025, 03:04". */
export function dateOf(time: number | string): string {
  return new Date(time).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}

const marks: Readonly<Record<string, string>> = { '\n': '↵', '\t': '⇥', '\r': '␍' };
const names: Readonly<Record<string, string>> = { ' ': 'space', '\n': 'line break', '\t': 'tab' };

/** A token as its cell shows it: line breaks and tabs get signs of their own, a space is a gap. */
export function visible(token: string): string {
  return token.replace(/[\n\t\r]/g, (character) => marks[character]);
}

/** A token as words, for readouts and screen readers. */
export function spoken(token: string): string {
  const isBlank = token !== '' && [...token].every((character) => names[character] !== undefined);
  return isBlank ? [...token].map((character) => names[character]).join(', ') : `“${visible(token)}”`;
}

/** Ends in a full stop, so that another sentence can follow. */
export function sentence(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`;
}

const mostSentences = 8;

/** The first sentences of a list that may have no end, and one that says how many more there are. */
export function shortList(sentences: readonly string[], of: string): string[] {
  if (sentences.length <= mostSentences) return [...sentences];
  const kept = sentences.slice(0, mostSentences - 1);
  return [...kept, `${whole(sentences.length - kept.length)} more ${of} cannot be used.`];
}
