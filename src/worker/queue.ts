/**
 * The run queue: runs one after another, kept over reloads. A run leaves it when it has ended, well or badly; one that
 * is set aside or cut short by a reload stays at the head and goes on from what was saved of it. When the runs of a
 * measurement have left, it is taken before the next run starts; what cuts it short makes it begin anew. One tab works
 * on the queue; the others wait for it to be closed. Not here: how a run is started (`starter.ts`), what a study consists of.
 */
import { ConfigError } from '../base/errors.ts';
import { createMutex } from '../base/mutex.ts';
import { parseExperiment } from '../config/experiment.ts';
import type { RunRecord } from '../config/records.ts';
import type { Progress } from '../lab/studies/study.ts';
import { dropKept } from './keeper.ts';
import type { Measurement } from './measuring.ts';
import { problemOf } from './problems.ts';
import type { QueuedRun, QueueState } from './protocol.ts';
import type { SiteStorage } from './storage.ts';
import type { Telemetry } from './telemetry.ts';

/** What is kept of the queue: its runs in order, the one in progress first. */
export interface KeptQueue {
  readonly runs: readonly QueuedRun[];
  readonly isPaused: boolean;
  /** What is measured when its runs have ended; an earlier version kept none. */
  readonly measurements?: readonly Measurement[];
}

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
  /** Reads anew what another tab works on. */
  refresh(): Promise<void>;
  /** Whether what is kept of a run is needed still: it waits, or another or a measurement waits for its weights. */
  needs(id: string): boolean;
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

export function createQueue({ storage, emit, isBusy, start, measure, failedRecord, lock }: QueueOptions): Queue {
  const inTurn = createMutex();
  let runs: readonly QueuedRun[] = [];
  let isPaused = false;
  let runningId: string | null = null;
  let isElsewhere = true;
  let measurements: readonly Measurement[] = [];
  let measuring: QueueState['measuring'] = null;
  let isLeft = false;
  let measured: Promise<void> = Promise.resolve();

  const state = (): QueueState => ({ runs: [...runs], runningId, isPaused, measuring, isElsewhere });
  const report = (error: unknown) => emit({ kind: 'problem', problem: problemOf(error) });
  const read = async () => {
    const kept = await storage().records.get('queue', key);
    isPaused = kept?.isPaused ?? false;
    measurements = kept?.measurements ?? [];
    runs = (kept?.runs ?? []).flatMap((run) => {
      try {
        // A run of an earlier version lacks settings that have come since.
        return [{ ...run, experiment: parseExperiment(run.experiment) }];
      } catch (error) {
        report(error);
        return [];
      }
    });
  };
  /** Takes a change over: into storage, onto the page, and to the next run. */
  const settle = async () => {
    emit({ kind: 'queue', queue: state() });
    proceed();
    const kept = { runs, isPaused, measurements };
    await inTurn(() => storage().records.put('queue', key, kept)).catch(report);
  };
  const proceed = () => {
    if (isPaused || isElsewhere || runningId !== null || measuring || isBusy()) return;
    const due = measurements.find((measurement) => !runs.some(({ id }) => isOf(measurement, id)));
    if (due) {
      measured = take(due).catch(report);
      return;
    }
    const [next] = runs;
    if (!next) return;
    runningId = next.id;
    emit({ kind: 'queue', queue: state() });
    void start(next)
      .catch((error) => fail(next, error).catch(report))
      .finally(proceed);
  };
  /** Measures. A failure is told and costs the measures only; one that is left for a person is taken another time. */
  const take = async (measurement: Measurement) => {
    const { study, seed } = measurement;
    isLeft = false;
    const onProgress: Progress = async (activity) => {
      if (isLeft) throw new Error('left');
      measuring = { study, seed, activity };
      emit({ kind: 'queue', queue: state() });
      // A turn of the event loop, so that commands are heard on the twins too.
      await new Promise((resolve) => setTimeout(resolve, 0));
    };
    measuring = { study, seed, activity: 'looking for its runs' };
    try {
      await measure(measurement, onProgress);
      isLeft = false;
    } catch (error) {
      const { kind, message } = problemOf(error);
      const action = 'The queue goes on; run this seed again to have its measures.';
      const problem = { kind, message: `measuring ${study}, seed ${seed}: ${message}`, action };
      if (!isLeft) emit({ kind: 'problem', problem });
    }
    measuring = null;
    if (!isLeft) measurements = measurements.filter((other) => other !== measurement);
    await settle();
  };
  const leave = async (id: string) => {
    runs = runs.filter((run) => run.id !== id);
    if (runningId === id) runningId = null;
    await settle();
  };
  /** A run that cannot be started is filed with its sentence, and the next one has its turn. */
  const fail = async (run: QueuedRun, error: unknown) => {
    report(error);
    // A run that came as far as the runtime has filed itself.
    if (!runs.includes(run)) return;
    const record = failedRecord(run, problemOf(error).message);
    await storage().records.put('runs', run.id, record).catch(report);
    emit({ kind: 'savedRun', record });
    await leave(run.id);
  };
  const expectOwn = () => {
    if (!isElsewhere) return;
    throw new ConfigError('queue: expected no other tab of this page to work on it, got one; go there, or close it');
  };
  const waiting = (id: string): QueuedRun => {
    expectOwn();
    const run = runs.find((candidate) => candidate.id === id);
    if (!run) throw new ConfigError(`queue: expected a run that waits, got ${id}, which is gone`);
    if (id === runningId)
      throw new ConfigError(`queue: expected a run that waits, got "${run.name}" in progress; stop it`);
    return run;
  };

  return {
    open: async () => {
      await read();
      const own = async () => {
        // Another tab may have worked on it until now.
        await read();
        isElsewhere = false;
        await settle();
      };
      void lock().then(own).catch(report);
    },
    state,
    add: async (added, toMeasure = []) => {
      expectOwn();
      runs = [...runs, ...added];
      measurements = [...measurements, ...toMeasure];
      await settle();
    },
    move: async (id, to) => {
      const run = waiting(id);
      const others = runs.filter((other) => other !== run);
      // Nothing comes before the run in progress.
      const place = Math.max(to, runningId === null ? 0 : 1);
      runs = [...others.slice(0, place), run, ...others.slice(place)];
      await settle();
    },
    remove: async (id) => {
      const run = waiting(id);
      runs = runs.filter((other) => other !== run);
      measurements = measurements.filter((measurement) => !isOf(measurement, id));
      await settle();
      await dropKept(storage(), id).catch(report);
    },
    setPaused: async (paused) => {
      expectOwn();
      isPaused = paused;
      await settle();
    },
    setAside: async () => {
      if (runningId === null && !measuring) return;
      isPaused = true;
      runningId = null;
      isLeft = true;
      await measured;
      await settle();
    },
    refresh: async () => {
      if (isElsewhere) await read();
    },
    needs: (id) =>
      runs.some((run) => run.id === id || run.from === id) || measurements.some((measurement) => isOf(measurement, id)),
    ended: async (id) => {
      if (runs.some((run) => run.id === id)) await leave(id);
      else proceed();
    },
    proceed,
  };
}

const isOf = ({ runs }: Measurement, id: string): boolean => Object.values(runs).includes(id);
