/**
 * What runs a recorded step: the GPU (`gpuRuntime.ts`) or the CPU twins (`twinRuntime.ts`), behind one interface.
 */
import { KernelError } from '../base/errors.ts';
import type { Launch, Range, Recording, Storage } from './recording.ts';

export type Data = Float32Array | Float64Array | Uint32Array;

export interface CompileOptions {
  /** Give every tensor its own memory, so that all of them can be read after a run (tests, routing views). */
  readonly keepAll?: boolean;
  /** Read after every run without waiting for it: the small tensors of metrics. They live until the step ends. */
  readonly report?: readonly Range[];
  /** Told what is being done, in a person's words: compiling and timing can take seconds. */
  readonly onProgress?: (activity: string) => void;
}

export interface LaunchTime {
  readonly launch: Launch;
  readonly variant: string;
  readonly milliseconds: number;
}

/** A step ready to run any number of times. Nothing is allocated by `run`. */
export interface Plan {
  /** Bytes of device memory that the plan needs, shared with other plans where storages are persistent. */
  readonly memoryBytes: number;
  /** Submits of the next run: 1 on a GPU, more on an adapter that takes long; 0 on the twins. */
  readonly submits: number;
  readonly launches: readonly Launch[];
  /**
   * Runs the step on what the input storages hold now, and resolves with the reported ranges.
   * Calls may overlap; at most `maxInFlight` should.
   */
  run(): Promise<Data[]>;
  /** Reads a range after the last run; transient ones only when reported, or compiled with `keepAll`. */
  read(range: Range): Promise<Data>;
  /** Times every launch by itself, the fastest of `repeats`. */
  profile(repeats: number): Promise<LaunchTime[]>;
  destroy(): void;
}

/** Runs that may be submitted ahead of their reports: more slows adapters down. */
export const maxInFlight = 3;

export interface Runtime {
  readonly kind: 'gpu' | 'cpu';
  /** Bytes of buffers that exist now, and the most there have been. */
  memory(): { bytes: number; peakBytes: number };
  compile(recording: Recording, options?: CompileOptions): Promise<Plan>;
  /**
   * Writes a persistent storage from `range.offset`, as numbers of the storage's type; takes effect before the next run.
   * Throws `KernelError` for a transient storage, or for more elements than the range holds.
   */
  write(range: Range, data: Data | readonly number[]): void;
  read(ranges: readonly Range[]): Promise<Data[]>;
  release(storages: readonly Storage[]): void;
  destroy(): void;
}

/** Throws `KernelError` for more data than a range holds. */
export function expectFits({ storage, length }: Range, data: ArrayLike<number>): void {
  if (data.length <= length) return;
  throw new KernelError(`${storage.label}: expected at most ${length} elements, got ${data.length}`);
}
