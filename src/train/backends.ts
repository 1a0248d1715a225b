/**
 * Which backend runs: both are opened where they exist, timed on a small matrix product, and the faster is taken.
 * On a software adapter the CPU twins usually win; that is measured, never assumed.
 */
import type { DeviceError, KernelError } from '../base/errors.ts';
import { matmul } from '../ops/matmul.ts';
import { type Adapter, requestAdapter } from '../runtime/device.ts';
import { createGpuRuntime } from '../runtime/gpuRuntime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tuner } from '../runtime/tuner.ts';
import { createTwinRuntime } from '../runtime/twinRuntime.ts';
import { createGraph, persistentTensor } from '../tensor/tensor.ts';

export type BackendKind = Runtime['kind'];

export interface Backends {
  /** Null where there is no adapter; `whyNoGpu` then holds the reason. */
  readonly adapter: Adapter | null;
  readonly whyNoGpu: string | null;
  /** GFLOP/s of a product of the size that small models are made of. */
  readonly gflops: Partial<Record<BackendKind, number>>;
  readonly chosen: BackendKind;
  /** Opens a backend. Throws `DeviceError` for a GPU that is not there. */
  open(kind: BackendKind, onError: (error: DeviceError | KernelError) => void): Promise<Runtime>;
}

/** Looks for an adapter and measures what there is. `tuner` is shared by every GPU runtime that is opened. */
export async function findBackends(gpu: GPU | undefined, tuner: Tuner): Promise<Backends> {
  let adapter: Adapter | null = null;
  let whyNoGpu: string | null = null;
  try {
    adapter = await requestAdapter(gpu);
  } catch (error) {
    whyNoGpu = (error as Error).message;
  }
  const open: Backends['open'] = async (kind, onError) => {
    if (kind === 'cpu') return createTwinRuntime();
    // An adapter opens one device; a second device needs the adapter asked for again.
    return createGpuRuntime(await requestAdapter(gpu), tuner, onError);
  };
  const gflops: Partial<Record<BackendKind, number>> = { cpu: await measure(createTwinRuntime()) };
  if (adapter) {
    const errors: Error[] = [];
    try {
      const runtime = await open('gpu', (error) => errors.push(error));
      const measured = await measure(runtime);
      runtime.destroy();
      if (errors.length > 0) throw errors[0];
      gflops.gpu = measured;
    } catch (error) {
      // An adapter that cannot multiply is reported as none, with its own words.
      adapter = null;
      whyNoGpu = (error as Error).message;
    }
  }
  const chosen = (gflops.gpu ?? 0) > (gflops.cpu ?? 0) ? 'gpu' : 'cpu';
  return { adapter, whyNoGpu, gflops, chosen, open };
}

/** GFLOP/s of a 512 x 192 x 64 product, the projection of W0, best of a few runs. */
async function measure(runtime: Runtime): Promise<number> {
  const graph = createGraph();
  const a = persistentTensor(graph, 'a', [512, 64]);
  const b = persistentTensor(graph, 'b', [192, 64]);
  matmul(a, b, { transB: true });
  const plan = await runtime.compile({ launches: graph.launches });
  const [{ launch, milliseconds }] = await plan.profile(8);
  plan.destroy();
  runtime.release([a.storage, b.storage]);
  return launch.flops / milliseconds / 1e6;
}
