/**
 * Collects what a run leaves behind (`src/config/records.ts`) from the events of its training loop: for the command line
 * and for the page's worker alike. Not here: where records are kept.
 */
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { accountingOf } from './cost.ts';
import { createCurve } from './curve.ts';

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
  /** The record as it stands; `problem` is why a run failed, in one sentence. */
  record(status: RunRecord['status'], problem?: string | null): RunRecord;
}

/** Weight of the past in the mean of MaxVio over steps. */
const decay = 0.98;

/** A collector for a fresh run, or for one that goes on from an earlier record of it. */
export function createRunCollector(facts: RunFacts, earlier: RunRecord | null = null): RunCollector {
  const { text, experiment, identity } = facts;
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  const trace = createCurve(512, earlier?.training);
  const validated = earlier?.validation.step ?? [];
  let validation = validated.map((step, i) => ({
    step,
    // Only the last score is kept in a record.
    accuracy: i === validated.length - 1 ? earlier!.measures.accuracy : undefined,
    seconds: earlier!.validation.seconds[i],
    bpc: earlier!.validation.bpc[i],
    standardError: earlier!.validation.standardError[i],
  }));
  let steps = earlier?.steps ?? 0;
  let seconds = earlier?.training.seconds.at(-1) ?? 0;
  let clock: number | null = null;
  let place: Pick<RunRecord, 'backend' | 'adapter'> = {
    backend: earlier?.backend ?? 'cpu',
    adapter: earlier?.adapter ?? '',
  };
  // Speed is that of this stretch alone: an earlier one may have run on another backend.
  let timed = { steps: 0, seconds: 0 };
  const routing = { maxVio: { sum: 0, weight: 0 }, dropRate: { sum: 0, weight: 0 } };

  const measures = (): Record<string, number> => {
    const found: Record<string, number> = { windowsPerEpoch: text.windowsPerEpoch };
    if (timed.seconds > 0) found.tokensPerSecond = (tokensPerStep * timed.steps) / timed.seconds;
    else if (earlier?.measures.tokensPerSecond !== undefined) found.tokensPerSecond = earlier.measures.tokensPerSecond;
    for (const name of ['maxVio', 'dropRate'] as const) {
      const { sum, weight } = routing[name];
      const before = earlier?.measures[name];
      if (weight > 0) found[name] = sum / weight;
      else if (before !== undefined) found[name] = before;
    }
    const accuracy = validation.at(-1)?.accuracy;
    if (accuracy !== undefined) found.accuracy = accuracy;
    return found;
  };

  return {
    startClock: (now = performance.now()) => {
      clock ??= now;
    },
    stopClock: () => {
      clock = null;
    },
    take: (event, now = performance.now()) => {
      if (event.kind === 'validation') {
        const { step, bpc, standardError, answers } = event;
        validation.push({ step, seconds, bpc, standardError, accuracy: answers?.accuracy });
        if (clock !== null) clock = now;
        return;
      }
      if (clock !== null) {
        seconds += (now - clock) / 1000;
        timed = { steps: timed.steps + 1, seconds: timed.seconds + (now - clock) / 1000 };
        clock = now;
      }
      steps = event.step;
      trace.add(event.step, seconds, event.loss * bits);
      for (const name of ['maxVio', 'dropRate'] as const) {
        const perLayer = event[name];
        if (perLayer.length === 0) continue;
        const mean = perLayer.reduce((sum, value) => sum + value, 0) / perLayer.length;
        const { sum, weight } = routing[name];
        routing[name] = { sum: decay * sum + mean, weight: decay * weight + 1 };
      }
    },
    goOn: (step, on, adapter) => {
      place = { backend: on, adapter };
      steps = Math.min(steps, step);
      trace.cut(step);
      validation = validation.filter((point) => point.step <= step);
      seconds = trace.curve().seconds.at(-1) ?? 0;
    },
    record: (status, problem = null) => ({
      format: 1,
      ...identity,
      ...place,
      status,
      problem,
      experiment,
      costs: accountingOf(experiment, text.tokenizer.vocabularySize),
      floorBpc: text.floorBpc,
      steps,
      training: trace.curve(),
      validation: {
        step: validation.map(({ step }) => step),
        seconds: validation.map((point) => point.seconds),
        bpc: validation.map(({ bpc }) => bpc),
        standardError: validation.map(({ standardError }) => standardError),
      },
      measures: measures(),
    }),
  };
}
