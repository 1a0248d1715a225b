/** The configuration: what goes through URLs and files comes back, and each wrong value is one sentence with its field. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import {
  applies,
  defaultExperiment,
  differences,
  fieldAt,
  fields,
  parseExperiment,
  settingAt,
  withSettings,
} from '../../src/config/experiment.ts';
import { measureOf } from '../../src/config/objectives.ts';
import { presets } from '../../src/config/presets.ts';
import type { Field } from '../../src/config/schema/fields.ts';
import type { Experiment } from '../../src/config/schema.ts';
import type { Setting } from '../../src/config/settings.ts';

function sentenceOf(read: () => unknown): string {
  let thrown: unknown;
  try {
    read();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(ConfigError);
  const { message, path } = thrown as ConfigError;
  expect(message.split(': ')[0]).toBe(path);
  expect(message).toMatch(/^[\w.]+: expected .*, got /);
  expect(message).not.toContain('\n');
  return message;
}

function anyValueOf(field: Field): fc.Arbitrary<Setting> {
  switch (field.kind) {
    case 'number':
      return field.integer
        ? fc.integer({ min: field.min, max: field.max })
        : fc.double({ min: field.min, max: field.max, noNaN: true });
    case 'flag':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...field.options.map(({ value }) => value));
    default:
      return field satisfies never;
  }
}

/** Any settings within range; whether they agree with each other is for `withSettings` to say. */
const settings = fc
  .subarray([...fields])
  .chain((chosen) => fc.tuple(...chosen.map(({ path, field }) => fc.tuple(fc.constant(path), anyValueOf(field)))))
  .map((pairs) => Object.fromEntries(pairs) as Record<string, Setting>);

const accepted = (values: Record<string, Setting>): Experiment | null => {
  try {
    return withSettings(defaultExperiment(), values);
  } catch (error) {
    // Contradictions are possible among random values, but nothing else is.
    expect((error as Error).message).toMatch(/^\w+\.\w+: expected /);
    expect((error as Error).message).not.toMatch(/: expected (a number|a whole number|one of|true or false)/);
    return null;
  }
};

test('settings that are accepted come back from differences, from text and from JSON', () => {
  let count = 0;
  fc.assert(
    fc.property(settings, (values) => {
      const experiment = accepted(values);
      if (!experiment) return;
      count++;
      const changed = differences(experiment, defaultExperiment());
      for (const [path, value] of Object.entries(changed)) expect(values[path]).toBe(value);
      for (const path of Object.keys(values)) expect(settingAt(experiment, path)).toBe(values[path]);
      expect(withSettings(defaultExperiment(), changed)).toEqual(experiment);
      const text = Object.fromEntries(Object.entries(changed).map(([path, value]) => [path, String(value)]));
      expect(withSettings(defaultExperiment(), text)).toEqual(experiment);
      expect(parseExperiment(JSON.parse(JSON.stringify(experiment)))).toEqual(experiment);
    }),
  );
  expect(count, 'configurations without a contradiction').toBeGreaterThan(5);
});

test('defaults and presets are valid, and a base is not changed', () => {
  const base = defaultExperiment();
  expect(parseExperiment(base)).toEqual(base);
  expect(parseExperiment({})).toEqual(base);
  expect(differences(base, defaultExperiment())).toEqual({});
  withSettings(base, { 'model.width': 32 });
  expect(base).toEqual(defaultExperiment());
  expect(presets.length).toBeGreaterThan(2);
});

test('an unknown path names itself and its neighbours', () => {
  expect(sentenceOf(() => withSettings(defaultExperiment(), { 'model.depth': 2 }))).toMatch(/^model\.depth: .*layers/);
  expect(sentenceOf(() => withSettings(defaultExperiment(), { optimizer: 1 }))).toMatch(/^optimizer: .*training/);
  expect(sentenceOf(() => fieldAt('__proto__.x'))).toMatch(/unknown setting/);
  expect(sentenceOf(() => fieldAt('constructor.name'))).toMatch(/unknown setting/);
  expect(sentenceOf(() => parseExperiment({ constructor: {} }))).toMatch(/^constructor: .*unknown group/);
  expect(sentenceOf(() => parseExperiment({ network: {} }))).toMatch(/^network: .*unknown group/);
  expect(sentenceOf(() => parseExperiment({ model: { depth: 1 } }))).toMatch(/^model\.depth: /);
});

