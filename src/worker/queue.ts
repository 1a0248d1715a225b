/**
 * The run queue: runs one after another, kept over reloads. A run leaves it when it has ended, well or badly; one that
 * is set aside or cut short by a reload stays at the head and goes on from what was saved of it. When the runs of a
 * measurement have left, it is taken before the next run starts; what cuts it short makes it begin anew. One tab works
 * on the queue; the others wait for it to be closed. How commands change it is `queueData.ts`; how a run is started is
 * `scheduler.ts`.
 */
import { createMutex } from '../base/mutex.ts';
import { turn } from '../base/turn.ts';
import { parseExperiment } from '../config/experiment.ts';
import type { RunRecord } from '../config/records.ts';
import type { Progress } from '../lab/studies/study.ts';
import { problemOf } from './problems.ts';
import type { QueuedRun, QueueState } from './protocol.ts';
import {
  added,
  dueIn,
  emptyQueue,
  expectOwn,
  left,
  measured,
  moved,
  needs,
  type QueueData,
  removed,
} from './queueData.ts';
import { dropState } from './states.ts';
import type { Measurement, SiteStorage } from './stored.ts';
import type { Telemetry } from './telemetry.ts';

export interface Queue {
  /** Reads what earlier visits left, and works on it as soon as no other tab does. */
  open(): Promise<void>;
  state(): QueueState;
  /** Adds runs, and what is to be measured when they have ended. */
  add(runs: readonly QueuedRun[], measurements?: readonly Measurement[]): Promise<void>;
  /** Puts a waiting run at a place among the runs. Throws `ConfigError` for one that is not there, or in progress. */
  move(id: string, to: number): Promise<void>;
  remove(id: string): Promise<void>;
  /** A queue that is paused starts no further run; the run in progress goes on. */
  setPaused(isPaused: boolean): Promise<void>;
  /** A person takes the engine: the run in progress waits at the head (a measurement is left), and the queue is paused. */
  setAside(): Promise<void>;
  /** Whether what is kept of a run is needed still, by this tab or the one that works on the queue. */
  needs(id: string): Promise<boolean>;
  /** A run of the engine has ended, of the queue or not. */
  ended(id: string): Promise<void>;
  /** Starts the next run if the engine is free. */
  proceed(): void;
}

export interface QueueOptions {
  readonly storage: () => SiteStorage;
  readonly emit: (telemetry: Telemetry) => void;
  /** Whether a run occupies the engine. */
  readonly isBusy: () => boolean;
  /** Starts a run, or goes on with what is saved of it; settles once it runs. */
  readonly start: (run: QueuedRun) => Promise<void>;
  readonly measure: (measurement: Measurement, onProgress: Progress) => Promise<void>;
  /** A record of a run that could not even be started. */
  readonly failedRecord: (run: QueuedRun, problem: string) => RunRecord;
  /** Resolves when this tab may work on the queue. */
  readonly lock: () => Promise<void>;
}

const key = 'queue';

export function createQueue(options: QueueOptions): Queue {
  const { storage, emit, isBusy, start, measure, failedRecord, lock } = options;
  const writing = createMutex();
  let data = emptyQueue;
  /** The measurement under way: a person may want the engine in the middle of it. */
  let taking: { isLeft: boolean; readonly done: Promise<void> } | null = null;

  const report = (error: unknown) => emit({ kind: 'problem', problem: problemOf(error) });
  const state = (): QueueState => {
    const { runs, runningId, isPaused, measuring, isElsewhere } = data;
    return { runs: [...runs], runningId, isPaused, measuring, isElsewhere };
  };
  const tell = (next: QueueData) => {
    data = next;
    emit({ kind: 'queue', queue: state() });
  };
  const read = async () => {
    const kept = await storage().records.get('queue', key);
    const readable = (run: QueuedRun) => {
      try {
        // A run of an earlier version lacks settings that have come since.
        return [{ ...run, experiment: parseExperiment(run.experiment) }];
      } catch (error) {
        report(error);
        return [];
      }
    };
    const { isPaused = false, measurements = [], runs = [] } = kept ?? {};
    data = { ...data, isPaused, measurements, runs: runs.flatMap(readable) };
  };
  /** Takes a change over: onto the page, to the next run, and into storage. */
  const settle = async (next: QueueData) => {
    tell(next);
    proceed();
    const { runs, isPaused, measurements } = data;
    await writing(() => storage().records.put('queue', key, { runs, isPaused, measurements })).catch(report);
  };
  const proceed = () => {
    const due = dueIn(data, isBusy());
    if (!due) return;
    if (due.kind === 'measure') {
      take(due.measurement);
      return;
    }
    const { run } = due;
    tell({ ...data, runningId: run.id });
    void start(run)
      .catch((error) => fail(run, error).catch(report))
      .finally(proceed);
  };
  const take = (measurement: Measurement) => {
    const { study, seed } = measurement;
    const mine = { isLeft: false, done: Promise.resolve() };
    const onProgress: Progress = async (activity) => {
      if (mine.isLeft) throw new Error('left');
      tell({ ...data, measuring: { study, seed, activity } });
      // So that commands are heard on the twins too.
      await turn();
    };
    data = { ...data, measuring: { study, seed, activity: 'looking for its runs' } };
    taking = mine;
    mine.done = measureOne(measurement, onProgress, mine).catch(report);
  };
  /** A failure is told and costs the measures only; a measurement that is left for a person is taken another time. */
  const measureOne = async (measurement: Measurement, onProgress: Progress, mine: { readonly isLeft: boolean }) => {
    const { study, seed } = measurement;
    const outcome = await measure(measurement, onProgress).then(
      () => 'taken' as const,
      (error: unknown) => {
        if (mine.isLeft) return 'left' as const;
        const action = 'The queue goes on; run this seed again to have its measures.';
        const { kind, message } = problemOf(error);
        emit({ kind: 'problem', problem: { kind, message: `measuring ${study}, seed ${seed}: ${message}`, action } });
        return 'failed' as const;
      },
    );
    taking = null;
    const next = { ...data, measuring: null };
    await settle(outcome === 'left' ? next : measured(next, measurement));
  };
  /** A run that cannot be started is filed with its sentence, and the next one has its turn. */
  const fail = async (run: QueuedRun, error: unknown) => {
    report(error);
    // A run that came as far as the device has filed itself.
    if (!data.runs.includes(run)) return;
    const record = failedRecord(run, problemOf(error).message);
    await storage().records.put('runs', run.id, record).catch(report);
    emit({ kind: 'savedRun', record });
    await settle(left(data, run.id));
  };

  return {
    open: async () => {
      await read();
      const own = async () => {
        // Another tab may have worked on it until now.
        await read();
        await settle({ ...data, isElsewhere: false });
      };
      void lock().then(own).catch(report);
    },
    state,
    add: async (runs, measurements = []) => settle(added(data, runs, measurements)),
    move: async (id, to) => settle(moved(data, id, to)),
    remove: async (id) => {
      await settle(removed(data, id));
      await dropState(storage(), id).catch(report);
    },
    setPaused: async (isPaused) => {
      expectOwn(data);
      await settle({ ...data, isPaused });
    },
    setAside: async () => {
      if (data.runningId === null && !taking) return;
      data = { ...data, isPaused: true, runningId: null };
      if (taking) taking.isLeft = true;
      await taking?.done;
      await settle(data);
    },
    needs: async (id) => {
      if (data.isElsewhere) await read();
      return needs(data, id);
    },
    ended: async (id) => {
      if (data.runs.some((run) => run.id === id)) await settle(left(data, id));
      else proceed();
    },
    proceed,
  };
}
