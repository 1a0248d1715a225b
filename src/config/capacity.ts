/**
 * How many tokens an expert takes (at most, in token choice), as numbers that hold before anything runs: constant, or by the
 * mask ratio r of a sequence (EC-DLM, arXiv 2604.01622). Counting the masks of a sequence is `src/ops/sequenceCapacity.ts`.
 *
 * A schedule has the shape k(r) = kmin + (kmax - kmin) s(r). `model.minChoices` is kmin; kmax follows, because schedules
 * are compared at equal expected operations: over r = 1/T, 2/T .. 1, all alike, the capacity of a sequence averages to the
 * constant one, exactly. So the average k is `model.choices` as far as a whole capacity can express it.
 * `uniform-k` draws those ratios. `elbo` and `none` draw counts of 0 to T alike, which moves the average by the distance of
 * the maskless capacity from it, over T + 1; where only answers are masked, ratios are small, and the average is theirs.
 */
import { greatest } from '../base/numbers.ts';
import type { Experiment } from './schema.ts';

type ModelSettings = Experiment['model'];
type Schedule = ModelSettings['capacitySchedule'];

/** s(r) of the mask ratio r: 0 where a schedule is lowest, 1 where it is highest. */
const schedules: Readonly<Record<Exclude<Schedule, 'constant'>, (r: number) => number>> = {
  linear: (r) => r,
  'linear-reverse': (r) => 1 - r,
  cosine: (r) => (1 - Math.cos(Math.PI * r)) / 2,
  'cosine-reverse': (r) => (1 + Math.cos(Math.PI * r)) / 2,
  gaussian: (r) => bell(r),
  'gaussian-reverse': (r) => 1 - bell(r),
};

function bell(r: number): number {
  return Math.exp(-(((r - 0.5) / 0.22) ** 2) / 2);
}

/** Numbers such as 0.29 * 100 fall just short of the whole number that is meant. */
const rounding = 1e-9;

/**
 * C = floor(capacityFactor * K * size / E) of a group of `size` tokens (Zhou et al. 2022, arXiv 2202.09368,
 * section 3.2; a limit in token choice, GShard, arXiv 2006.16668, section 2.2), at least one token and at most all.
 */
export function capacityOf(
  { capacityFactor, choices, experts }: Pick<ModelSettings, 'capacityFactor' | 'choices' | 'experts'>,
  size: number,
): number {
  const share = Math.floor((capacityFactor * choices * size) / experts + rounding);
  return Math.min(size, Math.max(1, share));
}

/** Tokens that choose among the same capacity: one sequence, or the whole batch of B sequences of T tokens. */
export function groupSizeOf({ expertGroup }: Pick<ModelSettings, 'expertGroup'>, B: number, T: number): number {
  return expertGroup === 'sequence' ? T : B * T;
}

/** Whether capacities differ from sequence to sequence. */
export function hasCapacitySchedule({ feedForward, capacitySchedule }: ModelSettings): boolean {
  return feedForward === 'expert-choice' && capacitySchedule !== 'constant';
}

interface ScheduleSettings
  extends Pick<ModelSettings, 'capacityFactor' | 'choices' | 'experts' | 'capacitySchedule' | 'minChoices'> {}

/**
 * Capacity of a sequence of T tokens by the number of masks in it, 0 to T. The schedule runs between c(kmin), at least one
 * token, and the c(kmax) at which the capacities of 1 to T masks average to `capacityOf`. Rounding keeps that average:
 * capacities are rounded down, and those with the largest fractions (ties: with fewer masks) up, until the sum is whole.
 * Where T is so small that c(kmax) exceeds it, it is T, and the average is less.
 */
export function capacitiesByMasks(settings: ScheduleSettings, T: number): number[] {
  const { capacitySchedule } = settings;
  if (capacitySchedule === 'constant') return new Array<number>(T + 1).fill(capacityOf(settings, T));
  const { shape, mean, least, average } = scheduleOf(settings, capacitySchedule, T);
  const range = average > least ? (average - least) / mean : 0;
  // Engines differ in the last digits of cos and exp; no rounding may depend on those.
  const wanted = shape.map((s) => Math.round(1e6 * Math.min(T, least + range * s)) / 1e6);
  const capacities = wanted.map(Math.floor);
  const masks = Array.from({ length: T }, (_, i) => i + 1);
  const missing = Math.round(masks.reduce((sum, m) => sum + wanted[m] - capacities[m], 0));
  const fraction = (m: number) => Math.round(1e6 * (wanted[m] - capacities[m]));
  for (const m of masks.toSorted((a, b) => fraction(b) - fraction(a)).slice(0, missing)) capacities[m]++;
  // A sequence without masks is not among those that are averaged over.
  capacities[0] = Math.round(wanted[0]);
  return capacities;
}

/**
 * The least `model.minChoices`, to three digits after the point, at which no sequence of T tokens is asked for more than T.
 */
export function leastMinChoices(settings: ScheduleSettings, T: number): number {
  if (settings.capacitySchedule === 'constant') return 0;
  const { shape, mean, average } = scheduleOf(settings, settings.capacitySchedule, T);
  // least + (average - least) * peak / mean <= T, solved for the least capacity.
  const steepness = greatest(shape.slice(1)) / mean;
  const least = (average * steepness - T) / (steepness - 1);
  return Math.max(0, Math.ceil((1000 * least * settings.choices) / average - rounding) / 1000);
}

function scheduleOf(settings: ScheduleSettings, kind: keyof typeof schedules, T: number) {
  const shape = Array.from({ length: T + 1 }, (_, m) => schedules[kind](m / T));
  const mean = shape.slice(1).reduce((sum, s) => sum + s, 0) / T;
  const average = capacityOf(settings, T);
  const least = Math.max(1, (average * settings.minChoices) / settings.choices);
  return { shape, mean, average, least };
}

/**
 * Expected share of the tokens that a routed expert computes, for batches of B sequences of T tokens. With a limit on
 * what experts hold it is the largest possible: tokens spread unevenly are dropped, and less is computed.
 */
export function expertShareOf(model: ModelSettings, B: number, T: number): number {
  switch (model.feedForward) {
    case 'dense':
      return 0;
    case 'expert-choice': {
      if (hasCapacitySchedule(model)) {
        const [, ...byMasks] = capacitiesByMasks(model, T);
        return byMasks.reduce((sum, capacity) => sum + capacity, 0) / T / T;
      }
      const size = groupSizeOf(model, B, T);
      return capacityOf(model, size) / size;
    }
    case 'token-choice': {
      const share = model.choices / model.experts;
      return model.capacity === 'factor' ? Math.min(share, capacityOf(model, B * T) / (B * T)) : share;
    }
    default:
      return model.feedForward satisfies never;
  }
}
