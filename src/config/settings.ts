/** What every table of fields shares, whatever it configures: reading one value strictly, and conditions between fields. */
import { ConfigError, shown } from '../base/errors.ts';
import type { ChoiceField, Condition, Field, FlagField, NumberField } from './schema/fields.ts';

export type Setting = string | number | boolean;

/** The type of a field's values. */
export type ValueOf<F extends Field> = F extends NumberField
  ? number
  : F extends FlagField
    ? boolean
    : F extends ChoiceField<infer T>
      ? T
      : never;

/** Whether a condition holds; `read` gives the value at a path. */
export function holds(read: (path: string) => Setting, condition: Condition): boolean {
  if ('all' in condition) return condition.all.every((one) => holds(read, one));
  if ('any' in condition) return condition.any.some((one) => holds(read, one));
  const value = read(condition.path);
  return 'in' in condition ? condition.in.includes(value) : Number(value) > condition.above;
}

/** A value of a field, given as text or typed. Throws `ConfigError` naming the path where it is none. */
export function parseSetting(path: string, field: Field, value: unknown): Setting {
  const got = shown(value);
  switch (field.kind) {
    case 'number': {
      const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      const range = `${field.integer ? 'a whole number' : 'a number'} from ${field.min} to ${field.max}`;
      const valid =
        typeof number === 'number' &&
        Number.isFinite(number) &&
        number >= field.min &&
        number <= field.max &&
        (!field.integer || Number.isInteger(number));
      if (!valid) throw new ConfigError(`expected ${range}, got ${got}`, { path });
      return number;
    }
    case 'flag': {
      if (value === true || value === 'true') return true;
      if (value === false || value === 'false') return false;
      throw new ConfigError(`expected true or false, got ${got}`, { path });
    }
    case 'choice': {
      const options = field.options.map((option) => option.value);
      if (typeof value === 'string' && options.includes(value)) return value;
      throw new ConfigError(`expected one of ${options.join(', ')}, got ${got}`, { path });
    }
    default:
      return field satisfies never;
  }
}
