/**
 * Drives one run: pulls events from the training loop, keeps the page informed a few times per second, takes
 * snapshots, and moves the run to another runtime when a device is lost or a person switches. Whoever calls `prepare`,
 * `suspend` and `stop` calls them one at a time (`host.ts`); the others only say what is wanted.
 */
import type { Experiment } from '../config/schema.ts';
import type { Model } from '../model/model.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { maxInFlight } from '../runtime/runtime.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { Trainer } from '../train/trainer.ts';
import { isValidated, type TrainingEvent } from '../train/trainingLoop.ts';
import type { RunKeeper } from './keeper.ts';
import type { Phase, RunStatus } from './protocol.ts';
import { openRunEngine, type RunEngine } from './runEngine.ts';
import { createRunTelemetry } from './runTelemetry.ts';
import type { Telemetry } from './telemetry.ts';

/** Milliseconds between two snapshots, and before the first; saving one takes at most a twentieth of the time. */
const snapshotInterval = 10_000;
const firstSnapshot = 3000;
const savingShare = 20;

export interface RunOptions {
  readonly experiment: Experiment;
  readonly text: RunText;
  readonly startPaused: boolean;
  /** What it starts with, where not from scratch. */
  readonly weights: Float32Array | null;
  /** Where the run goes on from. */
  readonly snapshot: Snapshot | null;
  /** It has all its steps already: only its weights are opened. */
  readonly isFinished: boolean;
  /** Keeps its record and its snapshots. */
  readonly keeper: RunKeeper;
  /** Posts telemetry. */
  readonly emit: (telemetry: Telemetry) => void;
  /** Hears of what breaks the run off. */
  readonly onError: (error: unknown) => void;
  /** The run is over, and filed. */
  readonly onEnd: () => void;
}

export interface RunDriver {
  readonly experiment: Experiment;
  readonly text: RunText;
  readonly keeper: RunKeeper;
  status(): RunStatus;
  /** The weights of the moment; null while the run is being prepared. */
  model(): Model | null;
  trainer(): Trainer | null;
  /** Says what the run waits for. */
  announce(activity: string): void;
  /** Opens the run on a runtime, from the last snapshot if there is one. */
  prepare(runtime: Runtime): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  singleStep(): void;
  /** Lets go of the runtime; `prepare` goes on from there. Where it can be read, no step is lost. */
  suspend(canRead: boolean): Promise<void>;
  /** Ends the run as soon as the steps in flight are home; `stop` waits for that. */
  end(): void;
  stop(): Promise<void>;
  /** `problem` is why, in one sentence. */
  fail(problem: string): Promise<void>;
  /** Saves its state as soon as the steps in flight are home; answers the step. */
  save(): Promise<number>;
  setPace(delay: number): void;
}

