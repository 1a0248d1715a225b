/** The atlas as the page keeps it: built of the model on show or opened from a file, with progress, cancel and a measure. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { Atlas, AtlasMeasure } from '../../src/config/atlas.ts';
import { buildAtlas, openAtlas, openingMeasure, showMeasure, useAtlas, varies } from '../../src/store/atlas.ts';
import { cancelMeasuring, startMeasuring, useMeasuring } from '../../src/store/measuring.ts';
import { pickModel } from '../../src/store/models.ts';
import { selectExpert, useRouting } from '../../src/store/routing.ts';
import { useRun } from '../../src/store/run.ts';
import { atlasNotes, originOf } from '../../src/ui/routing/atlasWords.ts';
import { measureWords } from '../../src/ui/routing/measures.ts';
import { libraryOf, model } from './facts.ts';
import { connected } from './testPort.ts';

const measure = (name: string, value: number[]): AtlasMeasure => ({
  ...{ name, about: `About ${name}.`, value },
  standardError: value.map(() => 0),
});
const equal = measure('load', [0.5, 0.5, 0.1 + 0.2 + 0.2, 0.5]);
const share = measure('masked share', [0, 1, 0.5, Number.NaN]);

const atlasOf = (...measures: AtlasMeasure[]) =>
  ({ measures, model: { experiment: model.experiment } }) as unknown as Atlas;
const atlas = atlasOf(equal, share);

const states = [useAtlas, useMeasuring, useRouting, useRun].map((store) => [store, store.getState()] as const);
beforeEach(() => {
  for (const [store, state] of states) (store.setState as (state: unknown, replace: true) => void)(state, true);
  useRun.setState({ bundled: model });
});

describe('building', () => {
  it('asks for the model on show, tells how far it is, and opens on a measure that varies', async () => {
    const { sent, send, answer } = connected();
    selectExpert(1, 3);
    const building = buildAtlas();
    expect(sent[0]).toMatchObject({ name: 'buildAtlas', argument: { model: 'bundled', windows: 32 } });
    expect(useMeasuring.getState().now).toEqual({ task: 'atlas', done: 0, of: 0 });
    send({ kind: 'routingProgress', model: 'bundled', task: 'atlas', done: 4, of: 32 });
    expect(useMeasuring.getState().now).toEqual({ task: 'atlas', done: 4, of: 32 });
    send({ kind: 'routingProgress', model: 'bundled', task: 'cost', done: 1, of: 2 });
    expect(useMeasuring.getState().now).toMatchObject({ done: 4 });
    await answer({ atlas });
    await building;
    expect(useMeasuring.getState().now).toBeNull();
    expect(useAtlas.getState()).toEqual({ atlas, of: 'bundled', measure: 'masked share' });
    expect(useRouting.getState()).toMatchObject({ layer: 0, expert: null });
  });

  it('a cancelled one leaves what was there', async () => {
    const { sent, send, answer } = connected();
    useAtlas.setState({ atlas, of: 'bundled', measure: 'load' });
    const building = buildAtlas();
    const cancelling = cancelMeasuring();
    expect(sent.map(({ name }) => name)).toEqual(['buildAtlas', 'cancelRouting']);
    await answer({});
    send({ kind: 'answer', id: sent[0].id, ok: true, value: { atlas: null } });
    await Promise.all([building, cancelling]);
    expect(useAtlas.getState()).toEqual({ atlas, of: 'bundled', measure: 'load' });
  });

  it('one measurement that ends another keeps its own progress', async () => {
    connected();
    let endFirst = () => {};
    const first = startMeasuring('atlas', () => new Promise<void>((resolve) => (endFirst = resolve)));
    let endSecond = () => {};
    const second = startMeasuring('cost', () => new Promise<void>((resolve) => (endSecond = resolve)));
    endFirst();
    await first;
    expect(useMeasuring.getState().now).toMatchObject({ task: 'cost' });
    endSecond();
    await second;
    expect(useMeasuring.getState().now).toBeNull();
  });
});

describe('a file', () => {
  const file = { name: 'a.json', size: 2, text: async () => '{}' };

  it('keeps the measure that a person picked where it has it, and knows whose it is', async () => {
    const { sent, answer } = connected();
    useRun.setState({ library: libraryOf('a') });
    pickModel('run:a');
    showMeasure('load');
    for (const isOfModel of [true, false]) {
      const opening = openAtlas(file);
      await Promise.resolve();
      expect(sent.at(-1)).toMatchObject({
        name: 'openAtlas',
        argument: { text: '{}', name: 'a.json', model: 'run:a' },
      });
      await answer({ atlas, isOfModel });
      await opening;
      expect(useAtlas.getState()).toEqual({ atlas, of: isOfModel ? 'run:a' : null, measure: 'load' });
    }
  });

  it('that is too large or refused is said, and what was there stays', async () => {
    const { sent, refuse } = connected();
    const asked = sent.length;
    useAtlas.setState({ atlas });
    await openAtlas({ ...file, size: 2 ** 30 });
    expect(sent).toHaveLength(asked);
    const opening = openAtlas(file);
    await Promise.resolve();
    refuse('a.json: no atlas');
    await opening;
    expect(useRun.getState().problems.map(({ message }) => message)).toEqual([
      'a.json: no atlas',
      'a.json: expected at most 67108864 bytes of an atlas, got 1073741824',
    ]);
    expect(useAtlas.getState().atlas).toBe(atlas);
  });
});

it('a measure varies where known cells differ by more than rounding', () => {
  expect(varies(equal)).toBe(false);
  expect(varies(share)).toBe(true);
  expect(varies(measure('x', [1, Number.NaN, 1 + 1e-6]))).toBe(true);
  expect(openingMeasure(atlasOf(equal, equal))).toBe(equal);
  expect(openingMeasure(atlasOf(share, equal))).toBe(share);
});

it('the page says hidden, why the load is no news, and whose atlas it is', () => {
  expect(measureWords(share)).toMatchObject({ label: 'Hidden share' });
  expect(measureWords(measure('specialisation by party', []))).toEqual({
    label: 'Specialisation by party',
    about: 'About specialisation by party.',
  });
  expect(measureWords(measure('toString', []))).toEqual({ label: 'ToString', about: 'About toString.' });
  expect(atlasNotes(atlas).join(' ')).toMatch(/the same for all experts because experts choose/);
  expect(atlasNotes(atlasOf(share))).toEqual([]);
  const size = { tokens: 2048, windows: { of: Array(32), masks: [], texts: [] } };
  expect(originOf(size, true)).toBe('Over 2,048 tokens in 32 windows of unseen text');
  expect(originOf(size, false)).toMatch(/another model/);
});
