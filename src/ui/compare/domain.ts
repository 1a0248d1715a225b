import type { ChartCurve } from '../../store/compare/files.ts';
import type { ComparedLine } from '../../store/compare/groups.ts';
import { roundBounds, roundUp, soundBounds } from '../parts/ticks.ts';

export interface Domain {
  readonly xLow: number;
  readonly xHigh: number;
  readonly yLow: number;
  readonly yHigh: number;
}

/** The same as `domainOf`, and something can be drawn between them in any case. */
export function soundDomain(
  lines: readonly ComparedLine[],
  curve: ChartCurve,
  floors: readonly number[],
  logX: boolean,
  logY = false,
): Domain {
  const domain = domainOf(lines, curve, floors, logX, logY);
  const [xLow, xHigh] = soundBounds(domain.xLow, domain.xHigh, logX);
  const [yLow, yHigh] = soundBounds(domain.yLow, domain.yHigh, logY);
  return { xLow, xHigh, yLow, yHigh };
}

/**
 * Round bounds around all that can be drawn of lines with their errors, and around the floors that are near them. Points
 * that are not finite have no part in them, nor have those that are not above 0 on a logarithmic axis.
 */
export function domainOf(
  lines: readonly ComparedLine[],
  curve: ChartCurve,
  floors: readonly number[],
  logX: boolean,
  logY = false,
): Domain {
  let [xLow, xHigh, yLow, yHigh] = [Number.POSITIVE_INFINITY, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  const takeHeight = (y: number) => {
    if (!Number.isFinite(y) || (logY && y <= 0)) return;
    if (y < yLow) yLow = y;
    if (y > yHigh) yHigh = y;
  };
  const take = (x: number, y: number, error: number) => {
    if (!Number.isFinite(x) || !Number.isFinite(y) || (logX && x <= 0) || (logY && y <= 0)) return;
    if (x < xLow) xLow = x;
    if (x > xHigh) xHigh = x;
    takeHeight(y);
    if (!(error > 0)) return;
    takeHeight(y - error);
    takeHeight(y + error);
  };
  for (const line of lines) {
    for (const { x, y, error } of line[curve]) take(x, y, error);
    if (curve === 'training') for (const trace of line.raw) for (const { x, y } of trace) take(x, y, 0);
  }
  if (yHigh < yLow) return { xLow: logX ? 1 : 0, xHigh: 10, yLow: 1, yHigh: 8 };
  // The axis goes on to a floor, unless that would press the lines into less than a third: then words name it.
  const reach = 2 * (yHigh - yLow);
  for (const floor of floors) if (floor >= yLow - reach && floor <= yHigh + reach) takeHeight(floor);
  const [bottom, top] = roundBounds(yLow, yHigh);
  // Losses have no 0, and neither has a logarithmic axis.
  return {
    xLow: logX ? xLow : Math.min(0, xLow),
    xHigh: roundUp(xHigh),
    yLow: bottom <= 0 && yLow > 0 ? yLow * 0.9 : bottom,
    yHigh: top,
  };
}
