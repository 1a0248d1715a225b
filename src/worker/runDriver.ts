/**
 * Drives one run: pulls events from the training loop, keeps the page informed a few times per second, takes
 * snapshots, and moves the run to another runtime when a device is lost or a person switches.
 */
import type { Experiment } from '../config/schema.ts';
import type { Runtime } from '../gpu/runtime.ts';
import { maxInFlight } from '../gpu/runtime.ts';
import type { Snapshot } from '../train/checkpoint.ts';
import { createEvaluator, type Evaluator } from '../train/evaluation.ts';
import { type Model, modelOfTrainer } from '../train/model.ts';
import type { RunText } from '../train/text.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import { type TrainingEvent, trainingLoop } from '../train/trainingLoop.ts';
import type { Phase, RunStatus, Telemetry } from './protocol.ts';

/** Milliseconds between two messages of metrics, and between two snapshots. */
const flushInterval = 150;
const snapshotInterval = 10_000;
/** Steps that the shown speed is a mean of. */
const meanSteps = 32;
const validationWindows = 32;
const validationRounds = 4;

export interface RunDriver {
  readonly experiment: Experiment;
  readonly text: RunText;
  status(): RunStatus;
  /** The weights of the moment; null while the run is being prepared. */
  model(): Model | null;
  trainer(): Trainer | null;
  /** Opens the run on a runtime, from the last snapshot if there is one. */
  prepare(runtime: Runtime): Promise<void>;
  pause(): Promise<void>;
  resume(): void;
  singleStep(): void;
  /** Takes a snapshot and lets go of the runtime; `prepare` goes on from there. */
  suspend(canRead: boolean): Promise<void>;
  stop(): Promise<void>;
  fail(): void;
  setPace(delay: number): void;
}

interface Engine {
  trainer: Trainer;
  evaluator: Evaluator;
  model: Model;
  loop: AsyncGenerator<TrainingEvent>;
}

