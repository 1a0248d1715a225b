/**
 * What a machine computes on: the adapter where there is one, and the CPU twins; how fast each trains, and which of them
 * runs. Finding is quick; measuring takes seconds and can wait until somebody looks.
 */
import type { DeviceError, KernelError } from '../base/errors.ts';
import type { Experiment } from '../config/schema.ts';
import { type Adapter, requestAdapter } from '../runtime/device.ts';
import { createGpuRuntime } from '../runtime/gpuRuntime.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Tuner } from '../runtime/tuner.ts';
import { createTwinRuntime } from '../runtime/twinRuntime.ts';
import { type MeasureOptions, measureSteps, type Speed } from './speed.ts';

export type BackendKind = Runtime['kind'];

export interface Machine {
  /** Null where there is no adapter; `whyNoGpu` then holds the reason. */
  readonly adapter: Adapter | null;
  readonly whyNoGpu: string | null;
  /** Opens a backend. Throws `DeviceError` for a GPU that is not there. */
  open(kind: BackendKind, onError: (error: DeviceError | KernelError) => void): Promise<Runtime>;
}

/** Measured, or why not; a backend that is not there has no entry. */
export type Speeds = Readonly<Partial<Record<BackendKind, Speed>>>;

/** Looks for an adapter, without measuring anything. `tuner` is shared by every GPU runtime that is opened. */
export async function findMachine(gpu: GPU | undefined, tuner: Tuner): Promise<Machine> {
  const open: Machine['open'] = async (kind, onError) => {
    if (kind === 'cpu') return createTwinRuntime();
    // An adapter opens one device; a second device needs the adapter asked for again.
    return createGpuRuntime(await requestAdapter(gpu), tuner, onError);
  };
  try {
    return { adapter: await requestAdapter(gpu), whyNoGpu: null, open };
  } catch (error) {
    return { adapter: null, whyNoGpu: (error as Error).message, open };
  }
}

/** Nothing measured yet. */
export function unmeasuredSpeeds({ adapter }: Pick<Machine, 'adapter'>): Speeds {
  const notYet = { kind: 'unmeasured', why: 'not yet' } as const;
  return adapter ? { cpu: notYet, gpu: notYet } : { cpu: notYet };
}

/**
 * The backend to train on. A hardware adapter is taken unless its steps are measured slower than those of the twins, or
 * it failed to take any; a software adapter only if its steps are measured faster.
 */
export function chooseBackend({
  adapter,
  speeds,
}: {
  readonly adapter: Pick<Adapter, 'isSoftware'> | null;
  readonly speeds: Speeds;
}): BackendKind {
  const { gpu, cpu } = speeds;
  if (!adapter) return 'cpu';
  if (gpu?.kind === 'measured' && cpu?.kind === 'measured') {
    const isSlower = gpu.secondsPerStep > cpu.secondsPerStep;
    const isFaster = gpu.secondsPerStep < cpu.secondsPerStep;
    return (adapter.isSoftware ? isFaster : !isSlower) ? 'gpu' : 'cpu';
  }
  const hasFailed = gpu?.kind === 'unmeasured' && gpu.why === 'failed';
  return adapter.isSoftware || hasFailed ? 'cpu' : 'gpu';
}

export interface MachineMeasureOptions extends Omit<MeasureOptions, 'rival' | 'mostSeconds'> {
  /** Hears of each backend as soon as it is known. */
  readonly onSpeed?: (speeds: Speeds) => void;
}

/** Seconds that a software adapter may take, compiling included: it rarely wins, and the twins are known by then. */
const softwareSeconds = 10;
const hardwareSeconds = 60;

/**
 * Measures training steps of an experiment on every backend, each on a runtime of its own: the twins first, so that an
 * adapter is not waited for once it is clearly slower.
 */
export async function measureMachine(
  { adapter, open }: Machine,
  experiment: Experiment,
  vocabularySize: number,
  { onSpeed = () => {}, ...options }: MachineMeasureOptions = {},
): Promise<Speeds> {
  const twins = await open('cpu', () => {});
  const cpu = await measureSteps(twins, experiment, vocabularySize, options);
  twins.destroy();
  let speeds: Speeds = { ...unmeasuredSpeeds({ adapter }), cpu };
  onSpeed(speeds);
  if (!adapter || options.signal?.aborted) return speeds;
  const gpu = await measureAdapter({ adapter, open }, experiment, vocabularySize, {
    ...options,
    rival: cpu.kind === 'measured' ? cpu.secondsPerStep : undefined,
    mostSeconds: adapter.isSoftware ? softwareSeconds : hardwareSeconds,
  });
  speeds = { cpu, gpu };
  onSpeed(speeds);
  return speeds;
}

/** An adapter that cannot take a step is told apart from a slow one, with its own words. */
async function measureAdapter(
  { open }: Pick<Machine, 'adapter' | 'open'>,
  experiment: Experiment,
  vocabularySize: number,
  options: MeasureOptions,
): Promise<Speed> {
  const errors: Error[] = [];
  try {
    const runtime = await open('gpu', (error) => errors.push(error));
    const speed = await measureSteps(runtime, experiment, vocabularySize, options);
    runtime.destroy();
    if (errors.length === 0) return speed;
  } catch (error) {
    errors.push(error as Error);
  }
  return { kind: 'unmeasured', why: 'failed', message: errors[0].message };
}
