/** Which settings differ among runs: the columns that tell them apart. Pure functions. */
import { applies, fields, settingAt } from '../../config/experiment.ts';
import type { RunRecord } from '../../config/records.ts';
import type { Field } from '../../config/schema/fields.ts';
import type { Experiment } from '../../config/schema.ts';
import type { Setting } from '../../config/settings.ts';

export interface Difference {
  readonly path: string;
  readonly label: string;
  /** One value per run, in words; "–" where the setting does not apply to that run's configuration. */
  readonly values: readonly string[];
}

const absent = '–';

/**
 * The settings in which the runs differ, in the order of the schema. A setting that applies to none of them, or to all
 * with the same value, is left out; so is the seed, which has a column of its own.
 */
export function differencesAmong(records: readonly RunRecord[]): Difference[] {
  if (records.length < 2) return [];
  return fields
    .filter(({ path }) => path !== 'training.seed')
    .map(({ path, field }) => ({
      path,
      label: field.label,
      values: records.map(({ experiment }) => wordsAt(experiment, path, field)),
    }))
    .filter(({ values }) => values.some((value) => value !== values[0]));
}

function wordsAt(experiment: Experiment, path: string, field: Field): string {
  return applies(experiment, field) ? inWords(field, settingAt(experiment, path)) : absent;
}

function inWords(field: Field, value: Setting): string {
  switch (field.kind) {
    case 'choice':
      return field.options.find((option) => option.value === value)?.label ?? String(value);
    case 'flag':
      return value ? 'yes' : 'no';
    case 'number':
      return `${value}${field.unit ? ` ${field.unit}` : ''}`;
    default:
      return field satisfies never;
  }
}