test('out of range, by either end and not a number: the field and its range', () => {
  for (const { path, field } of fields) {
    if (field.kind !== 'number') continue;
    for (const value of [field.min - 1, field.max * 2 + 1, Number.NaN, 'many', '', null, {}, [], true]) {
      const sentence = sentenceOf(() => withSettings(defaultExperiment(), { [path]: value }));
      expect(sentence.startsWith(`${path}: `), sentence).toBe(true);
      expect(sentence).toContain(`from ${field.min} to ${field.max}`);
    }
    if (field.integer) {
      expect(sentenceOf(() => withSettings(defaultExperiment(), { [path]: field.min + 0.5 }))).toMatch(/whole number/);
    }
  }
});

test('a flag or a choice that is neither: the field and what it could be', () => {
  for (const { path, field } of fields) {
    if (field.kind === 'number') continue;
    const sentence = sentenceOf(() => withSettings(defaultExperiment(), { [path]: 'perhaps' }));
    expect(sentence.startsWith(`${path}: `), sentence).toBe(true);
    const options = field.kind === 'choice' ? field.options.map(({ value }) => value) : ['true', 'false'];
    for (const option of options) expect(sentence).toContain(option);
  }
});

test.each([
  ['model.heads', { 'model.width': 64, 'model.heads': 3 }, /divisor of model\.width \(64\), got 3/],
  ['model.heads', { 'model.width': 6, 'model.heads': 2 }, /even width per head/],
  ['model.heads', { 'model.width': 1024, 'model.heads': 2 }, /at most 256 channels/],
  ['model.choices', { 'model.experts': 2, 'model.choices': 3 }, /at most model\.experts \(2\), got 3/],
  ['model.denseLayers', { 'model.layers': 2, 'model.denseLayers': 2 }, /fewer than model\.layers \(2\).*got 2/],
  [
    'model.capacitySchedule',
    { 'model.capacitySchedule': 'linear', 'model.expertGroup': 'batch' },
    /expected "constant" when model\.expertGroup is batch/,
  ],
  [
    'model.capacitySchedule',
    { 'model.capacitySchedule': 'linear', 'model.experts': 2, 'model.choices': 2 },
    /expected "constant" when every expert takes all tokens already/,
  ],
  ['model.minChoices', { 'model.capacitySchedule': 'cosine', 'model.minChoices': 2 }, /less than model\.choices \(2\)/],
  [
    'model.minChoices',
    { 'model.capacitySchedule': 'linear', 'model.experts': 4, 'model.choices': 3 },
    /expected at least 1\.969, or the peak .*, got 1$/,
  ],
  [
    'model.gate',
    { 'model.feedForward': 'token-choice', 'model.choices': 1, 'model.gate': 'renormalised' },
    /expected "scores"/,
  ],
  ['model.feedForward', { 'objective.kind': 'autoregressive' }, /read the future/],
  [
    'model.dropRule',
    {
      'objective.kind': 'autoregressive',
      'model.feedForward': 'token-choice',
      'model.capacity': 'factor',
      'model.dropRule': 'score',
    },
    /it reads the future/,
  ],
  [
    'objective.kind',
    { 'objective.kind': 'autoregressive', 'model.feedForward': 'dense', 'data.corpus': 'addition' },
    /expected "diffusion" with data\.corpus "addition"/,
  ],
])('a contradiction names the field to change: %s %o', (path, values, sentence) => {
  const message = sentenceOf(() => withSettings(defaultExperiment(), values));
  expect(message.startsWith(`${path}: `), message).toBe(true);
  expect(message).toMatch(sentence);
});

test('what is no object is refused', () => {
  for (const value of [null, 3, 'model', [1]]) sentenceOf(() => parseExperiment(value));
  expect(sentenceOf(() => parseExperiment({ model: 3 }))).toMatch(/^model: /);
});

