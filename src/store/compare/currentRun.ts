/** The run in progress as a record, from what the page has heard of it. */
import type { RunRecord, RunStatus } from '../../config/records.ts';
import type { ModelReport } from '../../worker/protocol.ts';
import type { ValidationPoint } from '../live.ts';
import { type Point, type Series, smoothed, trace } from '../series.ts';

export interface CurrentRun {
  model: ModelReport;
  status: RunStatus;
  /** Loss in bits per character, and tokens per second, by step. */
  loss: Series;
  speed: Series;
  validation: readonly ValidationPoint[];
  /** Adapter or processor, in words. */
  adapter: string;
}

/** Points of the training curve. */
const maxPoints = 400;

/** A record of a run as far as it has come. Seconds are tokens over tokens per second, step by step. */
export function currentRecord({ model, status, loss, speed, validation, adapter }: CurrentRun): RunRecord {
  const { experiment } = model;
  const tokensPerStep = experiment.training.batchSize * experiment.data.sequenceLength;
  const clock = clockOf(smoothed(speed, maxPoints, 0), tokensPerStep);
  const points = trace(loss, maxPoints);
  return {
    format: 1,
    id: status.run,
    name: status.name,
    created: status.created,
    study: null,
    // As if it were stopped now.
    status: 'stopped',
    problem: null,
    experiment,
    backend: status.backend,
    adapter,
    costs: {
      total: model.parameters.total,
      active: model.parameters.active,
      trainFlopsPerToken: model.trainFlopsPerToken,
      inferenceFlopsPerToken: model.inferenceFlopsPerToken,
    },
    floorBpc: model.floorBpc,
    steps: status.step,
    training: {
      step: points.map(({ x }) => x),
      seconds: points.map(({ x }) => clock(x)),
      bpc: points.map(({ y }) => y),
    },
    validation: {
      step: validation.map(({ step }) => step),
      seconds: validation.map(({ step }) => clock(step)),
      bpc: validation.map(({ bpc }) => bpc),
      standardError: validation.map(({ standardError }) => standardError),
    },
    measures: {
      ...(model.windowsPerEpoch === null ? {} : { windowsPerEpoch: model.windowsPerEpoch }),
      ...(Number.isFinite(speed.last) ? { tokensPerSecond: speed.last } : {}),
    },
  };
}

/** Seconds of training at a step, by adding up the steps at the speed that was measured then. */
function clockOf(speed: readonly Point[], tokensPerStep: number): (step: number) => number {
  const steps = [0];
  const seconds = [0];
  for (const { x, y } of speed) {
    if (!(y > 0)) continue;
    const last = steps.length - 1;
    steps.push(x);
    seconds.push(seconds[last] + ((x - steps[last]) * tokensPerStep) / y);
  }
  return (step) => {
    const at = steps.findLastIndex((known) => known <= step);
    if (at === steps.length - 1) return seconds[at];
    const share = (step - steps[at]) / (steps[at + 1] - steps[at]);
    return seconds[at] + share * (seconds[at + 1] - seconds[at]);
  };
}
