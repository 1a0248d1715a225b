/**
 * Reading and writing configurations: defaults, settings by path (`model.layers`), validation with one clear
 * sentence, and the short form used in URLs (only what differs). The fields themselves are in `schema.ts`.
 */
import { ConfigError, named, shown } from '../base/errors.ts';
import { checkTogether } from './rules.ts';
import type { Field } from './schema/fields.ts';
import { type Experiment, schema } from './schema.ts';
import { holds, parseSetting, type Setting } from './settings.ts';

type Groups = Record<string, { label: string; fields: Record<string, Field> }>;
type Draft = Record<string, Record<string, Setting>>;

const groups: Groups = schema;

/** Every field with its path, in the order of the schema. */
export const fields: readonly { path: string; group: string; field: Field }[] = Object.entries(groups).flatMap(
  ([group, { fields }]) => Object.entries(fields).map(([name, field]) => ({ path: `${group}.${name}`, group, field })),
);

const fieldByPath = new Map(fields.map(({ path, field }) => [path, field]));

/** The value at a path such as `model.layers`. Throws `ConfigError` for an unknown path. */
export function settingAt(experiment: Experiment, path: string): Setting {
  fieldAt(path);
  const [group, name] = path.split('.');
  return (experiment as unknown as Draft)[group][name];
}

/** The field at a path. Throws `ConfigError` naming the path and those of its group, or the groups. */
export function fieldAt(path: string): Field {
  const field = fieldByPath.get(path);
  if (field) return field;
  const [group] = path.split('.');
  const known = Object.hasOwn(groups, group)
    ? Object.keys(groups[group].fields).map((name) => `${group}.${name}`)
    : Object.keys(groups);
  throw new ConfigError(`expected one of ${known.join(', ')}, got an unknown setting`, { path: named(path) });
}

/** The configuration in which every field has its default. */
export function defaultExperiment(): Experiment {
  const draft: Draft = {};
  for (const [group, { fields }] of Object.entries(groups)) {
    draft[group] = Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, field.default]));
  }
  return draft as unknown as Experiment;
}

/**
 * A copy with some settings replaced. Values may be text (from a URL or a command line) or already typed.
 * Throws `ConfigError` with one sentence naming the first field that is unknown, malformed, out of range or
 * in contradiction with another.
 */
export function withSettings(base: Experiment, settings: Readonly<Record<string, unknown>>): Experiment {
  const draft = structuredClone(base) as unknown as Draft;
  for (const [path, value] of Object.entries(settings)) {
    const field = fieldAt(path);
    const [group, name] = path.split('.');
    draft[group][name] = parseSetting(path, field, value);
  }
  const experiment = draft as unknown as Experiment;
  checkTogether(experiment);
  return experiment;
}

/** Validates an untyped object (a `config.json`): missing fields take their default, unknown ones are refused. */
export function parseExperiment(value: unknown): Experiment {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`expected an object with ${Object.keys(groups).join(', ')}, got ${shown(value)}`, {
      path: 'configuration',
    });
  }
  const settings: Record<string, unknown> = {};
  for (const [group, members] of Object.entries(value)) {
    if (!Object.hasOwn(groups, group))
      throw new ConfigError(`expected one of ${Object.keys(groups).join(', ')}, got an unknown group`, {
        path: named(group),
      });
    if (typeof members !== 'object' || members === null) {
      throw new ConfigError(`expected an object of settings, got ${shown(members)}`, { path: group });
    }
    for (const [name, setting] of Object.entries(members)) settings[`${group}.${name}`] = setting;
  }
  return withSettings(defaultExperiment(), settings);
}

/** The settings of `experiment` that differ from `base`, by path: what a URL carries and what the page marks. */
export function differences(experiment: Experiment, base: Experiment): Record<string, Setting> {
  const changed: Record<string, Setting> = {};
  for (const { path } of fields) {
    const value = settingAt(experiment, path);
    if (value !== settingAt(base, path)) changed[path] = value;
  }
  return changed;
}

/** Whether a field applies under this configuration (expert settings do not apply to a dense model). */
export function applies(experiment: Experiment, field: Field): boolean {
  return !field.onlyIf || holds((path) => settingAt(experiment, path), field.onlyIf);
}
