/** Opens a backend for the command line: Dawn through npm `webgpu`, or the CPU twins. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, homedir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { create, globals } from 'webgpu';
import { DeviceError } from '../base/errors.ts';
import type { Experiment } from '../config/schema.ts';
import { expectMemory, type MemoryLimits, memoryOf } from '../run/cost.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTuner, type TuningTable } from '../runtime/tuner.ts';
import { createTwinRuntime } from '../runtime/twinRuntime.ts';
import { type BackendKind, type Backends, findBackends } from '../train/backends.ts';
import { oneOf } from './arguments.ts';

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

/** Finds adapters and measures them, without opening a backend to work with. */
export async function inspectBackends(): Promise<{ backends: Backends; remember(): void }> {
  Object.assign(globalThis, globals);
  // f16 on NVIDIA is hidden behind a toggle of Dawn; asking for it changes nothing elsewhere.
  instance ??= create(['enable-dawn-features=vulkan_enable_f16_on_nvidia']);
  const tuner = createTuner(readTable());
  return { backends: await findBackends(instance, tuner), remember: () => writeTable(tuner.table) };
}

/** Opens the wanted backend, or the faster one. Throws `DeviceError` for a GPU that is not there. */
export async function openBackend(wanted: string | undefined): Promise<OpenBackend> {
  const kind = wanted === undefined ? null : oneOf<BackendKind>('backend', wanted, ['gpu', 'cpu']);
  // Asked for by name, the CPU needs no adapter to be found and measured.
  if (kind === 'cpu') return onTwins(createTwinRuntime());
  const { backends, remember } = await inspectBackends();
  if (kind === 'gpu' && !backends.adapter) throw new DeviceError(`--backend gpu: ${backends.whyNoGpu}`, 'none');
  const runtime = await backends.open(kind ?? backends.chosen, (error) => {
    process.stderr.write(`sdlm: ${error.message}\n`);
    process.exit(1);
  });
  if (runtime.kind === 'cpu') {
    remember();
    return onTwins(runtime);
  }
  return {
    runtime,
    name: backends.adapter!.key,
    adapter: backends.adapter!.key,
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
  const processor = cpus()[0]?.model.trim() || process.arch;
  return {
    runtime,
    name: 'CPU twins',
    adapter: `CPU twins, one thread of ${processor}`,
    close: () => runtime.destroy(),
  };
}

function tablePath(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sdlm-playground', 'tuning.json');
}

/** Choices are remembered per adapter inside the keys; an unreadable file only means timing again. */
function readTable(): TuningTable {
  try {
    return JSON.parse(readFileSync(tablePath(), 'utf8')) as TuningTable;
  } catch {
    return {};
  }
}

function writeTable(table: TuningTable): void {
  try {
    mkdirSync(dirname(tablePath()), { recursive: true });
    writeFileSync(tablePath(), JSON.stringify(table, null, 1));
  } catch (error) {
    process.stderr.write(`sdlm: kernel timings are not remembered: ${(error as Error).message}\n`);
  }
}
