/**
 * A run in progress: does what the state machine (`state.ts`) says, one piece of work at a time, and tells of it. The page
 * and the command line drive runs through this alone; they differ in the ports. Not here: which run has the device
 * (`src/worker/scheduler.ts`), where states and records are kept.
 */
import { turn } from '../base/turn.ts';
import type { RunStatus } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import { maxInFlight, type Runtime } from '../runtime/runtime.ts';
import { hashOfSnapshot, type Snapshot } from '../train/checkpoint.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { costOf } from './cost.ts';
import { openRunEngine, type RunEngine } from './engine.ts';
import { divergenceOf, divergenceOfState } from './finite.ts';
import type { RunOptions, RunPorts, RunSession } from './ports.ts';
import { createRunCollector, type RunCollector, type RunIdentity } from './record.ts';
import { createSpeedometer, type Speedometer } from './speedometer.ts';
import { type Effect, initialState, type RunEvent, type RunState, reduce } from './state.ts';

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
    this.#take(event, ahead);
    // So that requests are heard between steps on the twins too.
    await turn();
    return { kind: 'pulled', step: event.kind === 'step' ? event.step : null, ...facts };
  }

  #take(event: TrainingEvent, ahead: number): void {
    const now = this.#now();
    this.#collector.take(event, now);
    // Steps that come home while no others are submitted come faster than they are computed.
    const isFull = this.#engine?.loop.inFlight === ahead - 1;
    if (event.kind !== 'step') this.#speed.interrupt();
    else if (isFull) this.#speed.step(now);
    const tokensPerSecond = this.#speed.rate();
    if (this.#pace === 0 && !Number.isNaN(tokensPerSecond)) {
      this.#ports.timed?.(this.#tokensPerStep / tokensPerSecond);
    }
    // The state machine hears of the step when this piece of work ends.
    const status = () => ({ ...this.status(), step: event.step });
    this.#ports.tell({
      kind: 'event',
      event,
      tokensPerSecond,
      meanTokensPerSecond: this.#collector.meanSpeed(),
      status,
    });
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