/** A run that has not been prepared yet. */
export function createRunDriver(options: RunOptions): RunDriver {
  const { experiment, text, keeper, emit, onError, onEnd } = options;
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const telemetry = createRunTelemetry(experiment, text, emit);
  let phase: Phase = 'preparing';
  let activity = 'preparing';
  let wantsPause = options.startPaused;
  // Somebody waits for the steps in flight to come home, and no further ones.
  let wantsHold = false;
  let isEnded = options.isFinished;
  let isFiled = options.isFinished;
  let hasFailed = false;
  let allowance = 0;
  let pace = 0;
  let engine: RunEngine | null = null;
  let { snapshot } = options;
  let nextSnapshot = performance.now() + firstSnapshot;
  let driving: Promise<void> = Promise.resolve();
  let wake = () => {};
  let reported = snapshot?.step ?? 0;
  let backend: RunStatus['backend'] = 'cpu';
  let memoryBytes = 0;

  const status = (): RunStatus => {
    const rate = telemetry.tokensPerSecond();
    return {
      phase,
      backend,
      step: reported,
      steps: training.steps,
      tokensPerSecond: rate,
      secondsLeft: rate > 0 ? ((training.steps - reported) * tokensPerStep) / rate : null,
      activity,
      memoryBytes,
    };
  };
  const setPhase = (next: Phase, words: string = next) => {
    phase = next;
    activity = words;
    emit({ kind: 'status', status: status() });
  };
  const flush = () => {
    telemetry.flush();
    emit({ kind: 'status', status: status() });
  };
  const isSnapshotDue = () => performance.now() > nextSnapshot;
  const takeSnapshot = async () => {
    if (!engine) return;
    keeper.setClock(false);
    const start = performance.now();
    snapshot = await engine.trainer.snapshot();
    await keeper.save(snapshot, snapshot.step >= training.steps);
    const now = performance.now();
    nextSnapshot = now + Math.max(snapshotInterval, savingShare * (now - start));
    keeper.setClock(true);
  };
  const sleep = (milliseconds?: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (milliseconds !== undefined) setTimeout(resolve, milliseconds);
    });

  /** Waits without counting it as training. */
  const sleepAside = async (milliseconds?: number) => {
    keeper.setClock(false);
    await sleep(milliseconds);
    keeper.setClock(true);
  };
  const take = (event: TrainingEvent) => {
    telemetry.take(event);
    keeper.take(event);
  };

  /** Pulls events until the run ends or is suspended; stands still in a pause. */
  const drive = async (current: RunEngine) => {
    const { trainer, loop } = current;
    // A run that was suspended between a step and its validation owes it still.
    if (reported > 0 && isValidated(reported, training) && !keeper.isValidated(reported)) {
      take({ kind: 'validation', step: reported, ...(await current.evaluate()) });
    }
    keeper.setClock(true);
    while (engine === current) {
      // Only when nothing is in flight does the state belong to the last reported step.
      const isWhole = reported === trainer.step;
      if (isWhole && wantsHold) return;
      if (isWhole && wantsPause && allowance === 0) {
        telemetry.interrupt();
        if (phase !== 'paused') {
          await takeSnapshot();
          telemetry.flush();
          setPhase('paused');
        } else if (isSnapshotDue()) await takeSnapshot();
        else await sleepAside();
        continue;
      }
      if (!wantsPause && !wantsHold && phase !== 'running') setPhase('running');
      const { value: event, done } = await loop.next();
      if (engine !== current) return;
      if (done) {
        await takeSnapshot();
        isEnded = true;
        await settle('finished');
        return;
      }
      take(event);
      if (event.kind === 'step') {
        reported = event.step;
        if (allowance > 0) allowance--;
      }
      if (telemetry.isDue() || phase === 'paused') flush();
      if (isSnapshotDue() && reported === trainer.step) await takeSnapshot();
      // A turn of the event loop, so that requests are heard between steps on the twins too.
      if (pace > 0) await sleepAside(pace);
      else await sleep(0);
    }
  };

  /** The run is over: its record is filed once, its weights stay. */
  const settle = async (how: 'finished' | 'stopped') => {
    telemetry.flush();
    const isNews = !isFiled;
    isFiled = true;
    if (isNews) await keeper.end(how);
    setPhase('finished', how);
    if (isNews) onEnd();
  };
  const end = () => {
    isEnded = true;
    wantsHold = true;
    wake();
  };

  return {
    experiment,
    text,
    keeper,
    status,
    model: () => engine?.model ?? null,
    trainer: () => engine?.trainer ?? null,
    announce: (words) => setPhase('preparing', words),
    prepare: async (runtime) => {
      backend = runtime.kind;
      setPhase('preparing', 'preparing the run');
      const onProgress = (words: string) => setPhase('preparing', words);
      // A snapshot that is due, a pause or slow motion lets the steps in flight come home first.
      const ahead = () => (wantsHold || wantsPause || pace > 0 || isSnapshotDue() ? 1 : maxInFlight);
      const opened = await openRunEngine(runtime, { ...options, snapshot, ahead, onProgress });
      const { step } = opened.trainer;
      if (step < reported) telemetry.cut(step);
      keeper.resumeAt(step, backend);
      reported = step;
      memoryBytes = opened.memoryBytes;
      telemetry.interrupt();
      engine = opened;
      if (!isEnded) driving = drive(opened).catch(onError);
      else if (hasFailed) setPhase('failed');
      else await settle('stopped');
    },
    pause: async () => {
      if (phase !== 'running') return;
      wantsPause = true;
      while (phase === 'running') await new Promise((resolve) => setTimeout(resolve, 5));
    },
    resume: () => {
      wantsPause = false;
      wake();
    },
    singleStep: () => {
      if (phase !== 'paused') return;
      allowance++;
      wake();
    },
    suspend: async (canRead) => {
      const current = engine;
      if (canRead && current) {
        wantsHold = true;
        wake();
        await driving;
        await takeSnapshot();
        flush();
      }
      keeper.setClock(false);
      engine = null;
      wantsHold = isEnded;
      wake();
      if (!canRead) return;
      current?.destroy();
    },
    end,
    stop: async () => {
      end();
      await driving;
      if (hasFailed || isFiled) return;
      // A device that is lost at this moment leaves the last snapshot.
      await takeSnapshot().catch(onError);
      await settle('stopped');
    },
    fail: async (problem) => {
      if (hasFailed) return;
      hasFailed = true;
      end();
      setPhase('failed');
      await keeper.end('failed', problem);
      onEnd();
    },
    save: async () => {
      if (engine && !isEnded) {
        nextSnapshot = 0;
        wake();
        while (engine && !isEnded && isSnapshotDue()) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      return snapshot?.step ?? 0;
    },
    setPace: (delay) => {
      pace = delay;
      wake();
    },
  };
}
