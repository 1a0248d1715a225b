/** What a comparison cannot draw, counted, and in words. Pure functions. */
import type { RunRecord } from '../../config/records.ts';
import { type XAxisName, xAxes } from './axes.ts';
import { condensed, isSound } from './condensed.ts';
import type { ChartCurve } from './files.ts';
import type { ComparedLine } from './groups.ts';

/** Counts of what a chart leaves out. */
export interface LeftOut {
  /** Points with a place or a value that is not a finite number. */
  readonly notNumbers: number;
  /** Points at or below 0 on a logarithmic axis. */
  readonly notAbove0: number;
  /** Error bars that are not known: one held-out window has no standard error. */
  readonly errors?: number;
  /** Runs whose records do not tell where their steps lie on the x axis. */
  readonly runs?: number;
}

/** The recorded points of lines that a chart has no place for. */
export function leftOutOf(
  lines: readonly ComparedLine[],
  curve: ChartCurve,
  axis: XAxisName,
  { logX, logY }: { logX: boolean; logY: boolean },
): LeftOut {
  const sum = { notNumbers: 0, notAbove0: 0, errors: 0, runs: 0 };
  for (const line of lines) {
    for (const { record } of line.runs) {
      if (record[curve].step.length > 0 && xAxes[axis].at(record, 1, 1) === null) {
        sum.runs += 1;
        continue;
      }
      const { notNumbers, notAbove0 } = pointsLeftOut(record, curve, axis, logX, logY);
      sum.notNumbers += notNumbers;
      sum.notAbove0 += notAbove0;
    }
    if (curve === 'validation') for (const { error } of line.validation) if (!Number.isFinite(error)) sum.errors += 1;
  }
  return sum;
}

function pointsLeftOut(record: RunRecord, curve: ChartCurve, axis: XAxisName, logX: boolean, logY: boolean): LeftOut {
  const { step, seconds, bpc } = record[curve];
  const { at } = xAxes[axis];
  const { notNumbers, least } = condensed(record[curve]);
  const isAbove0 = (!logY || least.bpc > 0) && (!logX || (least.step > 0 && least.seconds > 0));
  if (isAbove0) return { notNumbers, notAbove0: 0 };
  let notAbove0 = 0;
  for (let i = 0; i < step.length; i += 1) {
    if (!isSound(record[curve], i)) continue;
    if ((logY && !(bpc[i] > 0)) || (logX && !((at(record, step[i], seconds[i]) ?? 0) > 0))) notAbove0 += 1;
  }
  return { notNumbers, notAbove0 };
}

/** "12 points are not drawn: not above 0 on a log axis." Empty where everything is drawn. */
export function leftOutWords({ notNumbers, notAbove0, errors = 0, runs = 0 }: LeftOut, axisTitle = ''): string {
  return [
    countedWords(notAbove0, 'point', 'not above 0 on a log axis'),
    countedWords(notNumbers, 'point', 'not a finite number'),
    countedWords(errors, 'error bar', 'the standard error is not known'),
    countedWords(runs, 'run', `the record does not tell ${axisTitle}`),
  ]
    .filter((words) => words !== '')
    .join(' ');
}

/** "3 values are not drawn: not a finite number." Empty for none. */
export function countedWords(count: number, noun: string, reason: string): string {
  if (count === 0) return '';
  const counted = `${count.toLocaleString('en')} ${noun}${count === 1 ? ' is' : 's are'}`;
  return `${counted} not drawn: ${reason}.`;
}
