/** Reading a command's arguments: every mistake is one sentence that names the argument (exit code 2). */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ConfigError } from '../base/errors.ts';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Values of a command's options. Throws `ConfigError` for an unknown option, a stray word, and a value that is missing or
 * empty; only a prompt may be empty.
 */
export function readOptions<O extends Options>(args: readonly string[], options: O) {
  const values = parsed(args, options);
  // What a shell makes of a variable that is not set: as a path it would mean the directory at hand.
  const empty = Object.entries(values).find(([name, value]) => value === '' && name !== 'prompt');
  if (empty) throw new ConfigError(`--${empty[0]}: expected a value, got none`);
  return values;
}

function parsed<O extends Options>(args: readonly string[], options: O) {
  try {
    return parseArgs({ args: joinNegatives(args), options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const quoted = /'([^' ]+)/.exec(message)?.[1] ?? 'arguments';
    const known = Object.keys(options).map((name) => `--${name}`);
    switch (code) {
      case 'ERR_PARSE_ARGS_UNKNOWN_OPTION':
        throw new ConfigError(`${quoted}: expected one of ${known.join(', ')}, got an unknown option`);
      case 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL':
        throw new ConfigError(`arguments: expected only options (${known.join(', ')}), got "${quoted}"`);
      case 'ERR_PARSE_ARGS_INVALID_OPTION_VALUE': {
        const takesNone = message.includes('does not take');
        throw new ConfigError(`${quoted}: expected ${takesNone ? 'no value, got one' : 'a value, got none'}`);
      }
      default:
        throw error;
    }
  }
}

/** `--seed -1` as `--seed=-1`: a negative number is a value, to be refused by its range and not as an option. */
function joinNegatives(args: readonly string[]): string[] {
  const joined: string[] = [];
  for (const arg of args) {
    const last = joined.at(-1);
    if (/^-[\d.]/.test(arg) && last?.startsWith('--') && !last.includes('='))
      joined[joined.length - 1] = `${last}=${arg}`;
    else joined.push(arg);
  }
  return joined;
}

/** A required option. Throws `ConfigError` when it is absent. */
export function required(name: string, value: string | undefined): string {
  if (value === undefined) throw new ConfigError(`--${name}: expected a value, got none`);
  return value;
}

/** A whole number within a range. Throws `ConfigError` naming the option. */
export function wholeNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value < min || value > max) {
    throw new ConfigError(`--${name}: expected a whole number from ${min} to ${max}, got "${text}"`);
  }
  return value;
}

/** A number within a range. Throws `ConfigError` naming the option. */
export function realNumber(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < min || value > max) {
    throw new ConfigError(`--${name}: expected a number from ${min} to ${max}, got "${text}"`);
  }
  return value;
}

/** One of a few words. Throws `ConfigError` listing them. */
export function oneOf<T extends string>(name: string, text: string, words: readonly T[]): T {
  const found = words.find((word) => word === text);
  if (!found) throw new ConfigError(`--${name}: expected one of ${words.join(', ')}, got "${text}"`);
  return found;
}

/** `path=value` settings. Throws `ConfigError` for one without "=". */
export function readSettings(list: readonly string[] = []): Record<string, string> {
  return Object.fromEntries(
    list.map((setting) => {
      const at = setting.indexOf('=');
      if (at < 1) throw new ConfigError(`--set: expected path=value, got "${setting}"`);
      return [setting.slice(0, at), setting.slice(at + 1)];
    }),
  );
}
