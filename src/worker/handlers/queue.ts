/** Commands about the run queue, and the studies that fill it. */
import { studies, studyById } from '../../lab/studies.ts';
import { memoryLimits, queuedRuns, type RequestedRun, requestedRuns, runsOfStudy } from '../enqueuing.ts';
import { measurementsOf } from '../measuring.ts';
import { studyReport } from '../reports.ts';
import { saveText } from '../states.ts';
import type { Engine, Handlers } from './handlers.ts';

type Names =
  | 'listQueue'
  | 'enqueue'
  | 'listStudies'
  | 'enqueueStudy'
  | 'moveInQueue'
  | 'removeFromQueue'
  | 'pauseQueue';

export function queueHandlers(engine: Engine): Handlers<Names> {
  const { queue, storage, broker, machine, textOf } = engine;
  const enqueue = async (requested: readonly RequestedRun[]) => {
    const limits = memoryLimits(machine(), broker.runtime().kind);
    const runs = await queuedRuns(requested, ({ experiment, text }) => textOf(experiment, text ?? null), limits);
    for (const [index, { id }] of runs.entries()) {
      const { text } = requested[index];
      if (text !== undefined) await saveText(storage(), id, text);
    }
    await queue.add(runs, measurementsOf(runs, studyById));
    return queue.state();
  };
  return {
    listQueue: async () => queue.state(),
    enqueue: async ({ runs }) => enqueue(requestedRuns(runs)),
    listStudies: async () => ({ studies: studies.map(studyReport) }),
    enqueueStudy: async ({ id, size, seeds }) => enqueue(runsOfStudy(studyById(id), size, seeds)),
    moveInQueue: async ({ id, to }) => {
      await queue.move(id, to);
      return queue.state();
    },
    removeFromQueue: async ({ id }) => {
      await queue.remove(id);
      return queue.state();
    },
    pauseQueue: async ({ isPaused }) => {
      await queue.setPaused(isPaused);
      return queue.state();
    },
  };
}