/** A run that has not been prepared yet. `emit` posts telemetry; `onError` hears of what ends it. */
export function createRunDriver(
  experiment: Experiment,
  text: RunText,
  startPaused: boolean,
  emit: (telemetry: Telemetry) => void,
  onError: (error: unknown) => void,
): RunDriver {
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.tokensPerCharacter / Math.LN2;
  const windows = text.validationWindows(validationWindows);
  let phase: Phase = 'preparing';
  let activity = 'preparing';
  let wantsPause = startPaused;
  let isEnded = false;
  let allowance = 0;
  let pace = 0;
  let engine: Engine | null = null;
  let snapshot: Snapshot | null = null;
  let lastSnapshot = performance.now();
  let driving: Promise<void> = Promise.resolve();
  let wake = () => {};
  let reported = 0;
  let rate = 0;
  // When the latest steps came home; steps in flight come in bursts, so the speed is a mean over several.
  let stepTimes: number[] = [];
  let backend: RunStatus['backend'] = 'cpu';
  let memoryBytes = 0;
  const pending: { step: number[]; loss: number[]; gradNorm: number[]; tokensPerSecond: number[] } = {
    step: [],
    loss: [],
    gradNorm: [],
    tokensPerSecond: [],
  };
  let lastLoad: Telemetry | null = null;
  let lastFlush = 0;

  const status = (): RunStatus => ({
    phase,
    backend,
    step: reported,
    steps: training.steps,
    tokensPerSecond: rate,
    secondsLeft: rate > 0 ? ((training.steps - reported) * tokensPerStep) / rate : null,
    activity,
    memoryBytes,
  });
  const setPhase = (next: Phase, words: string = next) => {
    phase = next;
    activity = words;
    emit({ kind: 'status', status: status() });
  };
  const flush = () => {
    lastFlush = performance.now();
    if (pending.step.length > 0) {
      emit({
        kind: 'metrics',
        step: Float64Array.from(pending.step.splice(0)),
        loss: Float32Array.from(pending.loss.splice(0)),
        gradNorm: Float32Array.from(pending.gradNorm.splice(0)),
        tokensPerSecond: Float32Array.from(pending.tokensPerSecond.splice(0)),
      });
    }
    if (lastLoad) emit(lastLoad);
    lastLoad = null;
    emit({ kind: 'status', status: status() });
  };
  const takeSnapshot = async () => {
    if (!engine) return;
    snapshot = await engine.trainer.snapshot();
    lastSnapshot = performance.now();
  };

  const take = (event: TrainingEvent) => {
    if (event.kind === 'validation') {
      emit({ kind: 'validation', step: event.step, bpc: event.bpc, standardError: event.standardError });
      stepTimes = [];
      return;
    }
    const now = performance.now();
    stepTimes = [...stepTimes.slice(-meanSteps), now];
    const elapsed = now - stepTimes[0];
    // The first few steps after an interruption say little about the speed.
    if (elapsed > 0 && (rate === 0 || stepTimes.length > 4)) {
      rate = (1000 * tokensPerStep * (stepTimes.length - 1)) / elapsed;
    }
    reported = event.step;
    pending.step.push(event.step);
    pending.loss.push(event.loss * bits);
    pending.gradNorm.push(event.gradNorm);
    pending.tokensPerSecond.push(rate);
    const layers = event.maxVio.length;
    if (layers > 0) {
      const { load, maxVio } = event;
      lastLoad = { kind: 'load', step: event.step, layers, experts: load.length / layers, load, maxVio };
    }
  };

  /** Pulls events until the run ends, is suspended, or stands still in a pause. */
  const drive = async ({ trainer, loop }: Engine) => {
    while (!isEnded && engine?.loop === loop) {
      const isBehind = reported < trainer.step;
      if (wantsPause && allowance === 0 && !isBehind) {
        flush();
        if (phase !== 'paused') {
          await takeSnapshot();
          setPhase('paused');
        }
        stepTimes = [];
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (!wantsPause && phase !== 'running') setPhase('running');
      const { value: event, done } = await loop.next();
      if (engine?.loop !== loop || isEnded) return;
      if (done) {
        await takeSnapshot();
        flush();
        setPhase('finished');
        return;
      }
      take(event);
      if (event.kind === 'step' && allowance > 0) allowance--;
      if (performance.now() - lastFlush > flushInterval) flush();
      // Only when nothing is in flight does the state belong to the last reported step.
      if (performance.now() - lastSnapshot > snapshotInterval && reported === trainer.step) await takeSnapshot();
      // A turn of the event loop, so that requests are heard between steps on the twins too.
      await new Promise((resolve) => setTimeout(resolve, pace));
    }
  };

  return {
    experiment,
    text,
    status,
    model: () => engine?.model ?? null,
    trainer: () => engine?.trainer ?? null,
    prepare: async (runtime) => {
      backend = runtime.kind;
      setPhase('preparing', 'preparing the run');
      const onProgress = (words: string) => setPhase('preparing', words);
      const trainer = await createTrainer(runtime, experiment, text.tokenizer.vocabularySize, onProgress);
      if (snapshot) trainer.restore(snapshot);
      reported = trainer.step;
      const evaluator = await createEvaluator(runtime, experiment, trainer.parameters, training.batchSize);
      memoryBytes = trainer.plan.memoryBytes + evaluator.plan.memoryBytes;
      const { tokensPerCharacter } = text;
      const evaluate = () => evaluator.evaluate(windows, { rounds: validationRounds, tokensPerCharacter });
      // A snapshot that is due, a pause or slow motion lets the steps in flight come home first.
      const isSnapshotDue = () => performance.now() - lastSnapshot > snapshotInterval;
      const ahead = () => (wantsPause || pace > 0 || isSnapshotDue() ? 1 : maxInFlight);
      const loop = trainingLoop(trainer, text, { ...training, evaluate, ahead });
      engine = { trainer, evaluator, model: modelOfTrainer(trainer, text.tokenizer), loop };
      stepTimes = [];
      if (isEnded) {
        setPhase('finished');
        return;
      }
      driving = drive(engine).catch(async (error: unknown) => {
        // A lost device fails the step too, and is reported by the runtime, which suspends the run: let it come first.
        await new Promise((resolve) => setTimeout(resolve, 100));
        if (engine?.loop === loop) onError(error);
      });
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
      if (canRead) await takeSnapshot();
      engine = null;
      wake();
      if (canRead) {
        await driving;
        current?.model.destroy();
        current?.evaluator.destroy();
        current?.trainer.destroy();
      }
    },
    stop: async () => {
      isEnded = true;
      wake();
      await driving;
      if (phase !== 'failed') setPhase('finished', 'stopped');
    },
    fail: () => {
      isEnded = true;
      wake();
      setPhase('failed');
    },
    setPace: (delay) => {
      pace = delay;
    },
  };
}