test('expert settings apply to models with experts only', () => {
  const dense = withSettings(defaultExperiment(), { 'model.feedForward': 'dense' });
  expect(applies(dense, fieldAt('model.experts'))).toBe(false);
  expect(applies(dense, fieldAt('model.hiddenWidth'))).toBe(true);
  expect(applies(defaultExperiment(), fieldAt('model.experts'))).toBe(true);
  expect(applies(defaultExperiment(), fieldAt('model.balanceLoss'))).toBe(false);
});

test('a field may apply under any of several conditions: the width of dense layers, in whatever model has some', () => {
  const settings = { 'model.denseLayers': 1 };
  const width = fieldAt('model.hiddenWidth');
  expect(applies(defaultExperiment(), width)).toBe(false);
  expect(applies(withSettings(defaultExperiment(), settings), width)).toBe(true);
  const dense = withSettings(defaultExperiment(), { ...settings, 'model.feedForward': 'dense' });
  expect(applies(dense, width)).toBe(true);
  expect(applies(dense, fieldAt('model.denseLayers'))).toBe(false);
});

test('one capacity factor serves expert choice, and token choice that drops', () => {
  const tokenChoice = (capacity: string) =>
    withSettings(defaultExperiment(), { 'model.feedForward': 'token-choice', 'model.capacity': capacity });
  const applying = (experiment: Experiment) =>
    ['capacity', 'capacityFactor', 'dropRule'].filter((name) => applies(experiment, fieldAt(`model.${name}`)));
  expect(applying(defaultExperiment())).toEqual(['capacityFactor']);
  expect(applying(tokenChoice('dropless'))).toEqual(['capacity']);
  expect(applying(tokenChoice('factor'))).toEqual(['capacity', 'capacityFactor', 'dropRule']);
});

test('what evaluation reports is named: a bound, an exact likelihood, or no likelihood', () => {
  const nameOf = (settings: Record<string, unknown>) => measureOf(withSettings(defaultExperiment(), settings)).name;
  const dense = { 'model.feedForward': 'dense' };
  const blocks = { 'objective.kind': 'block-diffusion', 'objective.blockSize': 16 };
  expect(nameOf({})).toBe('NELBO');
  expect(nameOf({ ...dense, 'objective.kind': 'autoregressive' })).toBe('NLL');
  expect(nameOf({ ...dense, ...blocks })).toBe('NELBO');
  expect(nameOf({ ...dense, ...blocks, 'objective.blockSize': 1 })).toBe('NLL');
  expect(nameOf({ ...blocks, 'objective.blockSize': 64 })).toBe('NELBO');
  expect(nameOf({ ...blocks, 'model.futureLeak': true })).toBe('leaky loss');
  expect(nameOf({ 'objective.kind': 'autoregressive', 'model.futureLeak': true })).toBe('leaky loss');
  expect(measureOf(withSettings(defaultExperiment(), { 'objective.weighting': 'none' })).training).toMatch(/no bound/);
  const training = (settings: Record<string, unknown>) =>
    measureOf(withSettings(defaultExperiment(), settings)).training;
  expect(training({ 'model.dropout': 0.1 })).toMatch(/parts dropped/);
  expect(training({ 'model.dropout': 0.1, 'objective.weighting': 'none' })).toMatch(/no bound, and .*dropped/);
  expect(measureOf(defaultExperiment()).training).toBeNull();
});

test('an objective shows only what applies to it', () => {
  const shown = (kind: string) => {
    const experiment = withSettings(defaultExperiment(), { 'model.feedForward': 'dense', 'objective.kind': kind });
    return fields
      .filter(({ group, field }) => group === 'objective' && applies(experiment, field))
      .map(({ path }) => path);
  };
  expect(shown('diffusion')).toEqual(['objective.kind', 'objective.weighting', 'objective.timeSampling']);
  expect(shown('autoregressive')).toEqual(['objective.kind', 'objective.inputMasking']);
  expect(shown('block-diffusion')).toContain('objective.blockSize');
});
