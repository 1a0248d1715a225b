/** A machine of made-up speed: virtual time, clocks that round, queues that answer late, and runtimes upon them. */
import { createAnswers } from '../../src/runtime/answers.ts';
import type { Range } from '../../src/runtime/recording.ts';
import type { Data, Plan, Runtime } from '../../src/runtime/runtime.ts';

export interface VirtualTime {
  /** Milliseconds, exactly. */
  elapsed(): number;
  /** Work that holds the thread. */
  spend(milliseconds: number): void;
  /** Resolves at a moment; time passes while everybody waits. */
  until(moment: number): Promise<void>;
  sleep(milliseconds: number): Promise<void>;
  /** A clock that counts in steps of `resolution` milliseconds. */
  clock(resolution: number): () => number;
}

/** Reading a clock takes time too, or waiting for it to move would take forever. */
const reading = 0.0005;

export function createVirtualTime(): VirtualTime {
  let time = 0;
  let isRunning = false;
  const events: { moment: number; resolve: () => void }[] = [];
  const runNext = () => {
    events.sort((a, b) => a.moment - b.moment);
    const next = events.shift();
    isRunning = next !== undefined;
    if (!next) return;
    time = Math.max(time, next.moment);
    next.resolve();
    setImmediate(runNext);
  };
  const until = (moment: number) =>
    new Promise<void>((resolve) => {
      events.push({ moment, resolve });
      if (!isRunning) setImmediate(runNext);
      isRunning = true;
    });
  return {
    elapsed: () => time,
    spend: (milliseconds) => {
      time += milliseconds;
    },
    until,
    sleep: (milliseconds) => until(time + milliseconds),
    clock: (resolution) => () => {
      time += reading;
      return Math.floor(time / resolution) * resolution;
    },
  };
}

export interface VirtualQueue {
  /** Resolves when the queue tells that work of so many milliseconds, and all before it, is done. */
  work(milliseconds: number): Promise<void>;
  /** As of a GPUQueue: an empty submit, and the answer when all work is done. */
  submit(buffers: Iterable<unknown>): undefined;
  onSubmittedWorkDone(): Promise<undefined>;
}

/**
 * A queue that tells of finished work after `latency` milliseconds; or, with `every`, when it looks: so often, and
 * whenever something is submitted (as Firefox does).
 */
export function createVirtualQueue(
  time: VirtualTime,
  { latency = 0, every = 0 }: { latency?: number; every?: number },
): VirtualQueue {
  let busyUntil = 0;
  const waiting: { end: number; resolve: () => void }[] = [];
  const look = () => {
    for (const one of waiting.splice(0)) {
      if (one.end <= time.elapsed()) one.resolve();
      else waiting.push(one);
    }
  };
  const done = (end: number): Promise<void> => {
    if (every === 0) return time.until(end + latency);
    const answer = new Promise<void>((resolve) => waiting.push({ end, resolve }));
    const tick = every * Math.ceil(Math.max(end, time.elapsed() + 1e-6) / every);
    void time.until(tick).then(look);
    return answer;
  };
  return {
    work: (milliseconds) => {
      busyUntil = Math.max(busyUntil, time.elapsed()) + milliseconds;
      look();
      return done(busyUntil);
    },
    submit: () => {
      look();
      return undefined;
    },
    onSubmittedWorkDone: async () => {
      // An idle queue tells so when it looks next.
      await done(Math.max(busyUntil, time.elapsed() + 2));
      return undefined;
    },
  };
}

/** Milliseconds of a step, the first of which takes longer. */
interface Pace {
  readonly step: number;
  readonly first?: number;
}

/** A GPU whose steps take so long on its queue. */
export async function virtualGpu(time: VirtualTime, queue: VirtualQueue, pace: Pace): Promise<Runtime> {
  const answers = await createAnswers(queue, time.clock(1), time.sleep);
  return runtimeOf('gpu', pace, (milliseconds) => answers.wait(queue.work(milliseconds)));
}

/** Twins whose steps hold the thread. */
export function virtualTwins(time: VirtualTime, pace: Pace): Runtime {
  return runtimeOf('cpu', pace, async (milliseconds) => time.spend(milliseconds));
}

function runtimeOf(
  kind: Runtime['kind'],
  { step, first = step }: Pace,
  work: (milliseconds: number) => Promise<void>,
): Runtime {
  let steps = 0;
  const compile: Runtime['compile'] = async (
    { launches },
    { report = [], onProgress = () => {} } = {},
  ): Promise<Plan> => {
    onProgress('compiling');
    return {
      memoryBytes: 0,
      submits: 1,
      launches,
      run: async () => {
        await work(steps++ === 0 ? first : step);
        return report.map(zeros);
      },
      read: async (range) => zeros(range),
      profile: async () => [],
      destroy: () => {},
    };
  };
  return {
    kind,
    memory: () => ({ bytes: 0, peakBytes: 0 }),
    compile,
    write: () => {},
    read: async (ranges) => ranges.map(zeros),
    release: () => {},
    destroy: () => {},
  };
}

function zeros({ storage, length }: Range): Data {
  return storage.type === 'u32' ? new Uint32Array(length) : new Float32Array(length);
}
