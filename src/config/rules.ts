/**
 * What must hold between fields of a configuration, one rule each. A rule names the field to
 * change. Ranges of single fields are in the schema.
 */

import { ConfigError } from '../base/errors.ts';
import { hasCapacitySchedule, leastMinChoices } from './capacity.ts';
import { corpusKind } from './corpusKinds.ts';
import { leaksFuture } from './objectives.ts';
import type { Experiment } from './schema.ts';

/** The setting to change, and what it was expected to be where the rule is broken. */
interface Rule {
  readonly path: string;
  readonly broken: (experiment: Experiment) => string | false;
}

const leaks = (experiment: Experiment) => leaksFuture(experiment) && !experiment.model.futureLeak;

const rules: readonly Rule[] = [
  {
    path: 'model.heads',
    broken: ({ model }) =>
      model.width % model.heads !== 0 && `expected a divisor of model.width (${model.width}), got ${model.heads}`,
  },
  {
    path: 'model.heads',
    broken: ({ model }) =>
      (model.width / model.heads) % 2 !== 0 &&
      `expected an even width per head (rotary embedding turns pairs), got ${model.width}/${model.heads} = ${model.width / model.heads}`,
  },
  {
    path: 'model.heads',
    broken: ({ model }) =>
      model.width / model.heads > 256 &&
      `expected at most 256 channels per head, got ${model.width}/${model.heads} = ${model.width / model.heads}`,
  },
  {
    path: 'model.choices',
    broken: ({ model }) =>
      model.feedForward !== 'dense' &&
      model.choices > model.experts &&
      `expected at most model.experts (${model.experts}), got ${model.choices}`,
  },
  {
    path: 'model.denseLayers',
    broken: ({ model }) =>
      model.feedForward !== 'dense' &&
      model.denseLayers >= model.layers &&
      `expected fewer than model.layers (${model.layers}), as model.feedForward asks for experts, got ${model.denseLayers}`,
  },
  {
    path: 'model.capacitySchedule',
    broken: ({ model }) =>
      hasCapacitySchedule(model) &&
      model.expertGroup === 'batch' &&
      `expected "constant" when model.expertGroup is batch (a schedule follows the masks of one sequence), got "${model.capacitySchedule}"`,
  },
  {
    path: 'model.capacitySchedule',
    broken: ({ model, data }) =>
      hasCapacitySchedule(model) &&
      leastMinChoices(model, data.sequenceLength) >= model.choices &&
      `expected "constant" when every expert takes all tokens already (model.choices ${model.choices} of ${model.experts}, model.capacityFactor ${model.capacityFactor}), got "${model.capacitySchedule}"`,
  },
  {
    path: 'model.minChoices',
    broken: ({ model }) =>
      hasCapacitySchedule(model) &&
      model.minChoices >= model.choices &&
      `expected less than model.choices (${model.choices}), the average of the schedule, got ${model.minChoices}`,
  },
  {
    path: 'model.minChoices',
    broken: ({ model, data }) =>
      hasCapacitySchedule(model) &&
      model.minChoices < leastMinChoices(model, data.sequenceLength) &&
      `expected at least ${leastMinChoices(model, data.sequenceLength)}, or the peak of model.capacitySchedule asks for more tokens than a sequence has, got ${model.minChoices}`,
  },
  {
    path: 'model.gate',
    broken: ({ model }) =>
      model.feedForward === 'token-choice' &&
      model.gate === 'renormalised' &&
      model.choices === 1 &&
      model.experts > 1 &&
      'expected "scores" when model.choices is 1 (a renormalised single gate is always 1, so the router gets no gradient), got "renormalised"',
  },
  {
    path: 'model.feedForward',
    broken: (experiment) =>
      leaks(experiment) &&
      experiment.model.feedForward === 'expert-choice' &&
      `expected "dense" or "token-choice" with objective.kind "${experiment.objective.kind}" (experts that choose tokens compare all positions, so they read the future), got "expert-choice"`,
  },
  {
    path: 'model.capacity',
    broken: (experiment) =>
      leaks(experiment) &&
      experiment.model.feedForward === 'token-choice' &&
      experiment.objective.kind === 'block-diffusion' &&
      'expected "dropless" with objective.kind "block-diffusion" (what an expert drops of a clean block depends on later blocks), got "factor"',
  },
  {
    path: 'model.dropRule',
    broken: (experiment) =>
      leaks(experiment) &&
      experiment.model.feedForward === 'token-choice' &&
      experiment.objective.kind !== 'block-diffusion' &&
      `expected "position" with objective.kind "${experiment.objective.kind}" (dropping by score compares all positions, so it reads the future), got "score"`,
  },
  {
    path: 'objective.blockSize',
    broken: ({ objective, data }) =>
      objective.kind === 'block-diffusion' &&
      data.sequenceLength % objective.blockSize !== 0 &&
      `expected a divisor of data.sequenceLength (${data.sequenceLength}), got ${objective.blockSize}`,
  },
  {
    path: 'objective.kind',
    broken: ({ objective, data }) =>
      objective.kind !== 'diffusion' &&
      corpusKind(data.corpus).isPairs &&
      `expected "diffusion" with data.corpus "${data.corpus}" (answers to prompts are learned by masking them), got "${objective.kind}"`,
  },
];

/** Throws `ConfigError` with the sentence of the first rule that is broken. */
export function checkTogether(experiment: Experiment): void {
  for (const { path, broken } of rules) {
    const fault = broken(experiment);
    if (fault) throw new ConfigError(fault, { path });
  }
}
