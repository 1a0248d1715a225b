/**
 * How long training steps will take, from what a recorded step computes: a guess before anything has run, good to a factor
 * of two. Not here: what is left of a run in progress, which is measured.
 */
import type { Recording } from '../runtime/recording.ts';
import type { BackendKind } from '../train/backends.ts';

/**
 * What the CPU twins do beside large matrix products runs at about this fraction of their speed: plain loops, and
 * attention, whose products are small.
 */
const loopShare = 1 / 14;

/** Whole steps on a GPU reach about this share of a lone product's speed, and every launch takes its time. */
const gpuShare = 1 / 3;
const gpuLaunchSeconds = 1e-5;

/** Seconds of a recorded step on a backend that multiplies small matrices at `gflops`. */
export function stepSeconds({ launches }: Recording, backend: BackendKind, gflops: number): number {
  let products = 0;
  let others = 0;
  for (const { flops, isProduct } of launches) {
    if (isProduct) products += flops;
    else others += flops;
  }
  switch (backend) {
    case 'cpu':
      return (products + others / loopShare) / (gflops * 1e9);
    case 'gpu':
      return (products + others) / (gflops * 1e9 * gpuShare) + launches.length * gpuLaunchSeconds;
    default:
      return backend satisfies never;
  }
}
