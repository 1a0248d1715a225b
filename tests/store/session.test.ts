/** The conversation with the engine: requests meet their answers, telemetry reaches the stores, failures are shown. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { defaultExperiment, withSettings } from '../../src/config/experiment.ts';
import { choosePreset, edit, setOwnText, useConfiguration } from '../../src/store/configuration.ts';
import { clearCurves, live, lossSeries, takeLive } from '../../src/store/live.ts';
import { isActive, pendingEdits, useRun } from '../../src/store/run.ts';
import { trace } from '../../src/store/series.ts';
import { continueRun, discardEdits, inspect, matchDense, open, pause, train } from '../../src/store/session.ts';
import type { KeptSummary, MachineReport, ModelReport, RunStatus } from '../../src/worker/protocol.ts';
import { connected } from './testPort.ts';

const model: ModelReport = {
  experiment: withSettings(defaultExperiment(), {}),
  vocabulary: ['a', 'b', '[MASK]'],
  maskId: 2,
  expertLayers: [0, 1],
  parameters: { total: 10, active: 5 },
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
const statusOf = (phase: RunStatus['phase']): RunStatus => ({
  phase,
  backend: 'cpu',
  step: 3,
  steps: 10,
  tokensPerSecond: 1,
  secondsLeft: 1,
  activity: '',
  memoryBytes: 1,
});
const initialRun = useRun.getState();

beforeEach(() => {
  useRun.setState(initialRun, true);
  choosePreset('expert-choice', false);
  setOwnText(null);
  useConfiguration.setState({ chosenByPerson: false });
});

describe('session', () => {
  it('opens, then asks what the configuration costs', async () => {
    const { sent, answer } = connected();
    const opening = open('http://localhost/');
    await answer({ machine, pretrained: model, kept: null });
    await vi.waitFor(() => expect(sent.map((request) => request.name)).toEqual(['open', 'inspect']));
    await answer({ model, estimate: { kind: 'estimated', seconds: 60 }, memoryBytes: 7 });
    await opening;
    expect(useRun.getState()).toMatchObject({
      backend: 'cpu',
      inspection: { state: 'ready', estimate: { kind: 'estimated', seconds: 60 } },
    });
    expect(useConfiguration.getState().presetId).toBe('expert-choice');
  });

  it('says when the engine cannot be opened', async () => {
    const { sent, send } = connected();
    const opening = open('http://localhost/');
    const problem = { kind: 'data', message: 'No bundled model.', action: 'Build again.' } as const;
    send({ kind: 'answer', id: sent[0].id, ok: false, problem });
    await opening;
    expect(useRun.getState()).toMatchObject({ openFailed: true, machine: null, problems: [problem] });
  });

  it('takes the preset that suits the machine unless a person chose', async () => {
    const fast = { ...machine, presetId: 'expert-choice-medium', chosen: 'gpu' as const };
    const first = connected();
    void open('http://localhost/');
    await first.answer({ machine: fast, pretrained: model, kept: null });
    await vi.waitFor(() => expect(useConfiguration.getState().presetId).toBe('expert-choice-medium'));
    choosePreset('dense');
    const second = connected();
    void open('http://localhost/');
    await second.answer({ machine: fast, pretrained: model, kept: null });
    await vi.waitFor(() => expect(second.sent).toHaveLength(2));
    expect(useConfiguration.getState().presetId).toBe('dense');
  });

  it('drops the answer about a configuration that has changed since', async () => {
    const { sent, send } = connected();
    useRun.setState({ machine });
    const asked = inspect();
    edit('model.layers', '5');
    send({
      kind: 'answer',
      id: sent[0].id,
      ok: true,
      value: { model, estimate: { kind: 'estimated', seconds: 1 }, memoryBytes: 1 },
    });
    await asked;
    expect(useRun.getState().inspection).toEqual({ state: 'waiting' });
  });

  it('does not ask to train on own text that is not there', async () => {
    const { sent } = connected();
    useRun.setState({ machine });
    edit('data.corpus', 'custom');
    await train();
    expect(sent).toEqual([]);
    expect(useRun.getState().inspection).toMatchObject({ state: 'refused', problem: { kind: 'data' } });
    setOwnText({ name: 'a', text: 'hello' });
    void train();
    expect(sent[0]).toMatchObject({ name: 'train', argument: { text: 'hello' } });
  });

  it('trains, and clears the old curves', async () => {
    const { sent, answer } = connected();
    takeLive({
      kind: 'metrics',
      step: new Float64Array([1]),
      loss: new Float32Array([3]),
      gradNorm: new Float32Array([1]),
      tokensPerSecond: new Float32Array([9]),
    });
    const training = train();
    expect(sent.map((request) => request.name)).toEqual(['train']);
    expect(lossSeries.total).toBe(0);
    await answer({ model });
    await training;
    expect(useRun.getState()).toMatchObject({ model, starting: false });
  });

  it('shows a failure with what to do, and telemetry where it belongs', async () => {
    const { sent, send } = connected();
    const pausing = pause();
    const problem = { kind: 'device', message: 'The device was lost.', action: 'Resume.' } as const;
    send({ kind: 'answer', id: sent[0].id, ok: false, problem });
    await pausing;
    expect(useRun.getState().problems).toEqual([problem]);
    send({ kind: 'status', status: statusOf('running') });
    send({ kind: 'validation', step: 5, bpc: 2, standardError: 0.1 });
    expect(isActive(useRun.getState())).toBe(true);
    expect(live.validation).toContainEqual({ step: 5, bpc: 2, standardError: 0.1 });
  });

  it('takes back what was told of steps that come again', () => {
    const { send } = connected();
    clearCurves();
    const metrics = (steps: number[]) =>
      send({
        kind: 'metrics',
        step: Float64Array.from(steps),
        loss: Float32Array.from(steps),
        gradNorm: Float32Array.from(steps),
        tokensPerSecond: Float32Array.from(steps),
      });
    metrics([1, 2, 3, 4, 5]);
    send({ kind: 'validation', step: 2, bpc: 2, standardError: 0.1 });
    send({ kind: 'validation', step: 4, bpc: 2, standardError: 0.1 });
    send({ kind: 'rewound', step: 3 });
    expect(trace(lossSeries, 10).map(({ x }) => x)).toEqual([1, 2, 3]);
    expect(lossSeries.last).toBe(3);
    expect(live.validation.map(({ step }) => step)).toEqual([2]);
    metrics([4, 5]);
    expect(trace(lossSeries, 10).map(({ x }) => x)).toEqual([1, 2, 3, 4, 5]);
  });

  it('takes a problem back when the same command is tried again', async () => {
    const { sent, send } = connected();
    const problem = { kind: 'device', message: 'Not now.', action: 'Try again.' } as const;
    const first = pause();
    send({ kind: 'answer', id: sent[0].id, ok: false, problem });
    await first;
    expect(useRun.getState().problems).toEqual([problem]);
    void pause();
    expect(useRun.getState().problems).toEqual([]);
  });

  it('forgets the preview of a run whose weights are gone', async () => {
    const { answer } = connected();
    const frame = {
      call: 1,
      calls: 1,
      tokens: new Uint32Array([1]),
      confidence: new Float32Array([1]),
      committedAt: new Int32Array([1]),
    };
    takeLive({ kind: 'preview', weights: 'run', trainedSteps: 5, frame });
    expect(live.preview).not.toBeNull();
    const training = train();
    await answer({ model });
    await training;
    expect([live.preview, live.finishedPreview]).toEqual([null, null]);
  });

  it('edits the configuration into the dense model that the engine found', async () => {
    const { sent, answer } = connected();
    const before = useConfiguration.getState().experiment;
    const matching = matchDense('flops');
    expect(sent[0]).toMatchObject({ name: 'match', argument: { experiment: before, by: 'flops' } });
    const dense = withSettings(before, { 'model.feedForward': 'dense', 'model.hiddenWidth': 179 });
    await answer({ experiment: dense, ratio: 1.001 });
    expect(await matching).toBe(1.001);
    expect(useConfiguration.getState().experiment).toEqual(dense);
    const outdated = matchDense('parameters');
    edit('model.layers', '3');
    await answer({ experiment: before, ratio: 1 });
    expect(await outdated).toBeNull();
    expect(useConfiguration.getState().experiment.model).toMatchObject({ layers: 3, feedForward: 'dense' });
  });

  it('keeps slow motion over a restart', async () => {
    const { sent, answer } = connected();
    useRun.setState({ delay: 500 });
    const training = train();
    await answer({ model });
    await vi.waitFor(() => expect(sent[sent.length - 1]).toMatchObject({ name: 'pace', argument: { delay: 500 } }));
    await answer({ delay: 500 });
    await training;
    expect(useRun.getState()).toMatchObject({ starting: false, delay: 500 });
  });

  it('counts the edits made since the run started, and takes them back', () => {
    connected();
    useRun.setState({ model, status: statusOf('running') });
    useConfiguration.setState({ experiment: model.experiment });
    const count = () => pendingEdits(useRun.getState(), useConfiguration.getState());
    expect(count()).toBe(0);
    edit('model.layers', '5');
    edit('training.seed', '9');
    expect(count()).toBe(2);
    discardEdits();
    expect(count()).toBe(0);
  });

  it('goes on with the run of an earlier visit: its configuration, its text, its curves', async () => {
    const { sent, send, answer } = connected();
    const kept: KeptSummary = { id: 'a', name: 'A run', step: 3, steps: 10, isFinished: false, savedAt: 0 };
    const opening = open('http://localhost/');
    await answer({ machine, pretrained: model, kept });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    await answer({ model, estimate: { kind: 'estimated', seconds: 60 }, memoryBytes: 7 });
    await opening;
    expect(useRun.getState()).toMatchObject({ kept, model: null });

    const continuing = continueRun();
    expect(sent[2]).toMatchObject({ name: 'continueRun', argument: { id: 'a' } });
    send({
      kind: 'curves',
      step: Float64Array.of(1, 3),
      loss: Float32Array.of(5, 4),
      tokensPerSecond: Float32Array.of(10, 10),
      validation: [{ step: 2, bpc: 4.5, standardError: 0.1 }],
    });
    const own = withSettings(model.experiment, { 'data.corpus': 'custom', 'training.seed': 7 });
    await answer({ model: { ...model, experiment: own }, text: 'my words' });
    await continuing;
    expect(trace(lossSeries, 10).map(({ x, y }) => [x, y])).toEqual([
      [1, 5],
      [3, 4],
    ]);
    expect(live.validation).toHaveLength(1);
    expect(useRun.getState()).toMatchObject({ kept: null, starting: false, ownText: { text: 'my words' } });
    expect(useConfiguration.getState()).toMatchObject({ experiment: own, ownText: { text: 'my words' } });
    expect(pendingEdits(useRun.getState(), useConfiguration.getState())).toBe(0);
  });

  it('shows a run that the queue has started in place of the last one', () => {
    const { send } = connected();
    send({
      kind: 'curves',
      step: Float64Array.of(1),
      loss: Float32Array.of(5),
      tokensPerSecond: Float32Array.of(1),
      validation: [],
    });
    send({ kind: 'started', model, text: 'its words' });
    expect(lossSeries.total).toBe(0);
    expect(useRun.getState()).toMatchObject({ model, ownText: { text: 'its words' } });
  });

  it('still offers that run where it could not be gone on with', async () => {
    const { refuse } = connected();
    const kept: KeptSummary = { id: 'a', name: 'A run', step: 3, steps: 10, isFinished: false, savedAt: 0 };
    useRun.setState({ kept });
    const continuing = continueRun();
    refuse('The file is gone.');
    await continuing;
    expect(useRun.getState()).toMatchObject({ kept, starting: false, problems: [{ message: 'The file is gone.' }] });
  });
});
