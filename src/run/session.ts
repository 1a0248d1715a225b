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
import { createRunCollector, type RunCollector, type RunIdentity } from './record.ts';
import { createSpeedometer, type Speedometer } from './speedometer.ts';
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
  return new Session(options, ports);
}

const isOver = ({ phase }: RunState) => phase === 'ended';
const isAway = ({ phase, isOpen }: RunState) => phase === 'suspended' || (phase === 'ended' && !isOpen);
const standsStill = (state: RunState) =>
  state.phase === 'paused' || state.phase === 'suspended' || isOver(state) || state.wants === 'run';

/** Owns what the run has on the device. Everything that happens to it goes through `dispatch`. */
class Session implements RunSession {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: RunText;
  readonly ended: Promise<void>;
  readonly #options: RunOptions;
  readonly #ports: RunPorts;
  readonly #now: () => number;
  readonly #tokensPerStep: number;
  readonly #memoryBytes: number;
  readonly #speed: Speedometer;
  readonly #collector: RunCollector;
  readonly #waiting = new Set<{ readonly holds: (state: RunState) => boolean; readonly resolve: () => void }>();
  #state: RunState;
  /** Whatever began before the device was lost ends for nobody. */
  #epoch = 0;
  #runtime: Runtime | null = null;
  #engine: RunEngine | null = null;
  #snapshot: Snapshot | null;
  /** The step of the last state that the port has kept. */
  #kept: number;
  #activity = 'waiting for the device';
  #pace = 0;
  #wake = () => {};
  #nextSave = Number.POSITIVE_INFINITY;

  constructor(options: RunOptions, ports: RunPorts) {
    const { identity, experiment, text, snapshot, startPaused, earlier } = options;
    const { training, data } = experiment;
    this.identity = identity;
    this.experiment = experiment;
    this.text = text;
    this.#options = options;
    this.#ports = ports;
    this.#now = ports.now ?? (() => performance.now());
    this.#tokensPerStep = training.batchSize * data.sequenceLength;
    this.#memoryBytes = costOf(experiment, text.tokenizer.vocabularySize).memoryBytes;
    this.#speed = createSpeedometer(this.#tokensPerStep);
    this.#collector = createRunCollector({ identity, experiment, text }, earlier);
    this.#state = initialState(training.steps, { startPaused, saved: snapshot?.step ?? -1 });
    this.#snapshot = snapshot;
    this.#kept = snapshot?.step ?? 0;
    this.ended = this.#until(isOver);
  }

  state(): RunState {
    return this.#state;
  }

  status(): RunStatus {
    const { phase, ending, step, steps, problem } = this.#state;
    const rate = this.#speed.rate();
    return {
      run: this.identity.id,
      name: this.identity.name,
      created: this.identity.created,
      phase,
      ending: phase === 'ended' ? ending : null,
      problem,
      backend: this.#runtime?.kind ?? 'cpu',
      step,
      steps,
      tokensPerSecond: Number.isNaN(rate) ? 0 : rate,
      secondsLeft: Number.isNaN(rate) ? null : ((steps - step) * this.#tokensPerStep) / rate,
      activity: this.#activity,
      memoryBytes: this.#memoryBytes,
    };
  }

  async enter(runtime: Runtime): Promise<void> {
    if (isOver(this.#state)) return;
    this.#runtime = runtime;
    this.#dispatch({ kind: 'lend' });
    await this.#until(({ phase, isOpen }) => isOpen || phase !== 'preparing');
  }

  async leave(canRead: boolean): Promise<void> {
    if (canRead) this.#dispatch({ kind: 'recall' });
    else this.#lose();
    await this.#until(isAway);
  }

  async pause(): Promise<void> {
    this.#dispatch({ kind: 'pause' });
    await this.#until(standsStill);
  }

  resume(): void {
    this.#dispatch({ kind: 'resume' });
  }

  singleStep(): void {
    this.#dispatch({ kind: 'singleStep' });
  }

  async stop(): Promise<void> {
    this.#dispatch({ kind: 'stop' });
    await this.ended;
  }

  fail(problem: string): void {
    if (this.#state.doing === 'file') return;
    this.#epoch += 1;
    this.#dispatch({ kind: 'broke', problem });
  }

  async save(): Promise<number> {
    this.#dispatch({ kind: 'saveDue' });
    await this.#until(({ isSaveDue }) => !isSaveDue);
    return this.#kept;
  }

  setPace(delay: number): void {
    this.#pace = delay;
    this.#wake();
  }

  async stateHash(): Promise<{ hash: string; step: number }> {
    const snapshot = (await this.#engine?.trainer.snapshot()) ?? this.#snapshot;
    return { hash: snapshot ? await hashOfSnapshot(snapshot) : '', step: snapshot?.step ?? 0 };
  }

  #until(holds: (state: RunState) => boolean): Promise<void> {
    return new Promise((resolve) => {
      if (holds(this.#state)) resolve();
      else this.#waiting.add({ holds, resolve });
    });
  }

  #tellStatus(): void {
    this.#ports.tell({ kind: 'status', status: this.status() });
  }

  #announce = (activity: string): void => {
    this.#activity = activity;
    this.#tellStatus();
  };

  #dispatch(event: RunEvent): void {
    const before = this.#state;
    const { state, effect } = reduce(before, event);
    this.#state = state;
    this.#wake();
    if (state.phase !== 'running') this.#interrupt();
    const isStepOfPause = state.phase === 'paused' && state.step !== before.step;
    if (state.phase !== before.phase || isStepOfPause) this.#tellStatus();
    for (const one of this.#waiting) {
      if (!one.holds(state)) continue;
      this.#waiting.delete(one);
      one.resolve();
    }
    if (effect) void this.#perform(effect);
  }

  /** What takes time from now on is not training. */
  #interrupt(): void {
    this.#collector.stopClock();
    this.#speed.interrupt();
  }

  /** Does a piece of work and says how it ended, unless the device was lost meanwhile. */
  async #perform(effect: Effect): Promise<void> {
    const mine = this.#epoch;
    const isMine = () => mine === this.#epoch;
    const event = await this.#workOf(effect, isMine).catch((error: unknown) => this.#failureOf(error, isMine));
    if (!isMine()) return;
    if (event.kind === 'lost') this.#lose();
    else this.#dispatch(event);
  }

  #workOf(effect: Effect, isMine: () => boolean): Promise<RunEvent> {
    switch (effect.kind) {
      case 'open':
        return this.#open(isMine);
      case 'pull':
        return this.#pull({ none: 0, one: 1, many: this.#pace > 0 ? 1 : maxInFlight }[effect.ahead], isMine);
      case 'save':
        return this.#save();
      case 'close':
        return this.#close();
      case 'file':
        return this.#file(effect);
      default:
        return effect satisfies never;
    }
  }

