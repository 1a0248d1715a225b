/** A configuration survives its address; what an address cannot mean is named, one sentence each. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { fields, settingAt, withSettings } from '../../src/config/experiment.ts';
import { presetExperiment, presets, presetToStartWith } from '../../src/config/presets.ts';
import type { Field } from '../../src/config/schema/fields.ts';
import type { Experiment } from '../../src/config/schema.ts';
import type { Setting } from '../../src/config/settings.ts';
import { readQuery, readView, writeQuery } from '../../src/store/url.ts';

function settingOf(field: Field): fc.Arbitrary<Setting> {
  switch (field.kind) {
    case 'number':
      return field.integer
        ? fc.integer({ min: field.min, max: field.max })
        : fc.double({ min: field.min, max: field.max, noNaN: true });
    case 'flag':
      return fc.boolean();
    case 'choice':
      return fc.constantFrom(...field.options.map((option) => option.value));
    default:
      return field satisfies never;
  }
}

/** A valid experiment some settings away from a preset; edits that contradict the rest are left out. */
const edited = fc
  .record({
    presetId: fc.constantFrom(...presets.map((preset) => preset.id)),
    edits: fc.array(
      fc.constantFrom(...fields).chain(({ path, field }) => settingOf(field).map((value) => ({ path, value }))),
      { maxLength: 12 },
    ),
  })
  .map(({ presetId, edits }) => {
    let experiment: Experiment = presetExperiment(presetId);
    for (const { path, value } of edits) {
      try {
        experiment = withSettings(experiment, { [path]: value });
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
      }
    }
    return { presetId, experiment };
  });

describe('address', () => {
  it('brings every configuration back exactly', () => {
    fc.assert(
      fc.property(edited, ({ presetId, experiment }) => {
        const query = writeQuery(presetId, experiment);
        expect(readQuery(query)).toEqual({ presetId, namesPreset: true, experiment, problems: [] });
      }),
      { numRuns: 300 },
    );
  });

  it('carries only what differs from the preset', () => {
    const experiment = withSettings(presetExperiment('dense'), { 'model.layers': 3, 'data.sequenceLength': 64 });
    expect(writeQuery('dense', experiment)).toBe('?preset=dense&model.layers=3');
    expect(writeQuery('dense', presetExperiment('dense'))).toBe('?preset=dense');
  });

  it('takes settings that fit only together', () => {
    const { experiment, problems } = readQuery('?preset=dense&model.heads=3&model.width=48');
    expect(problems).toEqual([]);
    expect([experiment.model.heads, experiment.model.width]).toEqual([3, 48]);
  });

  it.each([
    ['?preset=nonsense', 'preset: expected one of', 'is used instead'],
    ['?model.layers=99', 'model.layers: expected a whole number from 1 to 16, got "99"', "The preset's value, 2,"],
    ['?model.layers=', 'model.layers: expected a whole number', "The preset's value, 2,"],
    ['?model.qkNorm=maybe', 'model.qkNorm: expected true or false, got "maybe"', "The preset's value, true,"],
    ['?training.schedule=steep', 'training.schedule: expected one of', "The preset's value, cosine,"],
    ['?model.heads=5', 'model.heads: expected a divisor of model.width (64), got 5', "The preset's value, 2,"],
    ['?model.nothing=1', 'model.nothing: expected one of model.layers', 'It is left out.'],
    ['?nothing=1', 'nothing: expected one of model, objective, data, training', 'It is left out.'],
    ['?__proto__=1', '__proto__: expected one of', 'It is left out.'],
  ])('names what cannot be used in %s', (query, sentence, instead) => {
    const { experiment, problems } = readQuery(query);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(sentence);
    expect(problems[0]).toContain(instead);
    expect(experiment).toEqual(presetExperiment('expert-choice'));
  });

  it('names each of several faults and keeps what is sound', () => {
    const { experiment, problems } = readQuery('?model.layers=99&training.steps=7&foo=1');
    expect(problems).toHaveLength(2);
    expect(settingAt(experiment, 'training.steps')).toBe(7);
  });

  it('names the first of endlessly many faults and counts the rest, in a moment', () => {
    const start = performance.now();
    for (const path of ['foo', 'model.x', 'a.b.c']) {
      const query = Array.from({ length: 20_000 }, (_, i) => `${path}${i}=1`).join('&');
      const { experiment, problems } = readQuery(`?preset=dense&${query}`);
      expect(problems).toHaveLength(8);
      expect(problems[0]).toContain(`${path}0: expected one of`);
      expect(problems[7]).toBe('19,993 more parts of the address cannot be used.');
      expect(experiment).toEqual(presetExperiment('dense'));
    }
    const invalid = fields.map(({ path }) => `${path}=?`).join('&');
    expect(readQuery(`?${invalid}`).problems.at(-1)).toBe(
      `${fields.length - 7} more parts of the address cannot be used.`,
    );
    // Generous: it takes about half a second.
    expect(performance.now() - start).toBeLessThan(10_000);
  });

  it('cuts names and values of any length, and shows what cannot be seen', () => {
    const long = 'a'.repeat(1e5);
    for (const query of [`?${long}=1`, `?model.${long}=1`, `?model.layers=${long}`, `?preset=${long}`]) {
      const { problems } = readQuery(query);
      expect(problems).toHaveLength(1);
      expect(problems[0].length).toBeLessThan(1500);
    }
    expect(readQuery('?a%0Ab%E2%80%AE=1').problems[0]).toMatch(/^a\\u000ab\\u202e: expected one of/);
  });

  it('never throws, whatever the query', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.oneof(fc.constantFrom('preset', ...fields.map((field) => field.path)), fc.string()), fc.string()),
        ),
        (pairs) => {
          const { experiment } = readQuery(`?${new URLSearchParams(pairs)}`);
          expect(withSettings(experiment, {})).toEqual(experiment);
        },
      ),
    );
  });

  it('knows its views', () => {
    expect(readView('#/decode')).toBe('decode');
    expect(readView('#/nowhere')).toBeNull();
    expect(readView('')).toBeNull();
  });
});

