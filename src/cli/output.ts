/** Where words go: results on standard output, progress on standard error. */

import process from 'node:process';
import { greatest } from '../base/numbers.ts';
import { isOutputLost } from './endings.ts';

export function print(text: string): void {
  // Said once, at the end; a run goes on to its last steps in flight.
  if (!isOutputLost()) process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value));
}

/** A line of progress; on a terminal it replaces the last one. */
export function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[2K${text}`);
  else process.stderr.write(`${text}\n`);
}

let lastKind = '';

/** Progress that comes in dozens: every one on a terminal, the first of each kind (its first word) in a log. */
export function activity(text: string): void {
  const [kind] = text.split(' ');
  if (process.stderr.isTTY || kind !== lastKind) progress(text);
  lastKind = kind;
}

/** Ends the line that `progress` left open on a terminal. */
export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[2K');
}

/** Rows of text in columns, numbers to the right. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => greatest(rows.map((row) => row[column].length)));
  const isNumber = (text: string) => /^[-+0-9.,%]+$/.test(text);
  return rows
    .map((row) =>
      row
        .map((cell, column) => (isNumber(cell) ? cell.padStart(widths[column]) : cell.padEnd(widths[column])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Columns to write help in: those of the terminal, up to a length that is still easy to read. */
export function helpWidth(): number {
  return Math.min(110, process.stdout.columns ?? 110);
}

/** What stays in one piece: an option in brackets with its value, an example in braces, or a word. */
const pieces = /\[[^\]]*\](?:\.\.\.)?|\{[^}]*\}|\S+/g;

/**
 * Help whose every line is a paragraph, folded to `width`: a paragraph goes on at its own indentation, a line of usage
 * (without one) at six, below its command. What is longer than a line stays whole.
 */
export function folded(text: string, width: number): string {
  return text
    .split('\n')
    .flatMap((paragraph) => {
      const indent = /^ */.exec(paragraph)![0];
      const lines = [''];
      for (const piece of paragraph.match(pieces) ?? []) {
        const line = lines.at(-1)!;
        if (line === '') lines[lines.length - 1] = indent + piece;
        else if (line.length + 1 + piece.length <= width) lines[lines.length - 1] = `${line} ${piece}`;
        else lines.push((indent || ' '.repeat(6)) + piece);
      }
      return lines;
    })
    .join('\n');
}
