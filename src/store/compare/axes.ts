/** What the x axis of compared curves can be, and how a step becomes a place on it. Pure functions over records. */
import type { Curve, RunRecord } from '../../config/records.ts';
import type { Point } from '../series.ts';

interface Axis {
  /** In an axis title and in the head of a table. */
  readonly title: string;
  /** In a picker. */
  readonly label: string;
  /** The place of a step (with the seconds of training that it took); null if the record does not tell. */
  at(record: RunRecord, step: number, seconds: number): number | null;
}

export const xAxes = {
  step: { title: 'step', label: 'Steps', at: (_, step) => step },
  tokens: { title: 'tokens trained on', label: 'Tokens', at: (record, step) => tokensAt(record, step) },
  flops: {
    title: 'training FLOPs',
    label: 'FLOPs',
    at: (record, step) => tokensAt(record, step) * record.costs.trainFlopsPerToken,
  },
  epochs: {
    title: 'passes over the training text',
    label: 'Epochs',
    at: ({ experiment, measures }, step) =>
      measures.windowsPerEpoch > 0 ? (step * experiment.training.batchSize) / measures.windowsPerEpoch : null,
  },
  seconds: { title: 'seconds of training', label: 'Wall-clock', at: (_, _step, seconds) => seconds },
} as const satisfies Record<string, Axis>;

export type XAxisName = keyof typeof xAxes;

export const xAxisNames = Object.keys(xAxes) as XAxisName[];

/** Tokens that a run has been trained on after `step` steps. */
export function tokensAt({ experiment }: RunRecord, step: number): number {
  return step * experiment.training.batchSize * experiment.data.sequenceLength;
}

/** Whether a record tells where its steps lie on an axis. */
export function hasAxis(record: RunRecord, name: XAxisName): boolean {
  return xAxes[name].at(record, 1, 1) !== null;
}

/**
 * A curve of a record over an x axis, in order of x; values that are not finite are left out.
 * Empty where the record does not tell the axis.
 */
export function pointsOf(record: RunRecord, curve: Curve, name: XAxisName): Point[] {
  const axis: Axis = xAxes[name];
  const points: Point[] = [];
  for (let i = 0; i < curve.step.length; i += 1) {
    const x = axis.at(record, curve.step[i], curve.seconds[i]);
    if (x !== null && Number.isFinite(x) && Number.isFinite(curve.bpc[i])) points.push({ x, y: curve.bpc[i] });
  }
  return inOrder(points);
}

/** The points in order of x, as most records have them already. */
export function inOrder<T extends Point>(points: T[]): T[] {
  return points.every(({ x }, i) => i === 0 || x >= points[i - 1].x) ? points : points.sort((a, b) => a.x - b.x);
}
