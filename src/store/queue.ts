/** The run queue, as the engine keeps it: what waits, what runs, and the commands that change it. */
import { create } from 'zustand';
import type { CommandName, Commands, QueueState } from '../worker/protocol.ts';
import { useConfiguration } from './configuration.ts';
import { ask, listen, trainRequest } from './session.ts';

/** Null until the engine has answered. */
export const useQueue = create<{ queue: QueueState | null }>(() => ({ queue: null }));

/** Reads the queue and follows what becomes of it; call it once the engine is connected. Answers an end to it. */
export function followQueue(): () => void {
  const endListening = listen('queue', ({ queue }) => useQueue.setState({ queue }));
  void change('listQueue', {});
  return endListening;
}

/** Adds the edited configuration once for each seed; answers whether it was taken. */
export async function enqueueEdited(name: string, seeds: readonly number[]): Promise<boolean> {
  const request = trainRequest();
  if (!request) return false;
  const { experiment } = useConfiguration.getState();
  const runs = seeds.map((seed) => ({
    ...request,
    name: seeds.length > 1 ? `${name}, seed ${seed}` : name,
    experiment: { ...experiment, training: { ...experiment.training, seed } },
  }));
  return change('enqueue', { runs });
}

/** Adds every run of a study, seeds 1 to `seeds`; answers whether it was taken. */
export const enqueueStudy = (id: string, size: string, seeds: number): Promise<boolean> =>
  change('enqueueStudy', { id, size, seeds });

/** Puts a waiting run at place `to` of the queue. */
export const moveInQueue = (id: string, to: number): Promise<boolean> => change('moveInQueue', { id, to });

export const removeFromQueue = (id: string): Promise<boolean> => change('removeFromQueue', { id });

/** Removes every run that waits, the last one first; ends at a refusal, which is shown. */
export async function emptyQueue(): Promise<void> {
  const { queue } = useQueue.getState();
  for (const { id } of queue?.runs.toReversed() ?? []) {
    if (id !== useQueue.getState().queue?.runningId && !(await removeFromQueue(id))) return;
  }
}

/** Starts no further run, or goes on; the run in progress is paused by the run bar. */
export const pauseQueue = (isPaused: boolean): Promise<boolean> => change('pauseQueue', { isPaused });

type QueueCommand = { [N in CommandName]: Commands[N]['answer'] extends QueueState ? N : never }[CommandName];

async function change<N extends QueueCommand>(name: N, argument: Commands[N]['argument']): Promise<boolean> {
  const queue: QueueState | null = await ask(name, argument);
  if (queue) useQueue.setState({ queue });
  return queue !== null;
}
