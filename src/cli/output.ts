/** Where words go: results on standard output, progress on standard error. */
import process from 'node:process';

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
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
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
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

/** Text with long lines broken at spaces, continued at their own indentation: help names more things over time. */
export function folded(text: string, width = 110): string {
  return text
    .split('\n')
    .flatMap((line) => {
      const indent = /^ */.exec(line)![0];
      const lines: string[] = [];
      let rest = line;
      while (rest.length > width) {
        const space = rest.lastIndexOf(' ', width);
        if (space <= indent.length) break;
        lines.push(rest.slice(0, space));
        rest = indent + rest.slice(space + 1);
      }
      return [...lines, rest];
    })
    .join('\n');
}
