/**
 * The innermost loops of attention's twins. Functions of their own, as engines compile these once and keep that code when
 * they throw away what is around it: the next plan brings objects of another shape, and half the speed was lost for good.
 */
import type { Floats } from '../runtime/kernel.ts';

/** The largest of `largest` and data[from .. to). */
export function largestOf(data: Floats, from: number, to: number, largest: number): number {
  for (let at = from; at < to; at++) if (data[at] > largest) largest = data[at];
  return largest;
}

/** data = exp(scale (data - largest)); answers `total` plus their sum. */
export function exponentiate(
  data: Floats,
  from: number,
  to: number,
  scale: number,
  largest: number,
  total: number,
): number {
  let sum = total;
  for (let at = from; at < to; at++) {
    data[at] = Math.exp(scale * (data[at] - largest));
    sum += data[at];
  }
  return sum;
}

export function divide(data: Floats, from: number, to: number, by: number): void {
  for (let at = from; at < to; at++) data[at] /= by;
}

export function dot(a: Floats, b: Floats, from: number, length: number): number {
  let sum = 0;
  for (let at = from; at < from + length; at++) sum += a[at] * b[at];
  return sum;
}

/** scores = p (dP - along), with p = exp(scale * scores - logTotal). */
export function scoreGradients(
  scores: Floats,
  dP: Floats,
  from: number,
  to: number,
  scale: number,
  logTotal: number,
  along: number,
): void {
  for (let at = from; at < to; at++) scores[at] = Math.exp(scale * scores[at] - logTotal) * (dP[at] - along);
}

/** The same for the rows that see a key: p and ds, each with what its row saved. */
export function keyGradients(
  p: Floats,
  ds: Floats,
  from: number,
  to: number,
  scale: number,
  { logSum, delta, at, stride }: { logSum: Floats; delta: Floats; at: number; stride: number },
): void {
  for (let i = from, saved = at; i < to; i++, saved += stride) {
    p[i] = Math.exp(scale * p[i] - logSum[saved]);
    ds[i] = p[i] * (ds[i] - delta[saved]);
  }
}
