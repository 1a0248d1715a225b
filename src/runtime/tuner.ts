/**
 * Chooses between the variants of a launch by timing them, once per adapter, shader and problem. The choice is
 * remembered (and can be exported), because two runs are bit-equal only on the same variants.
 * Not here: what is dispatched (`gpuPlan.ts`).
 */
import { type Clock, clockResolution, systemClock } from '../base/clock.ts';
import { interfaceOf, specialise } from './kernel.ts';
import { bytesOf, type Launch, type Variant } from './recording.ts';

/** Chosen variant's name by adapter, problem and shaders, as remembered between sessions. */
export type TuningTable = Record<string, string>;

/** Dispatches a variant so many times in one pass, and resolves when the queue answers. None: an empty pass. */
export type Trial = (repeats: number) => Promise<void>;

/** What timing the variants of a launch takes. */
export interface Trials {
  /** Identifies the adapter and its driver. */
  readonly adapter: string;
  /** Compiles a variant. Only those that are timed are asked for. */
  prepare(variant: number): Promise<Trial>;
  /** Milliseconds that timing may still take; counted down here, and shared by the launches of one compilation. */
  readonly budget: { milliseconds: number };
}

export interface Tuner {
  /** Index of the variant that this launch takes on the adapter, where nothing is left to be timed; else null. */
  known(launch: Launch, adapter: string): number | null;
  /** Index of the fastest variant; the first where the budget ran out. The same from then on, in this process. */
  choose(launch: Launch, trials: Trials): Promise<number>;
  /** What was timed to the end. */
  readonly table: TuningTable;
}

/** Milliseconds for which timing variants may hold up one compilation. */
export const tuningBudget = 3000;

/** A trial is long enough when it takes so many milliseconds, and so many times what it may be off by. */
const enough = { milliseconds: 4, times: 10 };
const mostRepeats = 4096;

/** A variant this many times as slow as the best so far is not timed any longer. */
const hopeless = 2;

/** A tuner that starts from remembered choices; what is not a table of names, or of another adapter, is ignored. */
export function createTuner(remembered: unknown = {}, now: Clock = systemClock): Tuner {
  const table = readTable(remembered);
  /** Choices that were cut short: kept, so that later plans agree, but not remembered. */
  const unsettled = new Map<string, number>();
  /** Measured once, when it is first needed. */
  let resolution: number | null | undefined;
  const known = (launch: Launch, adapter: string): number | null => {
    if (launch.variants.length === 1) return 0;
    const key = tuningKey(launch, adapter);
    const index = launch.variants.findIndex((variant) => variantName(variant) === table[key]);
    return index >= 0 ? index : (unsettled.get(key) ?? null);
  };
  return {
    table,
    known,
    choose: async (launch, trials) => {
      const before = known(launch, trials.adapter);
      if (before !== null) return before;
      const key = tuningKey(launch, trials.adapter);
      if (resolution === undefined) resolution = clockResolution(now);
      const { best, isSettled } = await timeVariants(launch.variants.length, trials, now, resolution);
      // Another compilation may have settled it meanwhile.
      const meanwhile = known(launch, trials.adapter);
      if (meanwhile !== null) return meanwhile;
      if (isSettled) table[key] = variantName(launch.variants[best]);
      else unsettled.set(key, best);
      return best;
    },
  };
}

/** Times one variant after the other for as long as the budget lasts. Nothing can be timed with a clock that stands still. */
async function timeVariants(count: number, { prepare, budget }: Trials, now: Clock, resolution: number | null) {
  const began = now();
  const left = () => budget.milliseconds - (now() - began);
  let best = 0;
  let bestTime = Number.POSITIVE_INFINITY;
  let isSettled = resolution !== null;
  for (let index = 0; index < count && resolution !== null && isSettled; index++) {
    const time = left() > 0 ? await timeVariant(await prepare(index), { now, resolution, bestTime, left }) : null;
    if (time === null) isSettled = false;
    else if (time < bestTime) {
      best = index;
      bestTime = time;
    }
  }
  budget.milliseconds = left();
  return { best, isSettled };
}

interface Timing {
  readonly now: Clock;
  /** Of the clock, in milliseconds. */
  readonly resolution: number;
  readonly bestTime: number;
  readonly left: () => number;
}

/** Milliseconds of one dispatch, roughly for a hopeless one; null where the budget ran out first. */
async function timeVariant(trial: Trial, { now, resolution, bestTime, left }: Timing): Promise<number | null> {
  const elapsed = async (repeats: number) => {
    const start = now();
    await trial(repeats);
    return now() - start;
  };
  // Some drivers finish compiling in the first dispatch, so it is not counted.
  await trial(1);
  const roundTrip = Math.min(await elapsed(0), await elapsed(0));
  // Two readings of the clock, and the way of the answer.
  const target = Math.max(enough.milliseconds, enough.times * (roundTrip + 2 * resolution));
  for (let repeats = 1; left() > 0; ) {
    const first = await elapsed(repeats);
    const atLeast = (first - roundTrip - 2 * resolution) / repeats;
    if (atLeast > hopeless * bestTime) return atLeast;
    if (first >= target || repeats >= mostRepeats) {
      return (left() > 0 ? Math.min(first, await elapsed(repeats)) : first) / repeats;
    }
    const wanted = (1.3 * target * repeats) / Math.max(first - roundTrip, resolution, target / 64);
    repeats = Math.min(mostRepeats, Math.max(2 * repeats, Math.ceil(wanted)));
  }
  return null;
}

/** Kernel and tunables, e.g. `matmul_registers TRANS_A=0 TRANS_B=1 ADD=0`. */
export function variantName({ kernel, tunables }: Variant): string {
  const declared = interfaceOf(kernel).tunables;
  const set = Object.entries(tunables).filter(([name]) => declared.has(name));
  return [kernel.name, ...set.map(([name, value]) => `${name}=${value}`)].join(' ');
}

/** Adapter, problem and the sources of all variants: a choice between other shaders says nothing about these. */
export function tuningKey(launch: Launch, adapter: string): string {
  const sizes = Object.entries(launch.parameters).map(([name, value]) => `${name}=${value}`);
  const sources = launch.variants.map(sourceHash).join('.');
  return [adapter, variantName(launch.variants[0]), ...sizes, `${bytesOf(launch)} B`, sources].join(' | ');
}

const hashes = new WeakMap<Variant['kernel'], Map<string, string>>();

/** FNV-1a of the source with its tunables set, as hexadecimal. */
function sourceHash(variant: Variant): string {
  const known = hashes.get(variant.kernel) ?? new Map<string, string>();
  hashes.set(variant.kernel, known);
  const name = variantName(variant);
  let hash = known.get(name);
  if (hash === undefined) {
    let state = 0x811c9dc5;
    for (const character of specialise(variant.kernel, variant.tunables))
      state = Math.imul(state ^ character.charCodeAt(0), 0x01000193) >>> 0;
    hash = state.toString(16).padStart(8, '0');
    known.set(name, hash);
  }
  return hash;
}

function readTable(remembered: unknown): TuningTable {
  if (typeof remembered !== 'object' || remembered === null || Array.isArray(remembered)) return {};
  return Object.fromEntries(Object.entries(remembered).filter(([, name]) => typeof name === 'string'));
}
