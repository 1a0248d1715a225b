/** Models on this machine as the page sees them: which there are, picking one, files, and the commands of the library. */
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { ModelRef } from '../../src/config/modelRef.ts';
import type { RunStatus } from '../../src/config/records.ts';
import {
  exportWeights,
  modelChoices,
  openFile,
  pickModel,
  pinModel,
  removeModel,
  renameModel,
  setModelBudget,
} from '../../src/store/models.ts';
import { modelOf, shownModel, shownRef, useRun } from '../../src/store/run.ts';
import type { Library } from '../../src/worker/protocol.ts';
import { emptyLibrary, libraryOf, machine, model, statusOf } from './facts.ts';
import { connected } from './testPort.ts';

const initialRun = useRun.getState();
const choices = () => modelChoices(useRun.getState());
const shown = () => shownRef(useRun.getState());

beforeEach(() => {
  useRun.setState({ ...initialRun, machine, bundled: model, library: emptyLibrary }, true);
});

describe('the choices', () => {
  it('are the bundled model, the run by its name, kept runs and files, in that order', () => {
    useRun.setState({
      run: 'now',
      model,
      status: statusOf('now'),
      library: libraryOf('b', 'a'),
      files: [{ ref: 'file:1', name: 'mine.safetensors', model }],
    });
    expect(choices()).toEqual([
      { ref: 'bundled', label: 'Bundled model', group: 'Here' },
      { ref: 'run:now', label: 'Your run: Run now', group: 'Here' },
      { ref: 'run:b', label: 'Run b', group: 'Kept' },
      { ref: 'run:a', label: 'Run a', group: 'Kept' },
      { ref: 'file:1', label: 'mine.safetensors', group: 'Files' },
    ]);
  });

  it('have the run once when it is kept too, under the name that it has there', () => {
    const library = libraryOf('now', 'a');
    library.models[0].name = 'The best';
    useRun.setState({ run: 'now', model, status: statusOf('now', 'ended'), library });
    expect(choices().map(({ ref, label }) => [ref, label])).toEqual([
      ['bundled', 'Bundled model'],
      ['run:now', 'Your run: The best'],
      ['run:a', 'Run a'],
    ]);
  });

  it('do not give the run on show the name of the one that is about to take its place', () => {
    useRun.setState({ run: 'now', model, status: statusOf('next', 'preparing'), library: libraryOf('now') });
    expect(choices()[1]).toMatchObject({ ref: 'run:now', label: 'Your run: Run now' });
    useRun.setState({ library: emptyLibrary });
    expect(choices()[1].label).toBe('Your run: this run');
  });

  it('are none before the engine has answered', () => {
    useRun.setState(initialRun, true);
    expect(choices()).toEqual([]);
    expect(shownModel(useRun.getState())).toBeNull();
  });
});

describe('picking', () => {
  it('asks for the facts of a kept model once', async () => {
    const { sent, answer } = connected();
    useRun.setState({ library: libraryOf('a') });
    pickModel('run:a');
    pickModel('bundled');
    pickModel('run:a');
    expect(sent).toMatchObject([{ name: 'describeModel', argument: { model: 'run:a' } }]);
    expect([shown(), shownModel(useRun.getState())]).toEqual(['run:a', null]);
    const kept = { ...model };
    await answer({ model: kept });
    await vi.waitFor(() => expect(shownModel(useRun.getState())).toBe(kept));
    pickModel('bundled');
    pickModel('run:a');
    expect(sent).toHaveLength(1);
  });

  it('asks anew after a failure, which is shown', async () => {
    const { sent, answer, refuse } = connected();
    useRun.setState({ library: libraryOf('a') });
    pickModel('run:a');
    refuse('a.safetensors: expected the bytes that were written, got others');
    await vi.waitFor(() => expect(useRun.getState().problems).toHaveLength(1));
    expect(shownModel(useRun.getState())).toBeNull();
    pickModel('run:a');
    expect(sent).toHaveLength(2);
    await answer({ model });
    await vi.waitFor(() => expect(shownModel(useRun.getState())).toBe(model));
  });

  it('falls back to the run, or to the bundled model, where the model has been removed', async () => {
    const { send, answer } = connected();
    useRun.setState({ library: libraryOf('a') });
    pickModel('run:a');
    await answer({ model });
    expect(shown()).toBe('run:a');
    send({ kind: 'library', library: emptyLibrary });
    expect(shown()).toBe('bundled');
    useRun.setState({ run: 'now', model, status: statusOf('now') });
    expect(shown()).toBe('run:now');
  });

  it('of the run follows it to the next one', () => {
    connected();
    useRun.setState({ run: 'now', model, status: statusOf('now') });
    pickModel('bundled');
    expect(shown()).toBe('bundled');
    pickModel('run:now');
    expect(shown()).toBe('run:now');
    useRun.setState({ run: 'next', status: statusOf('next'), library: libraryOf('now') });
    expect(shown()).toBe('run:next');
    pickModel('run:now');
    expect(shown()).toBe('run:now');
  });

  it.each<[string, RunStatus, Library, ModelRef]>([
    ['in progress', statusOf('now'), emptyLibrary, 'run:now'],
    ['kept', statusOf('now', 'ended'), libraryOf('now'), 'run:now'],
    [
      'to be gone on with',
      statusOf('now', 'ended'),
      { ...emptyLibrary, states: [{ id: 'now', name: '', step: 1, steps: 2, savedAt: 0, bytes: 1 }] },
      'run:now',
    ],
    ['of which nothing is left', statusOf('now', 'ended'), libraryOf('other'), 'bundled'],
  ])('finds a run that is %s', (_, status, library, expected) => {
    useRun.setState({ run: 'now', model, status, library });
    expect(shown()).toBe(expected);
    expect(choices().some(({ ref }) => ref === 'run:now')).toBe(expected === 'run:now');
  });
});

