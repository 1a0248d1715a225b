/** Tables as text: CSV (RFC 4180). Pure functions. */

export type CsvCell = string | number | null;

/**
 * Rows as CSV with a head; null and what is not a number are empty cells. Lines end in CR LF, in files of the command line in LF. A text that a spreadsheet
 * would run as a formula has an apostrophe before it, as spreadsheets write it themselves.
 */
export function csvOf(
  head: readonly string[],
  rows: readonly (readonly CsvCell[])[],
  lineEnd: '\r\n' | '\n' = '\r\n',
): string {
  return [head, ...rows].map((row) => `${row.map(quoted).join(',')}${lineEnd}`).join('');
}

function quoted(cell: CsvCell): string {
  if (cell === null || Number.isNaN(cell)) return '';
  const text = typeof cell === 'string' ? inert(cell) : String(cell);
  return /[",;\t\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** What makes a spreadsheet run a text (OWASP, "CSV injection"), its full-width forms included. */
const formula = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

function inert(text: string): string {
  const isNumber = text.trim() === text && text !== '' && Number.isFinite(Number(text));
  return formula.test(text) && !isNumber ? `'${text}` : text;
}
