/** Choosing whose weights to start from: what the engine is asked, and making the configuration fit. */
import { beforeEach, expect, it, vi } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { choosePreset, useConfiguration } from '../../src/store/configuration.ts';
import { useRun } from '../../src/store/run.ts';
import { train } from '../../src/store/session.ts';
import {
  adoptModel,
  adoptUpcycled,
  chooseStart,
  importWeights,
  isModelOf,
  startModelOf,
} from '../../src/store/startFrom.ts';
import type { MachineReport, ModelReport } from '../../src/worker/protocol.ts';
import { connected } from './testPort.ts';

const dense: ModelReport = {
  experiment: withSettings(defaultExperiment(), {
    'model.feedForward': 'dense',
    'model.layers': 3,
    'model.hiddenWidth': 40,
    'data.tokenizer': 'byte',
    'data.corpus': 'names',
  }),
  vocabulary: ['a', '[MASK]'],
  maskId: 1,
  expertLayers: [],
  parameters: { total: 10, active: 10 },
  trainFlopsPerToken: 60,
  inferenceFlopsPerToken: 20,
  split: '',
  windowsPerEpoch: null,
  floorBpc: null,
};
const machine: MachineReport = {
  adapter: null,
  whyNoGpu: 'No.',
  stepsPerSecond: { cpu: { kind: 'measured', stepsPerSecond: 40 } },
  presetId: 'expert-choice',
  chosen: 'cpu',
};
const initialRun = useRun.getState();

beforeEach(() => {
  useRun.setState({ ...initialRun, machine, pretrained: dense }, true);
  choosePreset('expert-choice', false);
  chooseStart(null);
});

it('asks about the weights as soon as they are chosen, and trains from them', async () => {
  const { sent, refuse } = connected();
  chooseStart('pretrained');
  await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ name: 'inspect', argument: { from: 'pretrained' } }));
  const first = train();
  await vi.waitFor(() => expect(sent.at(-1)).toMatchObject({ name: 'train', argument: { from: 'pretrained' } }));
  refuse('model.width: expected 64 to start from the bundled model, got 96');
  await first;
  chooseStart(null);
  void train();
  await vi.waitFor(() => expect(sent.filter(({ name }) => name === 'train')).toHaveLength(2));
  expect(sent.filter(({ name }) => name === 'train')[1].argument).not.toHaveProperty('from');
});

it('takes the model and the tokenizer of the weights; text and training stay', () => {
  const before = useConfiguration.getState().experiment;
  expect(isModelOf(before, dense)).toBe(false);
  adoptModel(startModelOf(useRun.getState(), 'pretrained')!);
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
  expect(useConfiguration.getState().from).toBeNull();
  expect(useRun.getState()).toMatchObject({ imported: null, problems: [{ kind: 'data' }] });

  const opened = importWeights(file);
  await vi.waitFor(() => expect(sent.filter(({ name }) => name === 'importWeights')).toHaveLength(2));
  await answer({ model: dense });
  await opened;
  expect(useConfiguration.getState().from).toBe('imported');
  expect(startModelOf(useRun.getState(), 'imported')).toEqual(dense);
});
