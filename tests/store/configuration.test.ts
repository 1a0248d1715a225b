/** Editing: what fits is applied, what does not is kept with its sentence and tried again with the next edit. */
import { beforeEach, describe, expect, it } from 'vitest';
import { settingAt } from '../../src/config/experiment.ts';
import { maximumTextBytes } from '../../src/config/limits.ts';
import { presetExperiment } from '../../src/config/presets.ts';
import { adoptAddress, choosePreset, edit, useConfiguration } from '../../src/store/configuration.ts';
import { checkText, readTextFile } from '../../src/store/ownText.ts';
import { readQuery } from '../../src/store/url.ts';

const state = () => useConfiguration.getState();

beforeEach(() => choosePreset('expert-choice'));

describe('editing', () => {
  it('applies a valid entry', () => {
    edit('model.layers', '3');
    expect(state().experiment.model.layers).toBe(3);
    expect(state().invalid).toEqual({});
  });

  it('keeps an invalid entry beside the last valid configuration', () => {
    edit('model.layers', '99');
    expect(state().experiment.model.layers).toBe(2);
    expect(state().invalid['model.layers']).toEqual({
      entry: '99',
      sentence: 'model.layers: expected a whole number from 1 to 16, got "99"',
    });
    edit('model.layers', '4');
    expect(state().invalid).toEqual({});
  });

  it('tries an entry again when a later one makes it fit', () => {
    edit('model.width', '48');
    edit('model.heads', '5');
    expect(state().invalid['model.heads'].sentence).toContain('model.heads: expected a divisor');
    edit('model.width', '80');
    expect(state().invalid).toEqual({});
    expect([state().experiment.model.width, state().experiment.model.heads]).toEqual([80, 5]);
  });

  it('blames the newest entry when a rule names a field that was not touched', () => {
    edit('model.width', '65');
    expect(state().experiment.model.width).toBe(64);
    expect(state().invalid['model.width'].sentence).toContain('model.heads: expected a divisor of model.width (65)');
  });

  it('does not let one invalid entry hold back another field', () => {
    edit('training.steps', 'many');
    edit('model.layers', '5');
    expect(state().experiment.model.layers).toBe(5);
    expect(Object.keys(state().invalid)).toEqual(['training.steps']);
  });

  it('goes back to the preset, one setting or all', () => {
    edit('model.layers', '5');
    edit('training.steps', '0');
    edit('training.steps', settingAt(presetExperiment(useConfiguration.getState().presetId), 'training.steps'));
    expect(state().invalid).toEqual({});
    edit('model.layers', settingAt(presetExperiment(useConfiguration.getState().presetId), 'model.layers'));
    expect(state().experiment).toEqual(presetExperiment('expert-choice'));
    edit('model.layers', '5');
    choosePreset('dense');
    expect(state().experiment).toEqual(presetExperiment('dense'));
  });

  it('leaves the choice of a preset to the page only where nobody chose', () => {
    adoptAddress(readQuery(''));
    expect(state().chosenByPerson).toBe(false);
    for (const query of ['?preset=dense', '?model.layers=3', '?preset=nonsense']) {
      adoptAddress(readQuery(query));
      expect(state().chosenByPerson, query).toBe(true);
    }
  });
});

describe('own text', () => {
  const file = (bytes: Uint8Array<ArrayBuffer>, name = 'a.txt') => new File([bytes], name);
  const sentence = async (promise: ReturnType<typeof readTextFile>) => {
    const outcome = await promise;
    return outcome.ok ? 'accepted' : outcome.sentence;
  };

  it('reads UTF-8', async () => {
    const outcome = await readTextFile(file(new TextEncoder().encode('Ünïcode')));
    expect(outcome).toEqual({ ok: true, ownText: { name: 'a.txt', text: 'Ünïcode' } });
  });

  it('refuses a 200 MB file before reading it', async () => {
    const huge = { name: 'huge.txt', size: 200e6, arrayBuffer: () => Promise.reject(new Error('was read')) };
    expect(await sentence(readTextFile(huge as unknown as File))).toBe('huge.txt: expected at most 20 MB, got 200 MB');
  });

  it('refuses binary, invalid and empty files with a sentence each', async () => {
    expect(await sentence(readTextFile(file(new Uint8Array([80, 0, 3]))))).toContain('got a binary file');
    expect(await sentence(readTextFile(file(new Uint8Array([0xc3, 0x28]))))).toContain('not valid UTF-8');
    expect(await sentence(readTextFile(file(new Uint8Array())))).toContain('expected some text');
  });

  it('refuses a file that cannot be read', async () => {
    const broken = { name: 'b.txt', size: 3, arrayBuffer: () => Promise.reject(new Error('gone')) };
    expect(await sentence(readTextFile(broken as unknown as File))).toContain('could not be read');
  });

  it('checks pasted text', () => {
    expect(checkText('Pasted text', ' \n')).toMatchObject({ ok: false });
    expect(checkText('Pasted text', 'a'.repeat(maximumTextBytes + 1))).toMatchObject({ ok: false });
    expect(checkText('Pasted text', 'a')).toMatchObject({ ok: true });
  });
});
