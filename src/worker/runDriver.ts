/**
 * Drives one run: pulls events from the training loop, keeps the page informed a few times per second, takes
 * snapshots, and moves the run to another runtime when a device is lost or a person switches. Whoever calls `prepare`,
 * `suspend` and `stop` calls them one at a time (`host.ts`); the others only say what is wanted.
 */
import type { Experiment } from '../config/schema.ts';
import type { Runtime } from '../gpu/runtime.ts';
import { maxInFlight } from '../gpu/runtime.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import { createEvaluator, type Evaluation, type Evaluator } from '../train/evaluation.ts';
import { type Model, modelOfTrainer } from '../train/model.ts';
import { heldOut, type RunText } from '../train/text.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import { isValidated, type TrainingEvent, trainingLoop } from '../train/trainingLoop.ts';
import { validate } from '../train/validation.ts';
import type { Phase, RunStatus, Telemetry } from './protocol.ts';
import { createRunTelemetry } from './runTelemetry.ts';

/** Milliseconds between two snapshots. */
const snapshotInterval = 10_000;
const validationWindows = 32;
const validationRounds = 4;

export interface RunOptions {
  readonly experiment: Experiment;
  readonly text: RunText;
  readonly startPaused: boolean;
  /** Posts telemetry. */
  readonly emit: (telemetry: Telemetry) => void;
  /** Hears of what breaks the run off. */
  readonly onError: (error: unknown) => void;
}

export interface RunDriver {
  readonly experiment: Experiment;
  readonly text: RunText;
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
  fail(): void;
  setPace(delay: number): void;
}

interface Engine {
  readonly trainer: Trainer;
  readonly evaluator: Evaluator;
  readonly model: Model;
  readonly loop: AsyncGenerator<TrainingEvent>;
  readonly evaluate: () => Promise<Evaluation>;
}

/** A run that has not been prepared yet. */
export function createRunDriver({ experiment, text, startPaused, emit, onError }: RunOptions): RunDriver {
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const held = heldOut(text, validationWindows);
  const telemetry = createRunTelemetry(experiment, text, emit);
  let phase: Phase = 'preparing';
  let activity = 'preparing';
  let wantsPause = startPaused;
  // Somebody waits for the steps in flight to come home, and no further ones.
  let wantsHold = false;
  let isEnded = false;
  let hasFailed = false;
  let allowance = 0;
  let pace = 0;
  let engine: Engine | null = null;
  let snapshot: Snapshot | null = null;
  let lastSnapshot = performance.now();
  let driving: Promise<void> = Promise.resolve();
  let wake = () => {};
  let reported = 0;
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
  const isSnapshotDue = () => performance.now() - lastSnapshot > snapshotInterval;
  const takeSnapshot = async () => {
    if (!engine) return;
    snapshot = await engine.trainer.snapshot();
    lastSnapshot = performance.now();
  };
  const sleep = (milliseconds?: number) =>
    new Promise<void>((resolve) => {
      wake = resolve;
      if (milliseconds !== undefined) setTimeout(resolve, milliseconds);
    });

  /** Pulls events until the run ends or is suspended; stands still in a pause. */
  const drive = async (current: Engine) => {
    const { trainer, loop, evaluate } = current;
    // A run that was suspended between a step and its validation owes it still.
    if (reported > 0 && isValidated(reported, training) && !telemetry.isValidated(reported)) {
      telemetry.take({ kind: 'validation', step: reported, ...(await evaluate()) });
    }
    while (engine === current) {
      // Only when nothing is in flight does the state belong to the last reported step.
      const isWhole = reported === trainer.step;
      if (isWhole && wantsHold) return;
      if (isWhole && wantsPause && allowance === 0) {
        telemetry.interrupt();
        if (phase === 'paused') await sleep();
        else {
          await takeSnapshot();
          telemetry.flush();
          setPhase('paused');
        }
        continue;
      }
      if (!wantsPause && !wantsHold && phase !== 'running') setPhase('running');
      const { value: event, done } = await loop.next();
      if (engine !== current) return;
      if (done) {
        await takeSnapshot();
        flush();
        isEnded = true;
        setPhase('finished');
        return;
      }
      telemetry.take(event);
      if (event.kind === 'step') {
        reported = event.step;
        if (allowance > 0) allowance--;
      }
      if (telemetry.isDue() || phase === 'paused') flush();
      if (isSnapshotDue() && reported === trainer.step) await takeSnapshot();
      // A turn of the event loop, so that requests are heard between steps on the twins too.
      await sleep(pace);
    }
  };

  const open = async (runtime: Runtime, trainer: Trainer): Promise<Engine> => {
    if (snapshot) trainer.restore(snapshot);
    const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, training.batchSize);
    memoryBytes = trainer.plan.memoryBytes + evaluator.plan.memoryBytes;
    const model = modelOfTrainer(trainer, text.tokenizer);
    const evaluate = () => validate(evaluator, model, held, validationRounds);
    // A snapshot that is due, a pause or slow motion lets the steps in flight come home first.
    const ahead = () => (wantsHold || wantsPause || pace > 0 || isSnapshotDue() ? 1 : maxInFlight);
    const loop = trainingLoop(trainer, text, { ...training, evaluate, ahead });
    return { trainer, evaluator, model, loop, evaluate };
  };
  const end = () => {
    isEnded = true;
    wantsHold = true;
    wake();
  };

  return {
    experiment,
    text,
    status,
    model: () => engine?.model ?? null,
    trainer: () => engine?.trainer ?? null,
    announce: (words) => setPhase('preparing', words),
    prepare: async (runtime) => {
      backend = runtime.kind;
      setPhase('preparing', 'preparing the run');
      const onProgress = (words: string) => setPhase('preparing', words);
      const trainer = await createTrainer(runtime, experiment, text.tokenizer.vocabularySize, onProgress);
      const opened = await open(runtime, trainer).catch((error: unknown) => {
        trainer.destroy();
        throw error;
      });
      if (trainer.step < reported) telemetry.cut(trainer.step);
      reported = trainer.step;
      telemetry.interrupt();
      engine = opened;
      if (isEnded) setPhase(hasFailed ? 'failed' : 'finished');
      else driving = drive(opened).catch(onError);
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
      engine = null;
      wantsHold = isEnded;
      wake();
      if (!canRead) return;
      current?.model.destroy();
      current?.evaluator.destroy();
      current?.trainer.destroy();
    },
    end,
    stop: async () => {
      end();
      await driving;
      telemetry.flush();
      if (!hasFailed && phase !== 'finished') setPhase('finished', 'stopped');
    },
    fail: () => {
      hasFailed = true;
      end();
      setPhase('failed');
    },
    setPace: (delay) => {
      pace = delay;
      wake();
    },
  };
}
