/**
 * The address of the page: the configuration in the query (`?preset=dense&model.layers=3`, only what differs from
 * the preset) and the view in the hash (`#/decode`). Pure functions; who listens and who writes is in `session.ts`.
 */
import { ConfigError, named } from '../base/errors.ts';
import { shortList } from '../base/format.ts';
import { differences, fieldAt, fields, settingAt, withSettings } from '../config/experiment.ts';
import { defaultPresetId, presetById, presetExperiment } from '../config/presets.ts';
import type { Experiment } from '../config/schema.ts';

export const views = ['train', 'decode', 'routing', 'compare'] as const;
export type View = (typeof views)[number];

const groups = new Set(fields.map((field) => field.group));

export interface Address {
  presetId: string;
  /** Whether the address names a preset that exists (rather than leaving the choice to the page). */
  namesPreset: boolean;
  experiment: Experiment;
  /**
   * One sentence per part of the address that could not be used, naming the field and what is used instead; of many the
   * first ones, and how many more.
   */
  problems: string[];
}

/** Reads the query of an address. Nothing is dropped silently: what cannot be used is in `problems`. */
export function readQuery(query: string): Address {
  const parameters = new URLSearchParams(query);
  const problems: string[] = [];
  let presetId = defaultPresetId;
  let namesPreset = false;
  const asked = parameters.get('preset');
  if (asked !== null) {
    try {
      presetId = presetById(asked).id;
      namesPreset = true;
    } catch (error) {
      problems.push(`${refusalOf(error).message}. "${presetId}" is used instead.`);
    }
  }
  const preset = presetExperiment(presetId);
  const settings: Record<string, string> = {};
  for (const [path, value] of parameters) {
    // The decoder has a table of its own: `decodeQuery.ts`.
    if (path === 'preset' || path === 'decoder' || path.startsWith('decode.')) continue;
    const fault = unknownSetting(path);
    if (fault === null) settings[path] = value;
    else problems.push(`${fault}. It is left out.`);
  }
  // All at once first: settings may contradict the preset one by one and yet agree with each other. At most one round
  // per setting of the schema, however long the address is.
  for (;;) {
    try {
      const experiment = withSettings(preset, settings);
      return { presetId, namesPreset, experiment, problems: shortList(problems, 'parts of the address') };
    } catch (error) {
      const refusal = refusalOf(error);
      const path = faultyPath(refusal, Object.keys(settings));
      delete settings[path];
      problems.push(`${refusal.message}. The preset's value, ${settingAt(preset, path)}, is used instead.`);
    }
  }
}

/** The query of a configuration: the preset and what differs from it; starts with `?`. */
export function writeQuery(presetId: string, experiment: Experiment): string {
  const parameters = new URLSearchParams({ preset: presetId });
  for (const [path, value] of Object.entries(differences(experiment, presetExperiment(presetId)))) {
    parameters.set(path, String(value));
  }
  return `?${parameters}`;
}

/** The view that a hash such as `#/decode` names; null if it names none that exists. */
export function readView(hash: string): View | null {
  return views.find((view) => hash === `#/${view}`) ?? null;
}

/**
 * Which of the `candidates` to blame for what `withSettings` refused. A rule over several fields may name one that was
 * not touched; then the last candidate is to blame.
 */
export function faultyPath({ path }: ConfigError, candidates: readonly string[]): string {
  return candidates.find((candidate) => candidate === path) ?? candidates[candidates.length - 1];
}

/** A `ConfigError`; anything else is a fault of ours and is thrown on. */
export function refusalOf(error: unknown): ConfigError {
  if (error instanceof ConfigError) return error;
  throw error;
}

/** Why no setting has this path, in words; null where one has. */
function unknownSetting(path: string): string | null {
  const [group] = path.split('.');
  if (!groups.has(group)) {
    return `${named(path)}: expected one of ${[...groups].join(', ')}, got an unknown setting`;
  }
  try {
    fieldAt(path);
    return null;
  } catch (error) {
    return refusalOf(error).message;
  }
}