  /** What failed on a device that is gone failed for that; anything else ends the run. */
  async #failureOf(error: unknown, isMine: () => boolean): Promise<RunEvent> {
    if (isMine() && this.#runtime && (await this.#ports.isLost(this.#runtime))) return { kind: 'lost' };
    if (isMine()) this.#ports.report(error);
    return { kind: 'broke', problem: error instanceof Error ? error.message : String(error) };
  }

  async #open(isMine: () => boolean): Promise<RunEvent> {
    const runtime = this.#runtime!;
    this.#announce('preparing the run');
    const snapshot = this.#snapshot;
    const engine = await openRunEngine(runtime, { ...this.#options, snapshot, onProgress: this.#announce });
    if (!isMine()) {
      engine.destroy();
      return { kind: 'closed' };
    }
    const { step } = engine.trainer;
    if (step < this.#state.step) this.#ports.tell({ kind: 'rewound', step });
    this.#collector.goOn(step, runtime.kind, this.#ports.adapterOf(runtime));
    this.#engine = engine;
    this.#nextSave = this.#now() + this.#ports.saveAfter(null);
    await this.#ports.publish(engine.model);
    return { kind: 'opened', step, saved: snapshot?.step ?? -1 };
  }

  async #pull(ahead: number, isMine: () => boolean): Promise<RunEvent> {
    const { loop } = this.#engine!;
    if (ahead > 0 && this.#pace > 0 && !(await this.#rest(this.#pace))) {
      return { kind: 'pulled', step: null, inFlight: loop.inFlight, isDone: false, isSaveDue: false };
    }
    this.#collector.startClock(this.#now());
    const event = await loop.next(ahead);
    // What comes home after the device was lost comes again.
    if (!isMine()) return { kind: 'closed' };
    const facts = { inFlight: loop.inFlight, isDone: event === null, isSaveDue: this.#now() > this.#nextSave };
    if (event === null) return { kind: 'pulled', step: null, ...facts };
    const problem = divergenceOf(event);
    if (problem) return { kind: 'diverged', problem };
    this.#take(event);
    // So that requests are heard between steps on the twins too.
    await turn();
    return { kind: 'pulled', step: event.kind === 'step' ? event.step : null, ...facts };
  }

  #take(event: TrainingEvent): void {
    const now = this.#now();
    this.#collector.take(event, now);
    if (event.kind === 'step') this.#speed.step(now);
    else this.#speed.interrupt();
    const tokensPerSecond = this.#speed.rate();
    if (this.#pace === 0 && !Number.isNaN(tokensPerSecond)) {
      this.#ports.timed?.(this.#tokensPerStep / tokensPerSecond);
    }
    // The state machine hears of the step when this piece of work ends.
    const status = () => ({ ...this.status(), step: event.step });
    this.#ports.tell({ kind: 'event', event, tokensPerSecond, status });
  }

  /** Milliseconds of rest between two steps; answers false where something else was asked for meanwhile. */
  #rest(milliseconds: number): Promise<boolean> {
    this.#collector.stopClock();
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve(false);
      };
    });
  }

  async #save(): Promise<RunEvent> {
    this.#interrupt();
    const start = this.#now();
    const snapshot = await this.#engine!.trainer.snapshot();
    const problem = divergenceOfState(snapshot);
    if (problem) return { kind: 'diverged', problem };
    this.#snapshot = snapshot;
    if (await this.#ports.save(snapshot, this.#collector.record('stopped'))) this.#kept = snapshot.step;
    const end = this.#now();
    this.#nextSave = end + this.#ports.saveAfter(end - start);
    return { kind: 'saved', step: snapshot.step };
  }

  async #close(): Promise<RunEvent> {
    const engine = this.#engine;
    this.#engine = null;
    await this.#ports.publish(null);
    engine?.destroy();
    return { kind: 'closed' };
  }

  async #file({ ending, problem }: Extract<Effect, { kind: 'file' }>): Promise<RunEvent> {
    await this.#ports.end(this.#collector.record(ending, problem), this.#snapshot);
    return { kind: 'filed' };
  }

  /** The device is gone: what was under way ends for nobody, the weights with it. */
  #lose(): void {
    // Filing needs no device.
    if (this.#state.doing !== 'file') this.#epoch += 1;
    this.#engine = null;
    void this.#ports.publish(null);
    this.#dispatch({ kind: 'lost' });
  }
}
