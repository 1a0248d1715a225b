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
import type { RunLock } from './locks.ts';
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
  /** Lets other tabs work on it; `open` asks for it again. */
  close(): void;
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
  /** Resolves when this tab may work on the queue, with what lets go of that. */
  readonly lock: () => Promise<RunLock>;
}

const key = 'queue';

/** An empty queue that nobody works on yet. */
export function createQueue(options: QueueOptions): Queue {
  return new RunQueue(options);
}

/** A measurement under way: a person may want the engine in the middle of it. */
interface Taking {
  readonly measurement: Measurement;
  isLeft: boolean;
  done: Promise<void>;
}

class RunQueue implements Queue {
  readonly #options: QueueOptions;
  readonly #writing = createMutex();
  #data = emptyQueue;
  #lock: RunLock | null = null;
  /** Counts how often this tab came to the queue and left it. */
  #visit = 0;
  #taking: Taking | null = null;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    await this.#read();
    const mine = ++this.#visit;
    const own = async (lock: RunLock) => {
      // The page has been left while it waited.
      if (mine !== this.#visit) {
        lock.release();
        return;
      }
      this.#lock = lock;
      // Another tab may have worked on it until now.
      await this.#read();
      await this.#settle({ ...this.#data, isElsewhere: false });
    };
    void this.#options.lock().then(own).catch(this.#report);
  }

  close(): void {
    this.#visit += 1;
    this.#data = { ...this.#data, isElsewhere: true, runningId: null };
    this.#lock?.release();
    this.#lock = null;
  }

  state(): QueueState {
    const { runs, runningId, isPaused, measuring, isElsewhere } = this.#data;
    return { runs: [...runs], runningId, isPaused, measuring, isElsewhere };
  }

  async add(runs: readonly QueuedRun[], measurements: readonly Measurement[] = []): Promise<void> {
    await this.#settle(added(this.#data, runs, measurements));
  }

  async move(id: string, to: number): Promise<void> {
    await this.#settle(moved(this.#data, id, to));
  }

  async remove(id: string): Promise<void> {
    await this.#settle(removed(this.#data, id));
    await dropState(this.#options.storage(), id).catch(this.#report);
  }

  async setPaused(isPaused: boolean): Promise<void> {
    expectOwn(this.#data);
    await this.#settle({ ...this.#data, isPaused });
  }

  async setAside(): Promise<void> {
    if (this.#data.runningId === null && !this.#taking) return;
    this.#data = { ...this.#data, isPaused: true, runningId: null };
    if (this.#taking) this.#taking.isLeft = true;
    await this.#taking?.done;
    await this.#settle(this.#data);
  }

  needs = async (id: string): Promise<boolean> => {
    if (this.#data.isElsewhere) await this.#read();
    return needs(this.#data, id);
  };

  async ended(id: string): Promise<void> {
    if (this.#data.runs.some((run) => run.id === id)) await this.#settle(left(this.#data, id));
    else this.proceed();
  }

  proceed = (): void => {
    const due = dueIn(this.#data, this.#options.isBusy());
    if (!due) return;
    if (due.kind === 'measure') this.#take(due.measurement);
    else this.#start(due.run);
  };

  #report = (error: unknown): void => this.#options.emit({ kind: 'problem', problem: problemOf(error) });

  #tell(next: QueueData): void {
    this.#data = next;
    this.#options.emit({ kind: 'queue', queue: this.state() });
  }

  async #read(): Promise<void> {
    const kept = await this.#options.storage().records.get('queue', key);
    const readable = (run: QueuedRun) => {
      try {
        // A run of an earlier version lacks settings that have come since.
        return [{ ...run, experiment: parseExperiment(run.experiment) }];
      } catch (error) {
        this.#report(error);
        return [];
      }
    };
    const { isPaused = false, measurements = [], runs = [] } = kept ?? {};
    this.#data = { ...this.#data, isPaused, measurements, runs: runs.flatMap(readable) };
  }

  /** Takes a change over: onto the page, to the next run, and into storage. */
  async #settle(next: QueueData): Promise<void> {
    this.#tell(next);
    this.proceed();
    const { runs, isPaused, measurements } = this.#data;
    const write = () => this.#options.storage().records.put('queue', key, { runs, isPaused, measurements });
    await this.#writing(write).catch(this.#report);
  }

  #start(run: QueuedRun): void {
    this.#tell({ ...this.#data, runningId: run.id });
    void this.#options
      .start(run)
      .catch((error) => this.#fail(run, error).catch(this.#report))
      .finally(this.proceed);
  }

  /** A run that cannot be started is filed with its sentence, and the next one has its turn. */
  async #fail(run: QueuedRun, error: unknown): Promise<void> {
    const { storage, emit, failedRecord } = this.#options;
    this.#report(error);
    // A run that came as far as the device has filed itself.
    if (!this.#data.runs.includes(run)) return;
    const record = failedRecord(run, problemOf(error).message);
    await storage().records.put('runs', run.id, record).catch(this.#report);
    emit({ kind: 'savedRun', record });
    await this.#settle(left(this.#data, run.id));
  }

  #take(measurement: Measurement): void {
    const { study, seed } = measurement;
    const mine: Taking = { measurement, isLeft: false, done: Promise.resolve() };
    this.#data = { ...this.#data, measuring: { study, seed, activity: 'looking for its runs' } };
    this.#taking = mine;
    mine.done = this.#measure(mine).catch(this.#report);
  }

  /** A failure is told and costs the measures only; a measurement that is left for a person is taken another time. */
  async #measure(mine: Taking): Promise<void> {
    const { measurement } = mine;
    const { study, seed } = measurement;
    const onProgress: Progress = async (activity) => {
      if (mine.isLeft) throw new Error('left');
      this.#tell({ ...this.#data, measuring: { study, seed, activity } });
      // So that commands are heard on the twins too.
      await turn();
    };
    const outcome = await this.#options.measure(measurement, onProgress).then(
      () => 'taken' as const,
      (error: unknown) => (mine.isLeft ? ('left' as const) : this.#complain(measurement, error)),
    );
    this.#taking = null;
    const next = { ...this.#data, measuring: null };
    await this.#settle(outcome === 'left' ? next : measured(next, measurement));
  }

  #complain({ study, seed }: Measurement, error: unknown): 'failed' {
    const { kind, message } = problemOf(error);
    const action = 'The queue goes on; run this seed again to have its measures.';
    const problem = { kind, message: `measuring ${study}, seed ${seed}: ${message}`, action };
    this.#options.emit({ kind: 'problem', problem });
    return 'failed';
  }
}
