/**
 * What must hold between fields of a configuration, one rule each; a rule answers the sentence that names the field to
 * change, or nothing. Ranges of single fields are in the schema.
 */

import { ConfigError } from '../base/errors.ts';
import { hasCapacitySchedule, leastMinChoices } from './capacity.ts';
import { corpusKind } from './corpusKinds.ts';
import { leaksFuture } from './objectives.ts';
import type { Experiment } from './schema.ts';

type Rule = (experiment: Experiment) => string | false;

const rules: readonly Rule[] = [
  ({ model }) =>
    model.width % model.heads !== 0 &&
    `model.heads: expected a divisor of model.width (${model.width}), got ${model.heads}`,
  ({ model }) =>
    (model.width / model.heads) % 2 !== 0 &&
    `model.heads: expected an even width per head (rotary embedding turns pairs), got ${model.width}/${model.heads} = ${model.width / model.heads}`,
  ({ model }) =>
    model.width / model.heads > 256 &&
    `model.heads: expected at most 256 channels per head, got ${model.width}/${model.heads} = ${model.width / model.heads}`,
  ({ model }) =>
    model.feedForward !== 'dense' &&
    model.choices > model.experts &&
    `model.choices: expected at most model.experts (${model.experts}), got ${model.choices}`,
  ({ model }) =>
    model.feedForward !== 'dense' &&
    model.denseLayers >= model.layers &&
    `model.denseLayers: expected fewer than model.layers (${model.layers}), as model.feedForward asks for experts, got ${model.denseLayers}`,
  ({ model }) =>
    hasCapacitySchedule(model) &&
    model.expertGroup === 'batch' &&
    `model.capacitySchedule: expected "constant" when model.expertGroup is batch (a schedule follows the masks of one sequence), got "${model.capacitySchedule}"`,
  ({ model, data }) =>
    hasCapacitySchedule(model) &&
    leastMinChoices(model, data.sequenceLength) >= model.choices &&
    `model.capacitySchedule: expected "constant" when every expert takes all tokens already (model.choices ${model.choices} of ${model.experts}, model.capacityFactor ${model.capacityFactor}), got "${model.capacitySchedule}"`,
  ({ model }) =>
    hasCapacitySchedule(model) &&
    model.minChoices >= model.choices &&
    `model.minChoices: expected less than model.choices (${model.choices}), the average of the schedule, got ${model.minChoices}`,
  ({ model, data }) =>
    hasCapacitySchedule(model) &&
    model.minChoices < leastMinChoices(model, data.sequenceLength) &&
    `model.minChoices: expected at least ${leastMinChoices(model, data.sequenceLength)}, or the peak of model.capacitySchedule asks for more tokens than a sequence has, got ${model.minChoices}`,
  ({ model }) =>
    model.feedForward === 'token-choice' &&
    model.gate === 'renormalised' &&
    model.choices === 1 &&
    model.experts > 1 &&
    'model.gate: expected "scores" when model.choices is 1 (a renormalised single gate is always 1, so the router gets no gradient), got "renormalised"',
  (experiment) =>
    leaksFuture(experiment) &&
    !experiment.model.futureLeak &&
    (experiment.model.feedForward === 'expert-choice'
      ? `model.feedForward: expected "dense" or "token-choice" with objective.kind "${experiment.objective.kind}" (experts that choose tokens compare all positions, so they read the future), got "expert-choice"`
      : experiment.objective.kind === 'block-diffusion'
        ? 'model.capacity: expected "dropless" with objective.kind "block-diffusion" (what an expert drops of a clean block depends on later blocks), got "factor"'
        : `model.dropRule: expected "position" with objective.kind "${experiment.objective.kind}" (dropping by score compares all positions, so it reads the future), got "score"`),
  ({ objective, data }) =>
    objective.kind === 'block-diffusion' &&
    data.sequenceLength % objective.blockSize !== 0 &&
    `objective.blockSize: expected a divisor of data.sequenceLength (${data.sequenceLength}), got ${objective.blockSize}`,
  ({ objective, data }) =>
    objective.kind !== 'diffusion' &&
    corpusKind(data.corpus).isPairs &&
    `objective.kind: expected "diffusion" with data.corpus "${data.corpus}" (answers to prompts are learned by masking them), got "${objective.kind}"`,
];

/** Throws `ConfigError` with the sentence of the first rule that is broken. */
export function checkTogether(experiment: Experiment): void {
  for (const rule of rules) {
    const sentence = rule(experiment);
    if (sentence) throw new ConfigError(sentence);
  }
}
