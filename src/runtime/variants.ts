/**
 * Which variant each launch of a plan takes. What is known (one variant, or a remembered choice) is compiled together;
 * the rest is timed, the costliest problems first, and only what is timed is compiled.
 * Not here: how a time is measured and remembered (`tuner.ts`).
 */
import { KernelError } from '../base/errors.ts';
import type { Pipeline, PipelineCache } from './pipelines.ts';
import type { Launch, Storage } from './recording.ts';
import { type Trial, type Tuner, tuningBudget, tuningKey, variantName } from './tuner.ts';

export interface Chosen {
  readonly variant: number;
  readonly pipeline: Pipeline;
}

export interface VariantOptions {
  readonly tuner: Tuner;
  /** Identifies the adapter and its driver. */
  readonly adapter: string;
  readonly pipelineOf: PipelineCache;
  readonly onProgress: (activity: string) => void;
  /** Dispatches a variant of launch `index` repeatedly in one pass; resolves when the queue has answered. */
  trialOf(index: number, variant: number, pipeline: Pipeline): Trial;
}

/** Chooses for every launch, in order. Throws `KernelError` for a shader that does not compile. */
export async function chooseVariants(launches: readonly Launch[], options: VariantOptions): Promise<Chosen[]> {
  const { tuner, adapter, pipelineOf, onProgress, trialOf } = options;
  const known = launches.map((launch) => tuner.known(launch, adapter));
  const compile = (index: number, variant: number) => pipelineOf(launches[index].variants[variant]);
  await Promise.all(known.map((variant, index) => (variant === null ? null : compile(index, variant))));
  const budget = { milliseconds: tuningBudget };
  for (const index of costliestFirst(launches, adapter, known)) {
    const launch = launches[index];
    await tuner.choose(launch, {
      adapter,
      budget,
      prepare: async (variant) => {
        onProgress(`timing ${variantName(launch.variants[variant])}`);
        return trialOf(index, variant, await compile(index, variant));
      },
    });
  }
  return Promise.all(
    launches.map(async (launch, index) => {
      const variant = tuner.known(launch, adapter);
      if (variant === null) throw new KernelError(`${launch.label}: expected a chosen variant, got none`);
      return { variant, pipeline: await compile(index, variant) };
    }),
  );
}

/** Index of one launch of each problem that is not known, those first that compute most in the whole step. */
function costliestFirst(launches: readonly Launch[], adapter: string, known: readonly (number | null)[]): number[] {
  const problems = new Map<string, { index: number; flops: number }>();
  for (const [index, launch] of launches.entries()) {
    if (known[index] !== null) continue;
    const key = tuningKey(launch, adapter);
    const problem = problems.get(key) ?? { index, flops: 0 };
    problems.set(key, { index: problem.index, flops: problem.flops + launch.flops });
  }
  return [...problems.values()].sort((a, b) => b.flops - a.flops).map(({ index }) => index);
}

/** Fills what a launch needs filled to be timed. Throws `KernelError` for a persistent tensor, which holds something. */
export function fillForTuning(device: GPUDevice, launch: Launch, bufferOf: (storage: Storage) => GPUBuffer): void {
  for (const [name, valueAt] of Object.entries(launch.tuningData ?? {})) {
    const { storage, offset, length } = launch.bindings[name];
    if (storage.lifetime === 'persistent') {
      throw new KernelError(`${launch.label}: expected tuning data for a transient tensor, got ${storage.label}`);
    }
    const values = Array.from({ length }, (_, index) => valueAt(index));
    const array = storage.type === 'u32' ? Uint32Array.from(values) : Float32Array.from(values);
    device.queue.writeBuffer(bufferOf(storage), 4 * offset, array);
  }
}
