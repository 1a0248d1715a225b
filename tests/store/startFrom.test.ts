/** Choosing whose weights to start from: what the engine is asked, and making the configuration fit. */
import { beforeEach, expect, it, vi } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { choosePreset, useConfiguration } from '../../src/store/configuration.ts';
import { modelOf, useRun } from '../../src/store/run.ts';
import { train } from '../../src/store/session.ts';
import { adoptModel, adoptUpcycled, chooseStart, importWeights, isModelOf } from '../../src/store/startFrom.ts';
import type { ModelReport } from '../../src/worker/protocol.ts';
import { emptyLibrary, libraryOf, machine, model, statusOf } from './facts.ts';
import { connected } from './testPort.ts';

const dense: ModelReport = {
  ...model,
  experiment: withSettings(defaultExperiment(), {
    'model.feedForward': 'dense',
    'model.layers': 3,
    'model.hiddenWidth': 40,
    'data.tokenizer': 'byte',
    'data.corpus': 'names',
  }),
  expertLayers: [],
};
const initialRun = useRun.getState();
const from = () => useConfiguration.getState().from;

beforeEach(() => {
  useRun.setState({ ...initialRun, machine, bundled: dense, library: libraryOf('a') }, true);
  choosePreset('expert-choice', false);
  chooseStart(null);
});

it('asks about the weights as soon as they are chosen, and trains from them', async () => {
  const { sent, refuse } = connected();
  chooseStart('bundled');
  await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ name: 'inspect', argument: { from: 'bundled' } }));
  const first = train();
  await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ name: 'train', argument: { from: 'bundled' } }));
  refuse('model.width: expected 64 to start from the bundled model, got 96');
  await first;
  chooseStart(null);
  void train();
  await vi.waitFor(() => expect(sent.filter(({ name }) => name === 'train')).toHaveLength(2));
  expect(sent.filter(({ name }) => name === 'train')[1].argument).not.toHaveProperty('from');
});

it('starts from a kept model, whose facts are asked for once', async () => {
  const { sent, answer } = connected();
  chooseStart('run:a');
  expect(sent).toMatchObject([{ name: 'describeModel', argument: { model: 'run:a' } }]);
  await answer({ model: dense });
  await vi.waitFor(() => expect(modelOf(useRun.getState(), 'run:a')).toEqual(dense));
  chooseStart(null);
  chooseStart('run:a');
  expect(sent).toHaveLength(1);
  void train();
  expect(sent[1]).toMatchObject({ name: 'train', argument: { from: 'run:a' } });
});

it('starts from fresh weights again where the model has been removed', () => {
  const { send } = connected();
  useRun.setState({ described: new Map([['run:a', dense]]) });
  chooseStart('run:a');
  send({ kind: 'library', library: libraryOf('a', 'b') });
  expect(from()).toBe('run:a');
  send({ kind: 'library', library: libraryOf('b') });
  expect(from()).toBeNull();
});

it('keeps to the run while it goes on, when it has ended, and when another has taken its place', () => {
  const { send } = connected();
  useRun.setState({ run: 'now', model: dense, status: statusOf('now'), library: emptyLibrary });
  chooseStart('run:now');
  send({ kind: 'library', library: libraryOf('now') });
  send({ kind: 'status', status: statusOf('now', 'ended') });
  expect(from()).toBe('run:now');
  send({ kind: 'started', run: 'next', model, text: null });
  expect(from()).toBe('run:now');
  expect(modelOf(useRun.getState(), 'run:now')).toEqual(dense);
});

it('takes the model and the tokenizer of the weights; text and training stay', () => {
  const before = useConfiguration.getState().experiment;
  expect(isModelOf(before, dense)).toBe(false);
  adoptModel(modelOf(useRun.getState(), 'bundled')!);
  expect(isModelOf(useConfiguration.getState().experiment, dense)).toBe(true);
  const { experiment } = useConfiguration.getState();
  expect(experiment.model).toEqual(dense.experiment.model);
  expect(experiment.data).toEqual({ ...before.data, tokenizer: 'byte' });
  expect(experiment.training).toEqual(before.training);
});

it('turns a dense model into experts of its width', () => {
  adoptUpcycled(dense);
  const { experiment, invalid } = useConfiguration.getState();
  expect(invalid).toEqual({});
  expect(experiment.model).toMatchObject({ layers: 3, feedForward: 'expert-choice', expertWidth: 40 });
});

it('opens a file and chooses it; one that cannot be read changes nothing', async () => {
  const { sent, answer, refuse } = connected();
  const file = new File([Uint8Array.of(1, 2, 3)], 'mine.safetensors');
  const refused = importWeights(file);
  await vi.waitFor(() => expect(sent.at(-1)?.name).toBe('importWeights'));
  expect(sent.at(-1)!.argument).toEqual({ bytes: Uint8Array.of(1, 2, 3), name: 'mine.safetensors' });
  refuse('mine.safetensors: expected a safetensors file, got 3 bytes');
  await refused;
  expect(from()).toBeNull();
  expect(useRun.getState()).toMatchObject({ files: [], problems: [{ kind: 'data' }] });

  const opened = importWeights(file);
  await vi.waitFor(() => expect(sent.filter(({ name }) => name === 'importWeights')).toHaveLength(2));
  await answer({ ref: 'file:1', model: dense });
  await opened;
  expect(from()).toBe('file:1');
  expect(modelOf(useRun.getState(), 'file:1')).toEqual(dense);
});
