/** The run queue on the page: read once, followed, and changed through the engine. */
import { beforeEach, expect, it, vi } from 'vitest';
import { choosePreset, edit, setOwnText } from '../../src/store/configuration.ts';
import {
  emptyQueue,
  enqueueEdited,
  enqueueStudy,
  followQueue,
  moveInQueue,
  pauseQueue,
  useQueue,
} from '../../src/store/queue.ts';
import { useRun } from '../../src/store/run.ts';
import type { QueuedRun, QueueState } from '../../src/worker/protocol.ts';
import { connected } from './testPort.ts';

const empty: QueueState = { runs: [], runningId: null, isPaused: false, measuring: null, isElsewhere: false };
const initialRun = useRun.getState();

beforeEach(() => {
  useQueue.setState({ queue: null });
  useRun.setState(initialRun, true);
  choosePreset('expert-choice', false);
  setOwnText(null);
});

it('reads the queue and follows it', async () => {
  const { sent, send, answer } = connected();
  const end = followQueue();
  expect(sent.map(({ name }) => name)).toEqual(['listQueue']);
  await answer(empty);
  await vi.waitFor(() => expect(useQueue.getState().queue).toEqual(empty));
  send({ kind: 'queue', queue: { ...empty, isPaused: true } });
  expect(useQueue.getState().queue?.isPaused).toBe(true);
  end();
  send({ kind: 'queue', queue: empty });
  expect(useQueue.getState().queue?.isPaused).toBe(true);
});

it('asks for the edited configuration once per seed', async () => {
  const { sent, answer } = connected();
  edit('model.layers', '3');
  const adding = enqueueEdited('Three layers', [1, 2]);
  expect(sent[0]).toMatchObject({
    name: 'enqueue',
    argument: {
      runs: [1, 2].map((seed) => ({
        name: `Three layers, seed ${seed}`,
        experiment: { model: { layers: 3 }, training: { seed } },
      })),
    },
  });
  await answer(empty);
  expect(await adding).toBe(true);
  expect(useQueue.getState().queue).toEqual(empty);
});

it('puts new runs behind those that wait, the seeds in their order', async () => {
  const { sent, answer } = connected();
  const runs = ['running', 'waiting', 'first', 'second'].map((id) => ({ id }) as QueuedRun);
  const before: QueueState = { ...empty, runs: runs.slice(0, 2), runningId: 'running' };
  useQueue.setState({ queue: before });
  const adding = enqueueEdited('Two', [1, 2]);
  const { runs: asked } = sent[0].argument as { runs: { name: string }[] };
  expect(asked.map(({ name }) => name)).toEqual(['Two, seed 1', 'Two, seed 2']);
  await answer({ ...before, runs });
  await adding;
  expect(useQueue.getState().queue?.runs.map(({ id }) => id)).toEqual(['running', 'waiting', 'first', 'second']);
});

it('asks for nothing where the text is missing, and takes it along where it is there', async () => {
  const { sent } = connected();
  edit('data.corpus', 'custom');
  expect(await enqueueEdited('Mine', [1])).toBe(false);
  expect(sent).toEqual([]);
  setOwnText({ name: 'a', text: 'hello' });
  void enqueueEdited('Mine', [1]);
  expect(sent[0]).toMatchObject({ name: 'enqueue', argument: { runs: [{ name: 'Mine', text: 'hello' }] } });
});

it('changes the queue through the engine, and shows a refusal', async () => {
  const { sent, answer, refuse } = connected();
  const pausing = pauseQueue(true);
  await answer({ ...empty, isPaused: true });
  expect(await pausing).toBe(true);
  const moving = moveInQueue('a', 0);
  refuse('queue: expected a run that waits, got a, which is gone');
  expect(await moving).toBe(false);
  expect(useQueue.getState().queue?.isPaused).toBe(true);
  expect(useRun.getState().problems).toHaveLength(1);
  void enqueueStudy('dense-vs-moe', 'laptop', 3);
  expect(sent.map(({ name }) => name)).toEqual(['pauseQueue', 'moveInQueue', 'enqueueStudy']);
});

it('removes all that wait, the last first, and leaves the run in progress', async () => {
  const { sent, answer } = connected();
  const runs = ['a', 'b', 'c'].map((id) => ({ id }) as QueuedRun);
  const left = (count: number): QueueState => ({ ...empty, runs: runs.slice(0, count), runningId: 'a' });
  useQueue.setState({ queue: left(3) });
  const emptying = emptyQueue();
  await answer(left(2));
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  await answer(left(1));
  await emptying;
  expect(sent.map(({ name, argument }) => [name, argument])).toEqual([
    ['removeFromQueue', { id: 'c' }],
    ['removeFromQueue', { id: 'b' }],
  ]);
});
