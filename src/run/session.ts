/**
 * A run in progress: does what the state machine (`state.ts`) says, one piece of work at a time, and tells of it. The page
 * and the command line drive runs through this alone; they differ in the ports. Not here: which run has the device
 * (`src/worker/scheduler.ts`), where states and records are kept.
 */
import { turn } from '../base/turn.ts';
import type { RunRecord, RunStatus } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Model } from '../model/model.ts';
import { maxInFlight, type Runtime } from '../runtime/runtime.ts';
import { hashOfSnapshot, type Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { costOf } from './cost.ts';
import { openRunEngine, type RunEngine } from './engine.ts';
import { divergenceOf, divergenceOfState } from './finite.ts';
import { createRunCollector, type RunIdentity } from './record.ts';
import { createSpeedometer } from './speedometer.ts';
import { type Effect, initialState, type RunEvent, type RunState, reduce } from './state.ts';

/** What a run tells while it goes on. */
export type RunNews =
  /** Its status has changed. */
  | { readonly kind: 'status'; readonly status: RunStatus }
  /** A step came home, or a validation; with the speed, in tokens per second (not a number while it is not known). */
  | {
      readonly kind: 'event';
      readonly event: TrainingEvent;
      readonly tokensPerSecond: number;
      readonly status: () => RunStatus;
    }
  /** It went back to a snapshot: what was told of later steps is void and comes again. */
  | { readonly kind: 'rewound'; readonly step: number };

/** What a run needs of the place it runs in. */
export interface RunPorts {
  tell(news: RunNews): void;
  /** Keeps the state of training with the record up to it; answers whether it is safe. Complains by itself. */
  save(snapshot: Snapshot, record: RunRecord): Promise<boolean>;
  /** The run is over. `last` is the last state that is safe to keep, if there is one. Complains by itself. */
  end(record: RunRecord, last: Snapshot | null): Promise<void>;
  /** The weights of the moment, for whoever looks into them; null before they go. Resolves when nobody uses the last ones. */
  publish(model: Model | null): Promise<void>;
  /** Whether a device is gone: what failed on it failed for that, and the run goes on on another. */
  isLost(runtime: Runtime): Promise<boolean>;
  /** Hears of what ends the run as failed. */
  report(error: unknown): void;
  /** Adapter or processor, in words, for the record. */
  adapterOf(runtime: Runtime): string;
  /** Milliseconds until the next save after one that took so long; `null` before the first. */
  saveAfter(milliseconds: number | null): number;
  /** Hears how long a step takes, in seconds, as long as nothing but training takes time. */
  timed?(secondsPerStep: number): void;
  /** Milliseconds; for tests. */
  readonly now?: () => number;
}

export interface RunOptions {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: RunText;
  /** What it starts with, where not from scratch. */
  readonly weights: Float32Array | null;
  /** Where it goes on from, and its record up to there. */
  readonly snapshot: Snapshot | null;
  readonly earlier: RunRecord | null;
  readonly startPaused: boolean;
}

export interface RunSession {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: RunText;
  state(): RunState;
  status(): RunStatus;
  record(): RunRecord;
  /** Says what the run waits for, before it has a device. */
  announce(activity: string): void;
  /** Compiles the run on a device; resolves when it is open, or over. */
  enter(runtime: Runtime): Promise<void>;
  /** Lets go of the device; where it can be read, no step is lost. */
  leave(canRead: boolean): Promise<void>;
  /** Resolves when it stands still (or is over). */
  pause(): Promise<void>;
  resume(): void;
  singleStep(): void;
  /** Ends it when the steps in flight are home; resolves when it is filed. */
  stop(): Promise<void>;
  /** What ran on its device cannot be trusted: it ends as failed. */
  fail(problem: string): void;
  /** Saves its state when the steps in flight are home; answers the step that is safe, 0 where none is. */
  save(): Promise<number>;
  /** Milliseconds between two steps: slow motion. 0 is full speed. */
  setPace(delay: number): void;
  /** Of its weights and the state of its optimizer, and the step they belong to. */
  stateHash(): Promise<{ hash: string; step: number }>;
  /** Resolves when it is filed. */
  readonly ended: Promise<void>;
}

/** A run that has no device yet. */
export function createRunSession(options: RunOptions, ports: RunPorts): RunSession {
  const { identity, experiment, text } = options;
  const { training, data } = experiment;
  const { now = () => performance.now() } = ports;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const memory = costOf(experiment, text.tokenizer.vocabularySize).memoryBytes;
  const speed = createSpeedometer(tokensPerStep);
  const collector = createRunCollector({ identity, experiment, text }, options.earlier);
  const waiting = new Set<{ holds: (state: RunState) => boolean; resolve: () => void }>();
  const held: Held = {
    state: initialState(training.steps, {
      startPaused: options.startPaused,
      saved: options.snapshot?.step ?? -1,
    }),
    // Whatever began before the device was lost ends for nobody.
    epoch: 0,
    runtime: null,
    engine: null,
    snapshot: options.snapshot,
    // The step of the last state that the port has kept.
    kept: options.snapshot?.step ?? 0,
    activity: 'waiting for the device',
    pace: 0,
    wake: () => {},
    nextSave: Number.POSITIVE_INFINITY,
  };

  const status = (): RunStatus => {
    const { phase, ending, step } = held.state;
    const rate = speed.rate();
    return {
      run: identity.id,
      name: identity.name,
      created: identity.created,
      phase,
      ending: phase === 'ended' ? ending : null,
      problem: held.state.problem,
      backend: held.runtime?.kind ?? 'cpu',
      step,
      steps: training.steps,
      tokensPerSecond: Number.isNaN(rate) ? 0 : rate,
      secondsLeft: Number.isNaN(rate) ? null : ((training.steps - step) * tokensPerStep) / rate,
      activity: held.activity,
      memoryBytes: memory,
    };
  };
  const tellStatus = () => ports.tell({ kind: 'status', status: status() });
  const announce = (activity: string) => {
    held.activity = activity;
    tellStatus();
  };
  const until = (holds: (state: RunState) => boolean) =>
    new Promise<void>((resolve) => {
      if (holds(held.state)) resolve();
      else waiting.add({ holds, resolve });
    });

  const dispatch = (event: RunEvent): void => {
    const before = held.state;
    const { state, effect } = reduce(before, event);
    held.state = state;
    held.wake();
    if (state.phase !== 'running') {
      collector.stopClock();
      speed.interrupt();
    }
    const isStepOfPause = state.phase === 'paused' && state.step !== before.step;
    if (state.phase !== before.phase || isStepOfPause) tellStatus();
    for (const one of waiting) {
      if (!one.holds(state)) continue;
      waiting.delete(one);
      one.resolve();
    }
    if (effect) void perform(effect);
  };
  /** Does a piece of work and says how it ended, unless the device was lost meanwhile. */
  const perform = async (effect: Effect): Promise<void> => {
    const mine = held.epoch;
    const isMine = () => mine === held.epoch;
    const event = await workOf(effect, isMine).catch(async (error: unknown): Promise<RunEvent> => {
      if (isMine() && held.runtime && (await ports.isLost(held.runtime))) return { kind: 'lost' };
      if (isMine()) ports.report(error);
      return { kind: 'broke', problem: error instanceof Error ? error.message : String(error) };
    });
    if (!isMine()) return;
    if (event.kind === 'lost') lose();
    else dispatch(event);
  };
  const workOf = (effect: Effect, isMine: () => boolean): Promise<RunEvent> => {
    switch (effect.kind) {
      case 'open':
        return open(isMine);
      case 'pull':
        return pull({ none: 0, one: 1, many: held.pace > 0 ? 1 : maxInFlight }[effect.ahead]);
      case 'save':
        return save();
      case 'close':
        return close();
      case 'file':
        return file();
      default:
        return effect satisfies never;
    }
  };
  const open = async (isMine: () => boolean): Promise<RunEvent> => {
    const runtime = held.runtime!;
    announce('preparing the run');
    const { snapshot } = held;
    const engine = await openRunEngine(runtime, { ...options, snapshot, onProgress: announce });
    if (!isMine()) {
      engine.destroy();
      return { kind: 'closed' };
    }
    const { step } = engine.trainer;
    if (step < held.state.step) ports.tell({ kind: 'rewound', step });
    collector.goOn(step, runtime.kind, ports.adapterOf(runtime));
    held.engine = engine;
    held.nextSave = now() + ports.saveAfter(null);
    await ports.publish(engine.model);
    return { kind: 'opened', step, saved: snapshot?.step ?? -1 };
  };
  const pull = async (ahead: number): Promise<RunEvent> => {
    const { loop } = held.engine!;
    if (ahead > 0 && held.pace > 0 && !(await rest(held.pace))) {
      return { kind: 'pulled', step: null, inFlight: loop.inFlight, isDone: false, isSaveDue: false };
    }
    collector.startClock(now());
    const event = await loop.next(ahead);
    const facts = { inFlight: loop.inFlight, isDone: event === null, isSaveDue: now() > held.nextSave };
    if (event === null) return { kind: 'pulled', step: null, ...facts };
    const problem = divergenceOf(event);
    if (problem) return { kind: 'diverged', problem };
    collector.take(event, now());
    if (event.kind === 'step') speed.step(now());
    else speed.interrupt();
    if (held.pace === 0 && !Number.isNaN(speed.rate())) ports.timed?.(tokensPerStep / speed.rate());
    // The state machine hears of the step when this piece of work ends.
    const statusThen = () => ({ ...status(), step: event.step });
    ports.tell({ kind: 'event', event, tokensPerSecond: speed.rate(), status: statusThen });
    // So that requests are heard between steps on the twins too.
    await turn();
    return { kind: 'pulled', step: event.kind === 'step' ? event.step : null, ...facts };
  };
  const save = async (): Promise<RunEvent> => {
    collector.stopClock();
    speed.interrupt();
    const start = now();
    const snapshot = await held.engine!.trainer.snapshot();
    const problem = divergenceOfState(snapshot);
    if (problem) return { kind: 'diverged', problem };
    held.snapshot = snapshot;
    if (await ports.save(snapshot, collector.record('stopped'))) held.kept = snapshot.step;
    held.nextSave = now() + ports.saveAfter(now() - start);
    return { kind: 'saved', step: snapshot.step };
  };
  const close = async (): Promise<RunEvent> => {
    const { engine } = held;
    held.engine = null;
    await ports.publish(null);
    engine?.destroy();
    return { kind: 'closed' };
  };
  const file = async (): Promise<RunEvent> => {
    const { ending, problem } = held.state;
    await ports.end(collector.record(ending!, problem), held.snapshot);
    return { kind: 'filed' };
  };
  /** Milliseconds of rest between two steps; answers false where something else was asked for meanwhile. */
  const rest = (milliseconds: number) => {
    collector.stopClock();
    return new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), milliseconds);
      held.wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  };
  /** The device is gone: what was under way ends for nobody, the weights with it. */
  const lose = () => {
    held.epoch += held.state.doing === 'file' ? 0 : 1;
    held.engine = null;
    void ports.publish(null);
    dispatch({ kind: 'lost' });
  };
  const isOver = ({ phase }: RunState) => phase === 'ended';
  const isAway = ({ phase, isOpen }: RunState) => phase === 'suspended' || (phase === 'ended' && !isOpen);

  return {
    identity,
    experiment,
    text,
    state: () => held.state,
    status,
    record: () => collector.record(held.state.ending ?? 'stopped', held.state.problem),
    announce,
    enter: async (runtime) => {
      if (isOver(held.state)) return;
      held.runtime = runtime;
      dispatch({ kind: 'lend' });
      await until(({ phase, isOpen }) => isOpen || phase !== 'preparing');
    },
    leave: async (canRead) => {
      if (canRead) dispatch({ kind: 'recall' });
      else lose();
      await until(isAway);
    },
    pause: async () => {
      dispatch({ kind: 'pause' });
      await until(
        ({ phase, wants }) => phase === 'paused' || phase === 'ended' || phase === 'suspended' || wants === 'run',
      );
    },
    resume: () => dispatch({ kind: 'resume' }),
    singleStep: () => dispatch({ kind: 'singleStep' }),
    stop: async () => {
      dispatch({ kind: 'stop' });
      await until(isOver);
    },
    fail: (problem) => {
      if (held.state.doing === 'file') return;
      // What is under way ends for nobody.
      held.epoch += 1;
      dispatch({ kind: 'broke', problem });
    },
    save: async () => {
      dispatch({ kind: 'saveDue' });
      await until(({ isSaveDue }) => !isSaveDue);
      return held.kept;
    },
    setPace: (delay) => {
      held.pace = delay;
      held.wake();
    },
    stateHash: async () => {
      const snapshot = (await held.engine?.trainer.snapshot()) ?? held.snapshot;
      const step = snapshot?.step ?? 0;
      return { hash: snapshot ? await hashOfSnapshot(snapshot) : '', step };
    },
    ended: until(isOver),
  };
}

/** What a session holds beside its state: the same object for as long as it lives. */
interface Held {
  state: RunState;
  epoch: number;
  runtime: Runtime | null;
  engine: RunEngine | null;
  snapshot: Snapshot | null;
  kept: number;
  activity: string;
  pace: number;
  wake: () => void;
  nextSave: number;
}
