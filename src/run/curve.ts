/**
 * A curve of at most `maxPoints` points however long a run gets: steps fall into buckets of equal length, a bucket is
 * its mean at its last step, and when there are too many buckets neighbours merge. A bucket follows from the step
 * alone, so a curve can be cut back and continued from its points. Not here: the live chart's envelope
 * (`src/store/series.ts`).
 */
import type { Curve } from '../config/records.ts';

export interface CurveBuilder {
  /** Adds a step, counted from 1; steps must grow. A value that is not finite leaves a gap. */
  add(step: number, seconds: number, bpc: number): void;
  /** Forgets what came after `step`, and a bucket that reaches past it. */
  cut(step: number): void;
  curve(): Curve;
}

interface Bucket {
  step: number;
  seconds: number;
  sum: number;
  count: number;
}

/** An empty curve, or one that goes on from points made here before. */
export function createCurve(maxPoints = 512, from: Curve = { step: [], seconds: [], bpc: [] }): CurveBuilder {
  // The first full bucket ends at its own length.
  let size = 1;
  while (size < (from.step[0] ?? 1)) size *= 2;
  const bucketOf = (step: number) => Math.floor((step - 1) / size);
  let buckets: Bucket[] = from.step.map((step, i) => {
    const count = step - bucketOf(step) * size;
    return { step, seconds: from.seconds[i], sum: from.bpc[i] * count, count };
  });

  const mergeNeighbours = () => {
    size *= 2;
    const merged: Bucket[] = [];
    for (const bucket of buckets) {
      const last = merged.at(-1);
      if (last && bucketOf(last.step) === bucketOf(bucket.step)) {
        last.step = bucket.step;
        last.seconds = bucket.seconds;
        last.sum += bucket.sum;
        last.count += bucket.count;
      } else merged.push({ ...bucket });
    }
    buckets = merged;
  };

  return {
    add: (step, seconds, bpc) => {
      if (!Number.isFinite(bpc)) return;
      const last = buckets.at(-1);
      if (last && bucketOf(last.step) === bucketOf(step)) {
        last.step = step;
        last.seconds = seconds;
        last.sum += bpc;
        last.count += 1;
      } else buckets.push({ step, seconds, sum: bpc, count: 1 });
      while (buckets.length > maxPoints) mergeNeighbours();
    },
    cut: (step) => {
      buckets = buckets.filter((bucket) => bucket.step <= step);
    },
    curve: () => ({
      step: buckets.map(({ step }) => step),
      seconds: buckets.map(({ seconds }) => seconds),
      bpc: buckets.map(({ sum, count }) => sum / count),
    }),
  };
}
