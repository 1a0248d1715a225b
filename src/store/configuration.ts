/**
 * The configuration being edited: preset, valid experiment, and entries that are not valid (yet) with their
 * sentences. Knows no engine; starting a run with it is in `session.ts`.
 */
import { create } from 'zustand';
import { differences, withSettings } from '../config/experiment.ts';
import type { ModelRef } from '../config/modelRef.ts';
import { presetById, presetExperiment } from '../config/presets.ts';
import type { Experiment } from '../config/schema.ts';
import type { Setting } from '../config/settings.ts';
import type { OwnText } from './ownText.ts';
import { type InvalidEntry, settle } from './settle.ts';
import type { Address } from './url.ts';

export interface Configuration {
  presetId: string;
  /** The last valid configuration. */
  experiment: Experiment;
  /** Entries that do not fit, by path; they are tried again with every later edit. */
  invalid: Readonly<Record<string, InvalidEntry>>;
  ownText: OwnText | null;
  /** Whose weights to start from; null for fresh ones. */
  from: ModelRef | null;
  /** Whether a person (or the address) chose, so that the page must not choose a preset for the machine. */
  chosenByPerson: boolean;
}

export const useConfiguration = create<Configuration>(() => ({
  presetId: 'expert-choice',
  experiment: presetExperiment('expert-choice'),
  invalid: {},
  ownText: null,
  from: null,
  chosenByPerson: false,
}));

/** Starts from an address (already read). */
export function adoptAddress(address: Address): void {
  const { presetId, experiment } = address;
  const changed = Object.keys(differences(experiment, presetExperiment(presetId))).length > 0;
  useConfiguration.setState({
    presetId,
    experiment,
    invalid: {},
    chosenByPerson: address.namesPreset || changed || address.problems.length > 0,
  });
}

/** Takes a preset as it is. Throws `ConfigError` for an unknown id. */
export function choosePreset(presetId: string, byPerson = true): void {
  useConfiguration.setState({
    presetId,
    experiment: presetExperiment(presetId),
    invalid: {},
    chosenByPerson: byPerson,
  });
}

/** Changes one setting; an entry that does not fit is kept beside it with its sentence. */
export function edit(path: string, entry: Setting): void {
  const { experiment, invalid } = useConfiguration.getState();
  const entries: Record<string, Setting> = {};
  for (const [other, { entry: kept }] of Object.entries(invalid)) if (other !== path) entries[other] = kept;
  entries[path] = entry;
  const { value, invalid: refused } = settle((fitting) => withSettings(experiment, fitting), entries);
  useConfiguration.setState({ experiment: value, invalid: refused, chosenByPerson: true });
}

/** Takes over a whole configuration, e.g. that of the run in progress. */
export function adoptExperiment(experiment: Experiment): void {
  useConfiguration.setState({ experiment, invalid: {} });
}

/** What a run of the edited configuration is filed under: the preset, and what differs from it. */
export function runName(): string {
  const { presetId, experiment } = useConfiguration.getState();
  const changes = Object.entries(differences(experiment, presetExperiment(presetId)));
  const words = changes.map(([path, value]) => `${path.split('.').at(-1)} ${value}`);
  const more = words.length > 3 ? [...words.slice(0, 3), `${words.length - 3} more`] : words;
  return [presetById(presetId).title, ...more].join(', ');
}

/** Keeps the person's own text (or forgets it). */
export function setOwnText(ownText: OwnText | null): void {
  useConfiguration.setState({ ownText, chosenByPerson: true });
}
