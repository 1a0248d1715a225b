/** The stretches of both axes that a compared chart shows. A pure function. */
import { greatest, least } from '../../base/numbers.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import type { ComparedLine } from '../../store/compare/groups.ts';
import { roundBounds, roundUp } from '../parts/ticks.ts';

export interface Domain {
  readonly xLow: number;
  readonly xHigh: number;
  readonly yLow: number;
  readonly yHigh: number;
}

/** Round bounds around all lines with their errors, and around the floors that are near them. */
export function domainOf(
  lines: readonly ComparedLine[],
  curve: ChartCurve,
  floors: readonly number[],
  logX: boolean,
): Domain {
  let [xLow, xHigh, yLow, yHigh] = [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const take = (x: number, low: number, high: number) => {
    if (x > 0) xLow = Math.min(xLow, x);
    xHigh = Math.max(xHigh, x);
    yLow = Math.min(yLow, low);
    yHigh = Math.max(yHigh, high);
  };
  for (const line of lines) {
    for (const { x, y, error } of line[curve]) take(x, y - error, y + error);
    if (curve === 'training') for (const trace of line.raw) for (const { x, y } of trace) take(x, y, y);
  }
  if (yHigh < yLow) return { xLow: logX ? 1 : 0, xHigh: 10, yLow: 1, yHigh: 8 };
  // The axis goes on to a floor, unless that would press the lines into less than a third: then words name it.
  const reach = 2 * (yHigh - yLow);
  const near = floors.filter((floor) => floor >= yLow - reach && floor <= yHigh + reach);
  [yLow, yHigh] = [Math.min(yLow, least(near)), Math.max(yHigh, greatest(near))];
  const [bottom, top] = roundBounds(yLow, yHigh);
  // A logarithmic axis has no 0.
  return { xLow: logX ? xLow : 0, xHigh: roundUp(xHigh), yLow: bottom > 0 ? bottom : yLow * 0.9, yHigh: top };
}
