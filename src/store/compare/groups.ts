/**
 * Which runs are drawn as one line: every run by itself, or the runs of one arm (of one configuration, where there is
 * no study) as the mean over seeds. Pure functions; colours come from the order in which lines were first shown.
 */
import type { RunRecord } from '../../config/records.ts';
import type { Point } from '../series.ts';
import { inOrder, pointsOf, type XAxisName, xAxes } from './axes.ts';
import { condensed } from './condensed.ts';
import { type Measured, meanCurve, meanOf, smooth } from './curves.ts';

/** Where a run in the comparison comes from. */
export type Origin = 'current' | 'saved' | 'recorded';

export interface ComparedRun {
  /** Unique in the comparison: origin and id. */
  readonly key: string;
  readonly origin: Origin;
  readonly record: RunRecord;
  /** Its arm in words, where it belongs to a study; otherwise the run's name. */
  readonly label: string;
}

export interface RunGroup {
  readonly key: string;
  /** Arm or run, and how many seeds or which. */
  readonly label: string;
  /** The same, as short as it gets where there is little room. */
  readonly shortLabel: string;
  readonly runs: readonly ComparedRun[];
}

/** What the error of a validation point is. */
export type ErrorKind = 'seeds' | 'held-out text';

/** One line of the comparison over a chosen axis. */
export interface ComparedLine extends RunGroup {
  /** Loss of the batches: each run's raw trace, and their mean once smoothed, with the standard error over runs. */
  readonly raw: readonly (readonly Point[])[];
  readonly training: readonly Measured[];
  readonly validation: readonly Measured[];
  readonly errorKind: ErrorKind;
}

/** Puts runs together; the order of the groups is that of their first runs. */
export function groupRuns(runs: readonly ComparedRun[], byArm: boolean): RunGroup[] {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const key = byArm ? armKey(run) : run.key;
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return [...groups].map(([key, members]) => ({ key, ...labelsOf(members, byArm), runs: members }));
}

/** The curves of a group over an axis. `reach` is how far the smoothing goes back, as a share of the run's length. */
export function lineOf(group: RunGroup, axis: XAxisName, reach: number): ComparedLine {
  const records = group.runs.map(({ record }) => record);
  const curves = records.map(({ training }) => condensed(training));
  const raw = records.map((record, i) => pointsOf(record, curves[i].extremes, axis));
  const smoothed = records.map((record, i) => {
    if (reach <= 0) return raw[i];
    const points = pointsOf(record, curves[i].means, axis);
    return smooth(points, reach * (points[points.length - 1]?.x ?? 0));
  });
  return {
    ...group,
    raw,
    training: drawable(meanCurve(smoothed)),
    validation: drawable(records.length === 1 ? measured(records[0], axis) : meanValidation(records, axis)),
    errorKind: records.length === 1 ? 'held-out text' : 'seeds',
  };
}

/** Without what has become too large for a number on the way. */
function drawable(points: readonly Measured[]): Measured[] {
  return points.filter(({ x, y }) => Number.isFinite(x) && Number.isFinite(y));
}

/** One run's validation with its own standard error over the held-out text. */
function measured(record: RunRecord, axis: XAxisName): Measured[] {
  const { step, seconds, bpc, standardError = [] } = condensed(record.validation).extremes;
  const points = step.flatMap((at, i) => {
    const x = xAxes[axis].at(record, at, seconds[i]);
    return x !== null && Number.isFinite(x) ? [{ x, y: bpc[i], error: standardError[i] }] : [];
  });
  return inOrder(points);
}

/**
 * The mean over seeds at each validation. Runs of an arm validate at the same steps, so a place is their mean place:
 * nothing is interpolated, also by wall-clock. Runs that validated at different steps are interpolated.
 */
function meanValidation(records: readonly RunRecord[], axis: XAxisName): Measured[] {
  const validations = records.map(({ validation }) => condensed(validation).even);
  const curves = records.map((record, i) => pointsOf(record, validations[i], axis));
  const [{ step }] = validations;
  const together = validations.every((other) => isEqual(other.step, step));
  if (!together || curves.some((curve) => curve.length !== curves[0].length)) return meanCurve(curves);
  return curves[0].map((_, i) => {
    const { mean, error } = meanOf(curves.map((curve) => curve[i].y));
    return { x: meanOf(curves.map((curve) => curve[i].x)).mean, y: mean, error };
  });
}

function isEqual(some: readonly number[], others: readonly number[]): boolean {
  return some.length === others.length && some.every((value, i) => value === others[i]);
}

function armKey({ origin, record, key }: ComparedRun): string {
  // The run in progress is not part of a mean: it has not come as far as the others.
  if (origin === 'current') return key;
  const { study, experiment } = record;
  if (study) return `${origin === 'recorded' ? 'recorded' : 'here'}/${study.id}/${study.size}/${study.arm}`;
  const { training, ...others } = experiment;
  return JSON.stringify([others, { ...training, seed: 0 }]);
}

function labelsOf(runs: readonly ComparedRun[], byArm: boolean): Pick<RunGroup, 'label' | 'shortLabel'> {
  const [{ label, record }] = runs;
  if (byArm) return { label: runs.length > 1 ? `${label} (${runs.length} seeds)` : label, shortLabel: label };
  if (!record.study) return { label, shortLabel: label };
  const { seed } = record.experiment.training;
  return { label: `${label}, seed ${seed}`, shortLabel: `${seed}: ${label}` };
}
