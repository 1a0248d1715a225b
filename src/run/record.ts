/**
 * Collects what a run leaves behind (`src/config/records.ts`) from the events of its training loop: for the command line
 * and for the page's worker alike. Not here: where records are kept.
 */
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { accountingOf } from './cost.ts';
import { type CurveBuilder, createCurve } from './curve.ts';

/** What is chosen for a run before it starts. */
export type RunIdentity = Pick<RunRecord, 'id' | 'name' | 'created' | 'study'>;

/** What is known of a run before its first step. */
export interface RunFacts {
  readonly identity: RunIdentity;
  readonly experiment: Experiment;
  readonly text: Pick<RunText, 'tokenizer' | 'trainTokensPerCharacter' | 'windowsPerEpoch' | 'floorBpc'>;
}

export interface RunCollector {
  /** Training time runs from here, if it does not yet. `now` in milliseconds. */
  startClock(now?: number): void;
  /** Time no longer counts: a pause. */
  stopClock(): void;
  /** Takes an event of the training loop, when it comes. */
  take(event: TrainingEvent, now?: number): void;
  /**
   * The run goes on from this step on a backend, the last of which it is filed under; what came after the step is
   * forgotten. `adapter`: adapter or processor, in words.
   */
  goOn(step: number, backend: RunRecord['backend'], adapter: string): void;
  /** Tokens per second of this stretch, pauses and validations left out; not a number before the first step. */
  meanSpeed(): number;
  /** The record as it stands; `problem` is why a run failed, in one sentence. */
  record(status: RunRecord['status'], problem?: string | null): RunRecord;
}

/** Weight of the past in the mean of MaxVio over steps. */
const decay = 0.98;

/** A collector for a fresh run, or for one that goes on from an earlier record of it. */
export function createRunCollector(facts: RunFacts, earlier: RunRecord | null = null): RunCollector {
  return new Collector(facts, earlier);
}

interface ValidationPoint {
  readonly step: number;
  readonly seconds: number;
  readonly bpc: number;
  readonly standardError: number;
  readonly accuracy: number | undefined;
}

/** What is averaged over steps, by the names that it has in events and among measures. */
const averaged = ['maxVio', 'dropRate'] as const;

class Collector implements RunCollector {
  readonly #facts: RunFacts;
  readonly #earlier: RunRecord | null;
  readonly #trace: CurveBuilder;
  #validation: ValidationPoint[];
  #steps: number;
  #seconds: number;
  /** When the time that counts began; null while none does. */
  #clock: number | null = null;
  #place: Pick<RunRecord, 'backend' | 'adapter'>;
  /** Speed is that of this stretch alone: an earlier one may have run on another backend. */
  #timed = { steps: 0, seconds: 0 };
  #routing = { maxVio: { sum: 0, weight: 0 }, dropRate: { sum: 0, weight: 0 } };

  constructor(facts: RunFacts, earlier: RunRecord | null) {
    this.#facts = facts;
    this.#earlier = earlier;
    this.#trace = createCurve(512, earlier?.training);
    this.#validation = earlier ? validationOf(earlier) : [];
    this.#steps = earlier?.steps ?? 0;
    this.#seconds = earlier?.training.seconds.at(-1) ?? 0;
    this.#place = { backend: earlier?.backend ?? 'cpu', adapter: earlier?.adapter ?? '' };
  }

  startClock(now = performance.now()): void {
    this.#clock ??= now;
  }

  stopClock(): void {
    this.#clock = null;
  }

  take(event: TrainingEvent, now = performance.now()): void {
    if (event.kind === 'validation') {
      const { step, bpc, standardError, answers } = event;
      this.#validation.push({ step, seconds: this.#seconds, bpc, standardError, accuracy: answers?.accuracy });
      if (this.#clock !== null) this.#clock = now;
      return;
    }
    if (this.#clock !== null) {
      const passed = (now - this.#clock) / 1000;
      this.#seconds += passed;
      this.#timed = { steps: this.#timed.steps + 1, seconds: this.#timed.seconds + passed };
      this.#clock = now;
    }
    this.#steps = event.step;
    const bits = this.#facts.text.trainTokensPerCharacter / Math.LN2;
    this.#trace.add(event.step, this.#seconds, event.loss * bits);
    for (const name of averaged) this.#average(name, event[name]);
  }

  goOn(step: number, backend: RunRecord['backend'], adapter: string): void {
    this.#place = { backend, adapter };
    this.#steps = Math.min(this.#steps, step);
    this.#trace.cut(step);
    this.#validation = this.#validation.filter((point) => point.step <= step);
    this.#seconds = this.#trace.curve().seconds.at(-1) ?? 0;
  }

  meanSpeed(): number {
    const { training, data } = this.#facts.experiment;
    const { steps, seconds } = this.#timed;
    return seconds > 0 ? (training.batchSize * data.sequenceLength * steps) / seconds : Number.NaN;
  }

  record(status: RunRecord['status'], problem: string | null = null): RunRecord {
    const { identity, experiment, text } = this.#facts;
    const points = this.#validation;
    return {
      format: 1,
      ...identity,
      ...this.#place,
      status,
      problem,
      experiment,
      costs: accountingOf(experiment, text.tokenizer.vocabularySize),
      floorBpc: text.floorBpc,
      steps: this.#steps,
      training: this.#trace.curve(),
      validation: {
        step: points.map(({ step }) => step),
        seconds: points.map(({ seconds }) => seconds),
        bpc: points.map(({ bpc }) => bpc),
        standardError: points.map(({ standardError }) => standardError),
      },
      measures: this.#measures(),
    };
  }

  #average(name: (typeof averaged)[number], perLayer: Float32Array): void {
    if (perLayer.length === 0) return;
    const mean = perLayer.reduce((sum, value) => sum + value, 0) / perLayer.length;
    const { sum, weight } = this.#routing[name];
    this.#routing[name] = { sum: decay * sum + mean, weight: decay * weight + 1 };
  }

  /** Single numbers by name; where this stretch has none (yet), those of the earlier one. */
  #measures(): Record<string, number> {
    const { text } = this.#facts;
    const mean = this.meanSpeed();
    const now: Record<string, number | undefined> = {
      tokensPerSecond: Number.isNaN(mean) ? undefined : mean,
      accuracy: this.#validation.at(-1)?.accuracy,
    };
    for (const name of averaged) {
      const { sum, weight } = this.#routing[name];
      now[name] = weight > 0 ? sum / weight : undefined;
    }
    const found: Record<string, number> = { windowsPerEpoch: text.windowsPerEpoch };
    for (const [name, value] of Object.entries(now)) {
      // A score belongs to its validation: it went with that where the run went back.
      const known = value ?? (name === 'accuracy' ? undefined : this.#earlier?.measures[name]);
      if (known !== undefined) found[name] = known;
    }
    return found;
  }
}

/** The validations of a record; of their scores only the last is kept. */
function validationOf({ validation, measures }: RunRecord): ValidationPoint[] {
  const { step, seconds, bpc, standardError } = validation;
  return step.map((at, i) => ({
    step: at,
    seconds: seconds[i],
    bpc: bpc[i],
    standardError: standardError[i],
    accuracy: i === step.length - 1 ? measures.accuracy : undefined,
  }));
}
