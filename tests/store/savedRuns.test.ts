/** The saved runs on the page: read once, then kept in step with what the engine says. */
import { beforeEach, expect, it, vi } from 'vitest';
import { defaultExperiment } from '../../src/config/experiment.ts';
import type { RunRecord } from '../../src/config/records.ts';
import { useRun } from '../../src/store/run.ts';
import { addRuns, followSavedRuns, removeRuns, renameRun, useSavedRuns } from '../../src/store/savedRuns.ts';
import { connected } from './testPort.ts';

const record = (id: string, day: number): RunRecord => ({
  format: 1,
  id,
  name: `Run ${id}`,
  created: `2026-01-0${day}T00:00:00.000Z`,
  study: null,
  status: 'finished',
  problem: null,
  experiment: defaultExperiment(),
  backend: 'cpu',
  adapter: 'here',
  costs: { total: 1, active: 1, trainFlopsPerToken: 6, inferenceFlopsPerToken: 2 },
  floorBpc: null,
  steps: 1,
  training: { step: [1], seconds: [1], bpc: [4] },
  validation: { step: [], seconds: [], bpc: [], standardError: [] },
  measures: {},
});
const initialSaved = useSavedRuns.getState();
const initialRun = useRun.getState();
const ids = () => useSavedRuns.getState().runs.map(({ id }) => id);

beforeEach(() => {
  useSavedRuns.setState(initialSaved, true);
  useRun.setState(initialRun, true);
});

it('reads the list, and takes in a run that ends, even before the list has come', async () => {
  const { sent, send, answer } = connected();
  const end = followSavedRuns();
  expect(sent.map(({ name }) => name)).toEqual(['listRuns']);
  send({ kind: 'savedRun', record: record('c', 3) });
  await answer({ runs: [record('b', 2), record('a', 1)] });
  await vi.waitFor(() => expect(useSavedRuns.getState().isRead).toBe(true));
  expect(ids()).toEqual(['c', 'b', 'a']);
  send({ kind: 'savedRun', record: { ...record('b', 2), steps: 9 } });
  expect(useSavedRuns.getState().runs[1].steps).toBe(9);
  end();
  send({ kind: 'savedRun', record: record('d', 4) });
  expect(ids()).toEqual(['c', 'b', 'a']);
});

it('renames, adds and removes once the engine has', async () => {
  const { sent, answer, refuse } = connected();
  const adding = addRuns([record('a', 1), record('b', 2)]);
  expect(ids()).toEqual([]);
  await answer({});
  expect(await adding).toBe(true);
  const renaming = renameRun('a', 'Best');
  await answer({ run: { ...record('a', 1), name: 'Best' } });
  expect(await renaming).toBe(true);
  expect(useSavedRuns.getState().runs.map(({ name }) => name)).toEqual(['Run b', 'Best']);
  const refused = renameRun('b', ' ');
  refuse('name of a saved run: expected some words, got none');
  expect(await refused).toBe(false);
  expect(useRun.getState().problems).toHaveLength(1);
  const removing = removeRuns(['b']);
  expect(sent.at(-1)).toMatchObject({ name: 'removeRuns', argument: { ids: ['b'] } });
  await answer({});
  await removing;
  expect(ids()).toEqual(['a']);
});
