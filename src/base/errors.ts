/**
 * The few error classes of the project, and how their sentences write values. Every message reads
 * `where: expected X, got Y`, so that a person can act on it without a stack trace. What code decides by is a typed
 * fact beside the sentence: no code reads a sentence.
 */

/** What a sentence is about. */
interface Place {
  /** A setting such as `training.steps`, a file, or `text` for text whose name only the caller knows. */
  readonly path?: string;
}

function sentence(fault: string, path: string | undefined): string {
  return oneLine(path === undefined ? fault : `${path}: ${fault}`);
}

/** A tensor of the wrong shape or element type reached an op. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError';
}

/** A configuration value is unknown, out of range or contradicts another. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  /** The setting to change; null where the sentence is about none. */
  readonly path: string | null;

  /** @param fault `expected X, got Y` beside a `path`, which the message begins with; the whole sentence without one */
  constructor(fault: string, { path }: Place = {}) {
    super(sentence(fault, path));
    this.path = path ?? null;
  }
}

/** A configuration does not fit the weights that it is to start from. */
export class StartError extends ConfigError {}

/** A WGSL module or pipeline did not compile, or its declaration and its launch disagree. */
export class KernelError extends Error {
  override readonly name = 'KernelError';
}

/** None: no adapter, or no device of it. Lost: a device that worked is gone. Memory: it ran out, on either backend. */
export type DeviceFault = 'none' | 'lost' | 'memory';

/** There is no adapter, the device was lost, or memory ran out. */
export class DeviceError extends Error {
  override readonly name = 'DeviceError';
  readonly reason: DeviceFault;

  constructor(message: string, reason: DeviceFault) {
    super(message);
    this.reason = reason;
  }
}

/** Text, tokens or a checkpoint that cannot be used. */
export class DataError extends Error {
  override readonly name = 'DataError';
  /** The file, field or text that cannot be used; null where the sentence alone says it. */
  readonly path: string | null;
  /** The sentence without the path that it begins with. */
  readonly fault: string;

  /** @param fault `expected X, got Y` beside a `path`, which the message begins with; the whole sentence without one */
  constructor(fault: string, { path }: Place = {}) {
    super(sentence(fault, path));
    this.fault = fault;
    this.path = path ?? null;
  }
}

/** The path of faults in a text whose name is not known where it is read. */
export const unnamedText = 'text';

/** What `read` gives; where the text it reads has a fault, the sentence names `path` in place of "text". */
export function namingText<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof DataError && error.path === unnamedText) throw new DataError(error.fault, { path });
    throw error;
  }
}

/** What `read` gives; a configuration in the file at `path` that cannot be used is a fault of the file. */
export function configurationOf<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new DataError(error.message, { path });
    throw error;
  }
}

/** A run has left the finite numbers: nothing that it computes means anything any more. */
export class DivergenceError extends Error {
  override readonly name = 'DivergenceError';
}

/** The browser keeps nothing for this page, or has no room left. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

/** Longer sentences hold something that was meant for a file, not for a person. */
const longestSentence = 2000;

/** What a sentence must not hold: control characters, halves of characters, and marks that turn the line around. */
const unprintable = /[\p{Cc}\p{Cs}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** A text as one printable line: line breaks are spaces, other control characters are named, a middle is left out. */
function oneLine(text: string): string {
  const half = longestSentence / 2;
  // What is long is a name at the beginning or a value at the end: the words about it are kept.
  const short = text.length > longestSentence ? `${cut(text, half)}${text.slice(-half)}` : text;
  return short.replace(/\s*[\n\r]+\s*/g, ' ').replace(unprintable, codeOf);
}

const codeOf = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most).replace(/[\ud800-\udbff]$/, '')}...` : text;
}

const longestValue = 60;

/** A value of unknown kind as a message shows it: JSON, cut short, however large or deep it is. */
export function shown(value: unknown): string {
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(beginningOf(value, { parts: 2 * longestValue })) ?? 'nothing';
  return cut(text.replace(unprintable, codeOf), longestValue);
}

/** A name as a message shows it, without quotes: printable, and cut short. */
export function named(name: string): string {
  return cut(name, longestValue).replace(unprintable, codeOf);
}

/** As much of a value as a message could show; no part of it is visited that is cut off anyhow. */
function beginningOf(value: unknown, left: { parts: number }): unknown {
  if (typeof value === 'string') return value.slice(0, 2 * longestValue);
  if (typeof value === 'bigint' || typeof value === 'function' || typeof value === 'symbol') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  left.parts -= 1;
  if (Array.isArray(value)) return value.slice(0, Math.max(0, left.parts)).map((part) => beginningOf(part, left));
  const entries: [string, unknown][] = [];
  for (const name in value) {
    if (left.parts <= 0) break;
    if (Object.hasOwn(value, name))
      entries.push([name.slice(0, 2 * longestValue), beginningOf((value as Record<string, unknown>)[name], left)]);
  }
  return Object.fromEntries(entries);
}
