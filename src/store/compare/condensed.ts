/**
 * A recorded curve at the resolution at which it is compared: what is not a finite number left out, in order of steps,
 * and at most `mostPoints` points. Made once per curve and remembered, as a change of the axis asks for hundreds of them
 * at once. Not here: what a chart draws of it, which is less.
 */
import type { Curve } from '../../config/records.ts';

export type RecordedCurve = Curve & { readonly standardError?: readonly number[] };

export interface Condensed {
  /** Of each stretch the lowest and the highest point. */
  readonly extremes: RecordedCurve;
  /** Of each stretch the mean, at its last step. */
  readonly means: Curve;
  /** Points at equal distances: the same ones of every curve of the same length. */
  readonly even: RecordedCurve;
  /** Points that were left out. */
  readonly notNumbers: number;
  /** The least of each of the others; infinite where there are none. */
  readonly least: { readonly step: number; readonly seconds: number; readonly bpc: number };
}

/** Points of a condensed curve at most. */
export const mostPoints = 512;

const remembered = new WeakMap<RecordedCurve, Condensed>();

export function condensed(curve: RecordedCurve): Condensed {
  const known = remembered.get(curve);
  if (known) return known;
  const made = condense(curve);
  remembered.set(curve, made);
  return made;
}

/** Whether a point of a curve has a place and a value. */
export function isSound({ step, seconds, bpc }: RecordedCurve, i: number): boolean {
  return Number.isFinite(step[i]) && Number.isFinite(seconds[i]) && Number.isFinite(bpc[i]);
}

function condense(curve: RecordedCurve): Condensed {
  const { step, seconds, bpc } = curve;
  const sound: number[] = [];
  const least = { step: Number.POSITIVE_INFINITY, seconds: Number.POSITIVE_INFINITY, bpc: Number.POSITIVE_INFINITY };
  let isOrdered = true;
  for (let i = 0; i < step.length; i += 1) {
    if (!isSound(curve, i)) continue;
    if (sound.length > 0 && step[i] < step[sound[sound.length - 1]]) isOrdered = false;
    sound.push(i);
    if (step[i] < least.step) least.step = step[i];
    if (seconds[i] < least.seconds) least.seconds = seconds[i];
    if (bpc[i] < least.bpc) least.bpc = bpc[i];
  }
  if (!isOrdered) sound.sort((a, b) => step[a] - step[b]);
  const counts = { notNumbers: step.length - sound.length, least };
  if (sound.length <= mostPoints) {
    const all = isOrdered && counts.notNumbers === 0 ? curve : picked(curve, sound);
    return { extremes: all, means: all, even: all, ...counts };
  }
  return { ...extremesOf(curve, sound), means: meansOf(curve, sound), ...counts };
}

/** Of each stretch the lowest and the highest point; and points at equal distances. */
function extremesOf(curve: RecordedCurve, sound: readonly number[]): Pick<Condensed, 'extremes' | 'even'> {
  const { bpc } = curve;
  const stretches = mostPoints / 2;
  const [extremes, even]: [number[], number[]] = [[], []];
  for (let stretch = 0; stretch < stretches; stretch += 1) {
    const [start, end] = [startOf(stretch, stretches, sound.length), startOf(stretch + 1, stretches, sound.length)];
    let [low, high] = [start, start];
    for (let i = start + 1; i < end; i += 1) {
      if (bpc[sound[i]] < bpc[sound[low]]) low = i;
      if (bpc[sound[i]] > bpc[sound[high]]) high = i;
    }
    extremes.push(sound[Math.min(low, high)]);
    if (low !== high) extremes.push(sound[Math.max(low, high)]);
  }
  for (let i = 0; i < mostPoints; i += 1) even.push(sound[Math.round((i * (sound.length - 1)) / (mostPoints - 1))]);
  return { extremes: picked(curve, extremes), even: picked(curve, even) };
}

function startOf(stretch: number, stretches: number, length: number): number {
  return Math.floor((stretch * length) / stretches);
}

function picked({ step, seconds, bpc, standardError }: RecordedCurve, at: readonly number[]): RecordedCurve {
  const of = (values: readonly number[]) => at.map((i) => values[i]);
  const points = { step: of(step), seconds: of(seconds), bpc: of(bpc) };
  return standardError ? { ...points, standardError: of(standardError) } : points;
}

function meansOf({ step, seconds, bpc }: RecordedCurve, sound: readonly number[]): Curve {
  const ends: number[] = [];
  const means: number[] = [];
  for (let stretch = 0; stretch < mostPoints; stretch += 1) {
    const [start, end] = [startOf(stretch, mostPoints, sound.length), startOf(stretch + 1, mostPoints, sound.length)];
    let sum = 0;
    for (let i = start; i < end; i += 1) sum += bpc[sound[i]];
    ends.push(sound[end - 1]);
    means.push(sum / (end - start));
  }
  return { step: ends.map((i) => step[i]), seconds: ends.map((i) => seconds[i]), bpc: means };
}
