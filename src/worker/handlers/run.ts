/** Commands to the run in progress, and those that begin one or give one up. */
import { ConfigError } from '../../base/errors.ts';
import { lockOfRun } from '../locks.ts';
import { noticeOf } from '../problems.ts';
import { dropState, loadState } from '../states.ts';
import type { Engine, Handlers } from './handlers.ts';

type Names =
  | 'train'
  | 'continueRun'
  | 'forgetRun'
  | 'leave'
  | 'return'
  | 'save'
  | 'pause'
  | 'resume'
  | 'singleStep'
  | 'stop'
  | 'pace'
  | 'stateHash';

export function runHandlers(engine: Engine): Handlers<Names> {
  const { scheduler, queue, emit } = engine;
  const session = () => scheduler.session();
  const status = () => ({ status: session()?.status() ?? null });
  /** A person comes before the queue, whose run waits for another time. */
  const asPerson = async <T>(start: () => Promise<T>): Promise<T> => {
    await queue.setAside();
    return start().finally(queue.proceed);
  };
  return {
    train: (request) => asPerson(() => scheduler.train(request)),
    continueRun: ({ id }) => asPerson(() => scheduler.resume(id)),
    forgetRun: async ({ id }) => {
      await forget(engine, id);
      return {};
    },
    leave: async () => {
      queue.close();
      await scheduler.putDown();
      return {};
    },
    return: async () => {
      // What is offered once the run that was here is gone is as it is now, not as it was when the page was left.
      await engine.tellLibrary();
      const isElsewhere = await scheduler.takeUp();
      if (isElsewhere) {
        const sentence = 'The run that was here goes on in another tab of this page, or ended there.';
        emit({ kind: 'problem', problem: noticeOf(sentence, 'What it has become is under Compare.') });
      }
      await queue.open();
      await engine.tellLibrary();
      return {};
    },
    save: async () => ({ step: (await session()?.save()) ?? 0 }),
    pause: async () => {
      await session()?.pause();
      return status();
    },
    resume: async () => {
      session()?.resume();
      return status();
    },
    singleStep: async () => {
      session()?.singleStep();
      return status();
    },
    stop: async () => {
      await session()?.stop();
      return status();
    },
    pace: async ({ delay }) => {
      scheduler.setPace(delay);
      return { delay };
    },
    stateHash: async () => {
      const run = session();
      if (!run) throw new ConfigError('state hash: expected a run that has started, got none');
      return run.stateHash();
    },
  };
}

/** Gives a kept state up, unless another tab works on its run. */
async function forget(engine: Engine, id: string): Promise<void> {
  const lock = await engine.locks.take(lockOfRun(id));
  if (!lock)
    throw new ConfigError('run: expected no other tab of this page to work on it, got one; go there, or close it');
  try {
    await giveUp(engine, id);
  } finally {
    lock.release();
  }
  await engine.tellLibrary();
}

/** What the run learned so far stays: its record among the saved runs, its weights in the library. */
async function giveUp({ storage, library, emit }: Engine, id: string): Promise<void> {
  const { record, tokenizer, snapshot } = await loadState(storage(), id);
  const { name, experiment } = record;
  if (record.steps > 0 && !(await storage().records.get('runs', id))) {
    await storage().records.put('runs', id, record);
    emit({ kind: 'savedRun', record });
  }
  if (snapshot.step > 0 && !(await library().has(id))) {
    await library().keep({ id, name, experiment, tokenizer, step: snapshot.step, weights: snapshot.average });
  }
  await dropState(storage(), id);
}
