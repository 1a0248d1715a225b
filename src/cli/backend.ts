/** Opens a backend for the command line: Dawn through npm `webgpu`, or the CPU twins. */
import { cpus, totalmem } from 'node:os';
import process from 'node:process';
import { create, globals } from 'webgpu';
import { DeviceError } from '../base/errors.ts';
import { defaultPresetId, presetExperiment } from '../config/presets.ts';
import type { Experiment } from '../config/schema.ts';
import { expectMemory, type MemoryLimits, memoryOf } from '../run/cost.ts';
import {
  type BackendKind,
  chooseBackend,
  findMachine,
  type Machine,
  measureMachine,
  type Speeds,
} from '../run/machine.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTuner } from '../runtime/tuner.ts';
import { createTwinRuntime } from '../runtime/twinRuntime.ts';
import { oneOf } from './arguments.ts';
import { readCache, writeCache } from './cache.ts';
import { activity, endProgress } from './output.ts';

// Dawn's objects die with the instance that made them, so it is kept for as long as the process lives.
let instance: GPU | undefined;

export const backendOption = { backend: { type: 'string' } } as const;

export interface OpenBackend {
  readonly runtime: Runtime;
  /** What it computes on, for people. */
  readonly name: string;
  /** Adapter or processor, for records. */
  readonly adapter: string;
  /** Remembers the chosen kernel variants and closes the device. */
  close(): void;
}

/** Finds adapters, without opening or measuring anything. `remember` keeps the kernel variants chosen since. */
export async function findBackends(): Promise<{ machine: Machine; remember(): void }> {
  Object.assign(globalThis, globals);
  // f16 on NVIDIA is hidden behind a toggle of Dawn; asking for it changes nothing elsewhere.
  instance ??= create(['enable-dawn-features=vulkan_enable_f16_on_nvidia']);
  const tuner = createTuner(readCache('tuning.json'));
  return { machine: await findMachine(instance, tuner), remember: () => writeCache('tuning.json', tuner.table) };
}

/** Vocabulary of the experiment that is measured: about the characters of a book. */
const measuredVocabulary = 80;

/** Times training steps of the small preset on every backend, and remembers which is taken. */
export async function measureBackends(machine: Machine): Promise<{ speeds: Speeds; chosen: BackendKind }> {
  const speeds = await measureMachine(machine, presetExperiment(defaultPresetId), measuredVocabulary, {
    onProgress: (words) => activity(`measuring this machine: ${words}`),
  });
  endProgress();
  const chosen = chooseBackend({ adapter: machine.adapter, speeds });
  writeCache('backend.json', { machine: machineKey(machine), chosen });
  return { speeds, chosen };
}

/** The backend to train on: measured once per machine and build. */
export async function chosenBackend(machine: Machine): Promise<BackendKind> {
  if (!machine.adapter) return 'cpu';
  const remembered = readCache('backend.json') as { machine?: unknown; chosen?: unknown } | null;
  const { chosen } = remembered ?? {};
  const isKnown = remembered?.machine === machineKey(machine) && (chosen === 'gpu' || chosen === 'cpu');
  return isKnown ? chosen : (await measureBackends(machine)).chosen;
}

function machineKey({ adapter }: Machine): string {
  return [__BUILD_COMMIT__, processor(), adapter?.key ?? 'no adapter'].join(' | ');
}

/** Opens the wanted backend, or the faster one. Throws `DeviceError` for a GPU that is not there. */
export async function openBackend(wanted: string | undefined): Promise<OpenBackend> {
  const kind = wanted === undefined ? null : oneOf<BackendKind>('backend', wanted, ['gpu', 'cpu']);
  // Asked for by name, the CPU needs no adapter to be found and measured.
  if (kind === 'cpu') return onTwins(createTwinRuntime());
  const { machine, remember } = await findBackends();
  if (kind === 'gpu' && !machine.adapter) throw new DeviceError(`--backend gpu: ${machine.whyNoGpu}`, 'none');
  const runtime = await machine.open(kind ?? (await chosenBackend(machine)), (error) => {
    process.stderr.write(`sdlm: ${error.message}\n`);
    process.exit(1);
  });
  if (runtime.kind === 'cpu') {
    remember();
    return onTwins(runtime);
  }
  return {
    runtime,
    name: machine.adapter!.key,
    adapter: machine.adapter!.key,
    close: () => {
      remember();
      runtime.destroy();
    },
  };
}

/** What the CPU twins may take: the memory of the machine, or of the container. */
export function twinLimits(): MemoryLimits & { readonly bytes: number } {
  const constrained = process.constrainedMemory();
  const memory = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  return { bytes: memory, buffer: memory };
}

/**
 * Throws `ConfigError` for the first of the runs, one at a time, that is too large for the twins: too much memory would
 * end the process without a word. An adapter says so itself.
 */
export function expectTwinMemory(
  where: string,
  { kind }: Runtime,
  runs: readonly { readonly name: string; readonly experiment: Experiment; readonly vocabularySize: number }[],
): void {
  if (kind !== 'cpu') return;
  const limits = twinLimits();
  const measured = runs.map(({ name, experiment, vocabularySize }) => {
    return { name, memory: memoryOf(experiment, vocabularySize, limits.bytes) };
  });
  expectMemory(where, measured, limits);
}

function onTwins(runtime: Runtime): OpenBackend {
  return {
    runtime,
    name: 'CPU twins',
    adapter: `CPU twins, one thread of ${processor()}`,
    close: () => runtime.destroy(),
  };
}

function processor(): string {
  return cpus()[0]?.model.trim() || process.arch;
}
