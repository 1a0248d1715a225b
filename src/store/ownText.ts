/**
 * A person's own text: checked before it is read, and refused with one sentence. Not here: tokenizing and the split,
 * which the engine does (and may refuse a text too short for the window).
 */

import { maximumTextBytes } from '../config/limits.ts';

export interface OwnText {
  name: string;
  text: string;
}

export type OwnTextOutcome = { ok: true; ownText: OwnText } | { ok: false; sentence: string };

/** Reads a file as UTF-8 text. The size is checked before a byte is read. */
export async function readTextFile(file: Blob & { name: string }): Promise<OwnTextOutcome> {
  if (file.size > maximumTextBytes) {
    return refuse(`${file.name}: expected at most ${megabytes(maximumTextBytes)}, got ${megabytes(file.size)}`);
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch {
    return refuse(`${file.name}: expected a readable file, got one that could not be read`);
  }
  if (bytes.includes(0)) return refuse(`${file.name}: expected plain text, got a binary file (it holds zero bytes)`);
  try {
    return checkText(file.name, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return refuse(`${file.name}: expected UTF-8 text, got bytes that are not valid UTF-8; save it as UTF-8`);
  }
}

/** Checks pasted text. */
export function checkText(name: string, text: string): OwnTextOutcome {
  if (text.trim() === '') return refuse(`${name}: expected some text, got nothing but white space`);
  if (text.length > maximumTextBytes) {
    return refuse(`${name}: expected at most ${megabytes(maximumTextBytes)}, got ${megabytes(text.length)}`);
  }
  return { ok: true, ownText: { name, text } };
}

function refuse(sentence: string): OwnTextOutcome {
  return { ok: false, sentence };
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB`;
}