describe('presets', () => {
  it.each(presets.map((preset) => [preset.id]))('%s is valid and its id is its own', (id) => {
    expect(() => presetExperiment(id)).not.toThrow();
    expect(presets.filter((preset) => preset.id === id)).toHaveLength(1);
  });

  it('spends the same computation per token in the dense and the sparse small presets', () => {
    const dense = presetExperiment('dense').model;
    for (const id of ['expert-choice', 'token-choice']) {
      const sparse = presetExperiment(id).model;
      expect(sparse.choices * sparse.expertWidth).toBe(dense.hiddenWidth);
      expect([sparse.layers, sparse.width, sparse.heads]).toEqual([dense.layers, dense.width, dense.heads]);
    }
  });

  it('differ in nothing but the feed-forward, so that they can be compared', () => {
    const dense = presetExperiment('dense');
    for (const id of ['expert-choice', 'token-choice']) {
      const { data, training, objective } = presetExperiment(id);
      expect({ data, training, objective }).toEqual({
        data: dense.data,
        training: dense.training,
        objective: dense.objective,
      });
    }
  });

  it('gives a fast machine the most demanding preset that is over in minutes, and any other the small one', () => {
    const chosenAt = (secondsPerStep: number) =>
      presetToStartWith(({ model, training }) => training.steps * secondsPerStep * (model.width === 128 ? 20 : 1)).id;
    // 4,000 steps of the larger one take at most ten minutes.
    expect(chosenAt(0.007)).toBe('expert-choice-medium');
    expect(chosenAt(0.008)).toBe('expert-choice');
    expect(chosenAt(100)).toBe('expert-choice');
    expect(presetToStartWith(() => null).id).toBe('expert-choice');
  });
});