describe('files', () => {
  it('are read once and known by the name that the engine gives', async () => {
    const { sent, answer } = connected();
    const opening = openFile(new File([Uint8Array.of(1, 2, 3)], 'mine.safetensors'));
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    expect(sent[0]).toMatchObject({
      name: 'importWeights',
      argument: { bytes: Uint8Array.of(1, 2, 3), name: 'mine.safetensors' },
    });
    const inFile = { ...model };
    await answer({ ref: 'file:1', model: inFile });
    expect(await opening).toBe('file:1');
    pickModel('file:1');
    expect(shownModel(useRun.getState())).toBe(inFile);
    expect(sent).toHaveLength(1);
    const again = openFile(new File([Uint8Array.of(4)], 'other.safetensors'));
    await vi.waitFor(() => expect(sent).toHaveLength(2));
    await answer({ ref: 'file:2', model });
    await again;
    expect(useRun.getState().files.map(({ ref, name }) => [ref, name])).toEqual([
      ['file:2', 'other.safetensors'],
      ['file:1', 'mine.safetensors'],
    ]);
    expect(modelOf(useRun.getState(), 'file:1')).toBe(inFile);
  });

  it('that cannot be read change nothing', async () => {
    const { sent, refuse } = connected();
    const opening = openFile(new File([], 'empty.safetensors'));
    await vi.waitFor(() => expect(sent).toHaveLength(1));
    refuse('empty.safetensors: expected a safetensors file, got 0 bytes');
    expect(await opening).toBeNull();
    expect(useRun.getState()).toMatchObject({ files: [], problems: [{ kind: 'data' }] });
  });

  it('are made of any model, under the name that the engine gives', async () => {
    const { sent, answer, refuse } = connected();
    const exporting = exportWeights('run:a');
    expect(sent[0]).toMatchObject({ name: 'exportWeights', argument: { model: 'run:a' } });
    await answer({ bytes: Uint8Array.of(7, 8), name: 'sdlm-step-9.safetensors' });
    const file = await exporting;
    expect(file?.name).toBe('sdlm-step-9.safetensors');
    expect(new Uint8Array(await file!.arrayBuffer())).toEqual(Uint8Array.of(7, 8));
    const failing = exportWeights('run:b');
    refuse('model: expected one that is kept on this machine, got b, which is gone');
    expect(await failing).toBeNull();
  });
});

describe('the library', () => {
  it.each([
    ['pinModel', () => pinModel('a', true), { id: 'a', isPinned: true }],
    ['renameModel', () => renameModel('a', 'Best'), { id: 'a', name: 'Best' }],
    ['removeModel', () => removeModel('a'), { id: 'a' }],
    ['setModelBudget', () => setModelBudget(2e6), { bytes: 2e6 }],
  ] as const)('is as the engine answers: %s', async (name, command, argument) => {
    const { sent, answer, refuse } = connected();
    const before = libraryOf('a', 'b');
    useRun.setState({ library: before });
    const refused = command();
    expect(sent).toMatchObject([{ name, argument }]);
    refuse('no');
    expect(await refused).toBe(false);
    expect(useRun.getState()).toMatchObject({ library: before, problems: [{ message: 'no' }] });
    const done = command();
    await answer(libraryOf('b'));
    expect(await done).toBe(true);
    expect(useRun.getState()).toMatchObject({ library: libraryOf('b'), problems: [] });
  });
});
