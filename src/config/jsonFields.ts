/** Reading the fields of parsed JSON strictly: what is not as expected ends in one sentence that begins with `where`. */
import { DataError, shown } from '../base/errors.ts';

export type Json = Readonly<Record<string, unknown>>;

export function numbersIn(value: unknown, where: string, length?: number): number[] {
  const list = listIn(value, where);
  if (length !== undefined && list.length !== length)
    throw new DataError(`${where}: expected ${length} numbers, got ${list.length}`);
  return list.map((item) => numberIn(item, where));
}

export function listIn(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new DataError(`${where}: expected a list, got ${shown(value)}`);
}

export function objectIn(value: unknown, where: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json;
  throw new DataError(`${where}: expected an object, got ${shown(value)}`);
}

export function numberIn(value: unknown, where: string): number {
  if (typeof value === 'number') return value;
  throw new DataError(`${where}: expected a number, got ${shown(value)}`);
}

export function stringIn(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw new DataError(`${where}: expected text, got ${shown(value)}`);
}

export function oneIn<T extends string>(value: unknown, words: readonly T[], where: string): T {
  const found = words.find((word) => word === value);
  if (found) return found;
  throw new DataError(`${where}: expected one of ${words.join(', ')}, got ${shown(value)}`);
}
