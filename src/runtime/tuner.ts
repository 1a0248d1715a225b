/**
 * Chooses between the variants of a launch by timing them on the adapter, once per adapter and problem size.
 * The choice is remembered (and can be exported), because two runs are bit-equal only on the same variants.
 */
import { interfaceOf } from './kernel.ts';
import { bytesOf, type Launch } from './recording.ts';

/** Chosen variant's name by problem, as remembered between sessions. */
export type TuningTable = Record<string, string>;

export interface Tuner {
  /** Index of the fastest variant of a launch. `time` runs one variant and answers milliseconds. */
  choose(launch: Launch, time: (variant: number) => Promise<number>): Promise<number>;
  readonly table: TuningTable;
}

/** A tuner that starts from remembered choices. */
export function createTuner(remembered: TuningTable = {}): Tuner {
  const table: TuningTable = { ...remembered };
  return {
    table,
    choose: async (launch, time) => {
      if (launch.variants.length === 1) return 0;
      const problem = problemKey(launch);
      const known = launch.variants.findIndex((variant) => variantName(variant) === table[problem]);
      if (known >= 0) return known;
      let best = 0;
      let bestTime = Number.POSITIVE_INFINITY;
      for (let index = 0; index < launch.variants.length; index++) {
        const milliseconds = await time(index);
        if (milliseconds < bestTime) {
          best = index;
          bestTime = milliseconds;
        }
      }
      table[problem] = variantName(launch.variants[best]);
      return best;
    },
  };
}

/** Kernel and tunables, e.g. `matmul_registers TRANS_A=0 TRANS_B=1 ADD=0`. */
export function variantName({ kernel, tunables }: Launch['variants'][number]): string {
  const declared = interfaceOf(kernel).tunables;
  const set = Object.entries(tunables).filter(([name]) => declared.has(name));
  return [kernel.name, ...set.map(([name, value]) => `${name}=${value}`)].join(' ');
}

function problemKey(launch: Launch): string {
  const sizes = Object.entries(launch.parameters).map(([name, value]) => `${name}=${value}`);
  return [variantName(launch.variants[0]), ...sizes, `${bytesOf(launch)} B`].join(' ');
}
