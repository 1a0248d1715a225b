/** The conversation with the engine: requests meet their answers, telemetry reaches the stores, failures are shown. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { withSettings } from '../../src/config/experiment.ts';
import { choosePreset, edit, runName, setOwnText, useConfiguration } from '../../src/store/configuration.ts';
import { live, lossSeries, showRun } from '../../src/store/live.ts';
import { isActive, modelOf, pendingEdits, shownRef, useRun } from '../../src/store/run.ts';
import { trace } from '../../src/store/series.ts';
import {
  continueRun,
  discardEdits,
  forgetRun,
  inspect,
  matchDense,
  open,
  pause,
  save,
  switchBackend,
  train,
} from '../../src/store/session.ts';
import type { KeptSummary } from '../../src/worker/protocol.ts';
import { curvesOf, emptyLibrary, libraryOf, machine, metricsOf, model, statusOf } from './facts.ts';
import { connected } from './testPort.ts';

const opened = { machine, bundled: model, library: emptyLibrary };
const inspected = { model, estimate: { kind: 'estimated', seconds: 60 }, memoryBytes: 7 } as const;
const leftRun: KeptSummary = { id: 'a', name: 'A run', step: 3, steps: 10, savedAt: 0, bytes: 100 };
const initialRun = useRun.getState();

beforeEach(() => {
  useRun.setState(initialRun, true);
  choosePreset('expert-choice', false);
  setOwnText(null);
  useConfiguration.setState({ chosenByPerson: false, from: null });
  showRun('none');
});

describe('opening', () => {
  it('asks what the configuration costs', async () => {
    const { sent, answer } = connected();
    const opening = open('http://localhost/');
    await answer(opened);
    await vi.waitFor(() => expect(sent.map((request) => request.name)).toEqual(['open', 'inspect']));
    await answer(inspected);
    await opening;
    expect(useRun.getState()).toMatchObject({
      backend: 'cpu',
      bundled: model,
      library: emptyLibrary,
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
    await first.answer({ ...opened, machine: fast });
    await vi.waitFor(() => expect(useConfiguration.getState().presetId).toBe('expert-choice-medium'));
    choosePreset('dense');
    const second = connected();
    void open('http://localhost/');
    await second.answer({ ...opened, machine: fast });
    await vi.waitFor(() => expect(second.sent).toHaveLength(2));
    expect(useConfiguration.getState().presetId).toBe('dense');
  });
});

describe('the machine', () => {
  const measured = {
    ...machine,
    presetId: 'expert-choice-medium',
    stepsPerSecond: { cpu: { kind: 'measured', stepsPerSecond: 900 } } as const,
  };
  const presetId = () => useConfiguration.getState().presetId;

  it('is known better once it is measured, and may call for another preset and another estimate', () => {
    const { sent, send } = connected();
    useRun.setState({ machine });
    send({ kind: 'machine', machine: measured });
    expect(useRun.getState().machine).toEqual(measured);
    expect(presetId()).toBe('expert-choice-medium');
    expect(sent).toMatchObject([{ name: 'inspect', argument: { experiment: useConfiguration.getState().experiment } }]);
  });

  it.each([
    ['a person chose a preset', () => choosePreset('expert-choice')],
    ['a setting was edited', () => edit('training.seed', '9')],
    ['a run is being begun', () => useRun.setState({ starting: true })],
    ['a run is in progress', () => useRun.setState({ status: statusOf('a', 'preparing') })],
    ['a run was trained', () => useRun.setState({ model, status: statusOf('a', 'ended') })],
  ])('leaves the preset as it is where %s', (_, happened) => {
    const { send } = connected();
    useRun.setState({ machine });
    happened();
    send({ kind: 'machine', machine: measured });
    expect(useRun.getState().machine).toEqual(measured);
    expect(presetId()).toBe('expert-choice');
  });

  it('tells when another backend is open: the page shows it, and asks anew what the configuration costs', async () => {
    const { sent, send, answer } = connected();
    useRun.setState({ machine, backend: 'gpu' });
    send({ kind: 'device', backend: 'cpu' });
    expect(useRun.getState().backend).toBe('cpu');
    expect(sent.map(({ name }) => name)).toEqual(['inspect']);
    await answer(inspected);
    // The same again is no news.
    send({ kind: 'device', backend: 'cpu' });
    expect(sent).toHaveLength(1);
  });

  it('is switched by hand, and tells of the backend of a run with its status', async () => {
    const { sent, send, answer } = connected();
    useRun.setState({ machine, backend: 'cpu' });
    const switching = switchBackend('gpu');
    expect(sent[0]).toMatchObject({ name: 'useBackend', argument: { backend: 'gpu' } });
    await answer({ backend: 'gpu' });
    await switching;
    expect(useRun.getState().backend).toBe('gpu');
    expect(sent.map(({ name }) => name)).toEqual(['useBackend', 'inspect']);
    send({ kind: 'status', status: statusOf('a') });
    expect(useRun.getState().backend).toBe('cpu');
    send({ kind: 'status', status: null });
    expect(useRun.getState()).toMatchObject({ backend: 'cpu', status: null });
  });
});

describe('the edited configuration', () => {
  it('is asked anew when a run has ended: the speed of this machine is known better', () => {
    const { sent, send } = connected();
    useRun.setState({ machine });
    send({ kind: 'status', status: statusOf('a', 'running') });
    expect(sent).toEqual([]);
    send({ kind: 'status', status: statusOf('a', 'ended') });
    send({ kind: 'status', status: statusOf('a', 'ended') });
    expect(sent.map(({ name }) => name)).toEqual(['inspect']);
  });

  it('that has changed since drops the answer', async () => {
    const { sent, send } = connected();
    useRun.setState({ machine });
    const asked = inspect();
    edit('model.layers', '5');
    send({ kind: 'answer', id: sent[0].id, ok: true, value: inspected });
    await asked;
    expect(useRun.getState().inspection).toEqual({ state: 'waiting' });
  });

  it('is not trained on own text that is not there', async () => {
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

  it('becomes the dense model that the engine found', async () => {
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

  it('counts the edits made since the run started, and takes them back', () => {
    connected();
    useRun.setState({ run: 'a', model, status: statusOf('a') });
    useConfiguration.setState({ experiment: model.experiment });
    const count = () => pendingEdits(useRun.getState(), useConfiguration.getState());
    expect(count()).toBe(0);
    edit('model.layers', '5');
    edit('training.seed', '9');
    expect(count()).toBe(2);
    discardEdits();
    expect(count()).toBe(0);
  });
});

describe('a run', () => {
  it('is trained under a name of its own, and clears the curves of the last one', async () => {
    const { sent, send, answer } = connected();
    send({ kind: 'status', status: statusOf('old') });
    send(metricsOf('old', [1]));
    const training = train();
    expect(sent).toMatchObject([{ name: 'train', argument: { name: runName() } }]);
    expect(isActive(useRun.getState())).toBe(true);
    await answer({ run: 'new', model });
    await training;
    expect(lossSeries.total).toBe(0);
    expect(live.run).toBe('new');
    expect(useRun.getState()).toMatchObject({ run: 'new', model, starting: false });
  });

  it('keeps what it has drawn before the answer has come', async () => {
    const { send, answer } = connected();
    const training = train();
    send({ kind: 'status', status: statusOf('new') });
    send(metricsOf('new', [1, 2]));
    await answer({ run: 'new', model });
    await training;
    expect(trace(lossSeries, 10).map(({ x }) => x)).toEqual([1, 2]);
  });

  it('gets a number where a model of this machine has its name', async () => {
    const { sent } = connected();
    const [kept] = libraryOf('a').models;
    const named = (name: string) => ({ ...kept, name });
    const library = { ...emptyLibrary, models: [named(runName()), named(`${runName()} (2)`)] };
    useRun.setState({ library, status: { ...statusOf('b', 'ended'), name: `${runName()} (3)` } });
    void train();
    expect(sent[0]).toMatchObject({ name: 'train', argument: { name: `${runName()} (4)` } });
  });

  it('that cannot be begun leaves the last one on show', async () => {
    const { refuse } = connected();
    useRun.setState({ run: 'old', model });
    const training = train();
    refuse('model.width: expected less');
    await training;
    expect(useRun.getState()).toMatchObject({ run: 'old', starting: false, problems: [{ kind: 'data' }] });
  });

  it('that makes way for another stays known: it is a kept model now', async () => {
    const { send, answer } = connected();
    const training = train();
    await answer({ run: 'a', model });
    await training;
    const second = { ...model };
    send({ kind: 'started', run: 'b', model: second, text: null });
    const run = useRun.getState();
    expect([modelOf(run, 'run:a'), modelOf(run, 'run:b')]).toEqual([model, second]);
    expect(modelOf(run, 'run:a')).toBe(model);
    expect(shownRef(run)).toBe('run:b');
  });

  it('is saved only while it is in progress', async () => {
    const { sent } = connected();
    await save();
    useRun.setState({ status: statusOf('a', 'ended') });
    await save();
    expect(sent).toEqual([]);
    useRun.setState({ status: statusOf('a', 'paused') });
    void save();
    expect(sent).toMatchObject([{ name: 'save' }]);
  });

  it('of the queue is shown in place of the last one', () => {
    const { send } = connected();
    send({ kind: 'status', status: statusOf('a') });
    send(curvesOf('a', [1, 2]));
    send({ kind: 'status', status: statusOf('b', 'preparing') });
    expect(lossSeries.total).toBe(2);
    send({ kind: 'started', run: 'b', model, text: 'its words' });
    expect(lossSeries.total).toBe(0);
    expect(useRun.getState()).toMatchObject({ run: 'b', model, ownText: { text: 'its words' } });
  });
});

describe('problems', () => {
  it('are shown with what to do, and telemetry goes where it belongs', async () => {
    const { sent, send } = connected();
    const pausing = pause();
    const problem = { kind: 'device', message: 'The device was lost.', action: 'Resume.' } as const;
    send({ kind: 'answer', id: sent[0].id, ok: false, problem });
    await pausing;
    expect(useRun.getState().problems).toEqual([problem]);
    const other = { ...problem, message: 'It was lost again.' };
    for (const one of [other, other]) send({ kind: 'problem', problem: one });
    expect(useRun.getState().problems).toEqual([other, problem]);
    send({ kind: 'status', status: statusOf('a') });
    send({ kind: 'validation', run: 'a', step: 5, bpc: 2, standardError: 0.1 });
    expect(isActive(useRun.getState())).toBe(true);
    expect(live.validation).toContainEqual({ step: 5, bpc: 2, standardError: 0.1 });
    send({ kind: 'library', library: libraryOf('z') });
    expect(useRun.getState().library).toEqual(libraryOf('z'));
  });

  it('are taken back when the same command is tried again', async () => {
    const { sent, send } = connected();
    const problem = { kind: 'device', message: 'Not now.', action: 'Try again.' } as const;
    const first = pause();
    send({ kind: 'answer', id: sent[0].id, ok: false, problem });
    await first;
    expect(useRun.getState().problems).toEqual([problem]);
    void pause();
    expect(useRun.getState().problems).toEqual([]);
  });
});

describe('the run of an earlier visit', () => {
  it('goes on: its configuration, its text, its curves', async () => {
    const { sent, send, answer } = connected();
    const opening = open('http://localhost/');
    await answer({ ...opened, library: { ...emptyLibrary, states: [leftRun] } });
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    await answer(inspected);
    await opening;
    expect(useRun.getState()).toMatchObject({ run: null, model: null });

    const continuing = continueRun();
    expect(sent[2]).toMatchObject({ name: 'continueRun', argument: { id: 'a' } });
    send({ kind: 'status', status: statusOf('a', 'preparing') });
    send(curvesOf('a', [1, 3]));
    const own = withSettings(model.experiment, { 'data.corpus': 'custom', 'training.seed': 7 });
    await answer({ model: { ...model, experiment: own }, text: 'my words' });
    await continuing;
    expect(trace(lossSeries, 10).map(({ x, y }) => [x, y])).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(live.validation).toHaveLength(1);
    expect(useRun.getState()).toMatchObject({ run: 'a', starting: false, ownText: { text: 'my words' } });
    expect(useConfiguration.getState()).toMatchObject({ experiment: own, ownText: { text: 'my words' } });
    expect(pendingEdits(useRun.getState(), useConfiguration.getState())).toBe(0);
  });

  it('is still offered where it could not be gone on with', async () => {
    const { refuse } = connected();
    const library = { ...emptyLibrary, states: [leftRun] };
    useRun.setState({ library });
    const continuing = continueRun();
    refuse('The file is gone.');
    await continuing;
    expect(useRun.getState()).toMatchObject({
      library,
      run: null,
      starting: false,
      problems: [{ message: 'The file is gone.' }],
    });
  });

  it('is the newest one unless another is named, to go on with and to give up', async () => {
    const { sent } = connected();
    await continueRun();
    await forgetRun();
    expect(sent).toEqual([]);
    useRun.setState({ library: { ...emptyLibrary, states: [leftRun, { ...leftRun, id: 'b' }] } });
    void forgetRun();
    void forgetRun('b');
    void continueRun('b');
    expect(sent.map(({ name, argument }) => [name, argument])).toEqual([
      ['forgetRun', { id: 'a' }],
      ['forgetRun', { id: 'b' }],
      ['continueRun', { id: 'b' }],
    ]);
  });
});
