/** Decoders as settings: names, defaults, what fits together and fits a model, in one sentence. */
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../../src/base/errors.ts';
import { decoderNames, decodersFor, decodeSettings, expectDecoder, factsOf } from '../../src/config/decoders.ts';
import {
  decodeDifferences,
  decodedModelOf,
  decodeFields,
  decodeSettingAt,
  expectRead,
  isRead,
} from '../../src/config/decodeSettings.ts';
import { withSettings } from '../../src/config/experiment.ts';
import { presetExperiment } from '../../src/config/presets.ts';

const diffusion = { kind: 'diffusion', window: 64, comparesSequences: false } as const;
const autoregressive = { kind: 'autoregressive', window: 1, comparesSequences: false } as const;

test.each(decoderNames)('%s fits together, fits its models, and is what its preset says', (name) => {
  const { fits, settings } = factsOf(name);
  for (const kind of fits) {
    const model = kind === 'autoregressive' ? autoregressive : { ...diffusion, kind };
    const own = decodeSettings(name, {}, model);
    expect(own).toMatchObject(settings);
    // Every part of a preset is read.
    expectRead(
      own,
      Object.keys(settings).map((field) => `decode.${field}`),
    );
    expect(
      decodeSettings(
        name,
        decodeDifferences(own, decodeSettings(fits[0] === 'autoregressive' ? 'greedy' : 'margin')),
        null,
      ),
    ).toEqual(own);
  }
});

test('the first of each kind is the default, and names of before stay valid', () => {
  expect(decodersFor('diffusion')[0]).toBe('low-confidence');
  expect(decodersFor('block-diffusion')).toEqual(decodersFor('diffusion'));
  expect(decodersFor('autoregressive')).toEqual(['sampling', 'greedy', 'top-k', 'top-p']);
  expect(expectDecoder('confidence', 'diffusion')).toBe('low-confidence');
  expect(decodeSettings('confidence')).toEqual(decodeSettings('low-confidence'));
  for (const name of ['greedy', 'magic', 'constructor'])
    expect(() => expectDecoder(name, 'diffusion')).toThrow(/^decoder: expected one of low-confidence, .*, got "/);
});

test('every field has its default in range, a sentence, and a path of its own', () => {
  expect(new Set(decodeFields.map(({ path }) => path)).size).toBe(decodeFields.length);
  const plain = decodeSettings('low-confidence');
  for (const { path, field } of decodeFields) {
    expect(decodeSettings('low-confidence', { [path]: String(field.default) })).toEqual(plain);
    expect(field.why).toMatch(/\.$/);
  }
});

test('settings that nothing reads go back to their default, and are refused where asked', () => {
  const settings = decodeSettings('low-confidence', { 'decode.tau': 0.3, 'decode.eta': 0.5 });
  expect(settings).toEqual(decodeSettings('low-confidence'));
  expect(isRead(settings, 'decode.tau')).toBe(false);
  expect(() => expectRead(settings, ['decode.steps', 'decode.tau'])).toThrow(/^decode\.tau: expected none with this/);
  expect(decodeSettingAt(decodeSettings('threshold', { 'decode.tau': '0.3' }), 'decode.tau')).toBe(0.3);
});

describe('one sentence, with the path, for', () => {
  const faults: [string, string, Record<string, unknown>, typeof diffusion | typeof autoregressive, RegExp][] = [
    [
      'tau out of range',
      'threshold',
      { tau: 1.5 },
      diffusion,
      /^decode\.tau: expected a number from 0 to 1, got 1\.5$/,
    ],
    ['no number', 'threshold', { tau: 'x' }, diffusion, /^decode\.tau: expected a number from 0 to 1, got "x"$/],
    ['an unknown setting', 'margin', { speed: 1 }, diffusion, /^decode\.speed: expected one of decode\.candidate, /],
    [
      'a revision of other models',
      'margin',
      { revision: 'renoise' },
      diffusion,
      /^decode\.revision: expected one of none, remask, edit, got "renoise"$/,
    ],
    [
      'blocks longer than the window',
      'semi-autoregressive',
      { blockSize: 65 },
      diffusion,
      /^decode\.blockSize: expected at most 64, .*, got 65$/,
    ],
    [
      'each by score',
      'margin',
      { budget: 'each' },
      diffusion,
      /^decode\.order: expected random with decode\.budget "each", .*, got "margin"$/,
    ],
    [
      'a threshold by chance',
      'first-hitting',
      { budget: 'threshold' },
      diffusion,
      /^decode\.order: expected confidence or margin or entropy with .*, got "random"$/,
    ],
    [
      'a factor by margin',
      'margin',
      { budget: 'factor' },
      diffusion,
      /^decode\.order: expected confidence with .*, got "margin"$/,
    ],
    [
      'an entropy bound by confidence',
      'threshold',
      { budget: 'entropy-bound' },
      diffusion,
      /^decode\.order: expected entropy with /,
    ],
    [
      'masking again without times',
      'margin',
      { revision: 'remask' },
      diffusion,
      /^decode\.budget: expected each with decode\.revision "remask", .*, got "quota"$/,
    ],
    [
      'edits in the reverse process',
      'ancestral',
      { revision: 'edit' },
      diffusion,
      /^decode\.budget: expected another than each /,
    ],
    [
      'a loop that ends before it begins',
      'remdm-loop',
      { loopEnd: 0.6 },
      diffusion,
      /^decode\.loopEnd: expected less than decode\.loopStart, 0\.55, .*, got 0\.6$/,
    ],
    [
      'an order of an autoregressive model',
      'greedy',
      { order: 'margin' },
      autoregressive,
      /^decode\.order: expected position with an autoregressive model, .*, got margin$/,
    ],
    [
      'guidance of one',
      'greedy',
      { guidance: 1 },
      autoregressive,
      /^decode\.guidance: expected 0 with an autoregressive/,
    ],
    [
      'drafts of one',
      'greedy',
      { draftDepth: 2 },
      autoregressive,
      /^decode\.draftDepth: expected 0 with an autoregressive/,
    ],
    [
      'blocks of one',
      'greedy',
      { span: 'blocks' },
      autoregressive,
      /^decode\.span: expected window with an autoregressive/,
    ],
    [
      'several at once of one',
      'greedy',
      { budget: 'quota' },
      autoregressive,
      /^decode\.budget: expected one with an autoregressive/,
    ],
  ];

  test.each(faults)('%s', (_, name, changes, model, sentence) => {
    const byPath = Object.fromEntries(Object.entries(changes).map(([field, value]) => [`decode.${field}`, value]));
    const ask = () => decodeSettings(name, byPath, model);
    expect(ask).toThrow(sentence);
    expect(ask).toThrow(ConfigError);
  });
});

test('a block of a preset is no longer than the window, and drafts need sequences that stay apart', () => {
  expect(decodeSettings('semi-autoregressive', {}, { ...diffusion, window: 12 }).blockSize).toBe(12);
  expect(decodeSettings('semi-autoregressive', {}, diffusion).blockSize).toBe(16);
  const batch = withSettings(presetExperiment('expert-choice'), { 'model.expertGroup': 'batch' });
  expect(decodedModelOf(presetExperiment('expert-choice')).comparesSequences).toBe(false);
  expect(() => decodeSettings('draft-verify', {}, decodedModelOf(batch))).toThrow(
    /^decode\.draftDepth: expected 0 with a model whose router /,
  );
  expect(decodeSettings('margin', {}, decodedModelOf(batch)).draftDepth).toBe(0);
});
