/**
 * A recording compiled for a device: memory by liveness, pipelines in parallel, bind groups and parameters built
 * once. `run` encodes one compute pass and submits it, or a few where an adapter is so slow that its page would stand
 * still for the length of a step; it creates no buffer, bind group or pipeline.
 */

import { DeviceError } from '../base/errors.ts';
import { greatest } from '../base/numbers.ts';
import type { Answers } from './answers.ts';
import type { GpuBuffers } from './gpuBuffers.ts';
import { interfaceOf, packParameters } from './kernel.ts';
import { createPace } from './pace.ts';
import type { Pipeline, PipelineCache } from './pipelines.ts';
import {
  alignUp,
  constantsOf,
  type Launch,
  type MemoryPlan,
  planMemory,
  type Recording,
  type Storage,
} from './recording.ts';
import { createReport, type Report } from './report.ts';
import type { CompileOptions, LaunchTime, Plan } from './runtime.ts';
import { type Tuner, variantName } from './tuner.ts';
import { chooseVariants, fillForTuning } from './variants.ts';

/** What a plan needs of its runtime. */
export interface GpuContext {
  readonly device: GPUDevice;
  /** Tells the adapter from others: `adapterFingerprint`. */
  readonly adapterKey: string;
  readonly answers: Answers;
  readonly tuner: Tuner;
  readonly pipelineOf: PipelineCache;
  readonly buffers: GpuBuffers;
}

interface Bound {
  readonly launch: Launch;
  readonly variant: number;
  readonly pipeline: GPUComputePipeline;
  readonly group: GPUBindGroup;
}

/**
 * Compiles a recording. Throws `DeviceError` when its memory does not fit, `KernelError` for a bad shader or parameter;
 * nothing that it allocated is left then.
 */
export async function compilePlan(context: GpuContext, recording: Recording, options: CompileOptions): Promise<Plan> {
  const memory = planMemory(recording, { keepAll: options.keepAll, kept: options.report });
  requireLimits(context.device, recording, memory);
  const fresh = memory.persistent.filter((storage) => !context.buffers.has(storage));
  const owned: GPUBuffer[] = [];
  try {
    return await buildPlan(context, recording, options, memory, owned);
  } catch (error) {
    owned.forEach(context.buffers.destroy);
    context.buffers.release(fresh);
    throw error;
  }
}

/** The plan, and the buffers that are its own in `owned`. */
async function buildPlan(
  context: GpuContext,
  recording: Recording,
  options: CompileOptions,
  memory: MemoryPlan,
  owned: GPUBuffer[],
): Promise<Plan> {
  const { device } = context;
  const { onProgress = () => {} } = options;
  const create = (descriptor: GPUBufferDescriptor) => {
    const buffer = context.buffers.create(descriptor);
    owned.push(buffer);
    return buffer;
  };

  onProgress(`compiling ${recording.launches.length} kernel launches`);
  const parameters = recording.launches.map((launch) => packParameters(launch.variants[0].kernel, launch.parameters));

  device.pushErrorScope('out-of-memory');
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
  const slots = memory.slots.map((length, index) =>
    create({ label: `slot ${index}`, size: 4 * Math.max(1, length), usage }),
  );
  const bufferOf = (storage: Storage) =>
    storage.lifetime === 'persistent' ? context.buffers.persistent(storage) : slots[memory.slotOf.get(storage)!];
  memory.persistent.forEach(bufferOf);
  const uniforms = createUniforms(device, parameters, create);
  const report = createReport(context, options.report ?? [], bufferOf, create);
  const outOfMemory = await device.popErrorScope();
  if (outOfMemory) {
    const megabytes = Math.ceil(memory.bytes / 2 ** 20);
    throw new DeviceError(`GPU memory: expected ${megabytes} MiB to be free, got "${outOfMemory.message}"`, 'memory');
  }

  const bind = createBinder(device, uniforms, bufferOf);
  const chosen = await chooseVariants(recording.launches, {
    tuner: context.tuner,
    adapter: context.adapterKey,
    pipelineOf: context.pipelineOf,
    onProgress,
    trialOf: (index, variant, pipeline) => {
      const launch = recording.launches[index];
      const step = { launch, variant, pipeline: pipeline.pipeline, group: bind(launch, pipeline, index, variant) };
      fillForTuning(device, launch, bufferOf);
      return (repeats) => dispatch(context, step, repeats);
    },
  });
  const steps = recording.launches.map((launch, index): Bound => {
    const { variant, pipeline } = chosen[index];
    return { launch, variant, pipeline: pipeline.pipeline, group: bind(launch, pipeline, index, variant) };
  });

  return createPlan(context, { recording, memory, steps, report, bufferOf, owned });
}

/** Makes the bind group of a launch, which is number `index`, for a pipeline of one of its variants. */
function createBinder(
  device: GPUDevice,
  uniforms: { readonly buffer: GPUBuffer; readonly stride: number },
  bufferOf: (storage: Storage) => GPUBuffer,
) {
  return (launch: Launch, { layout }: Pipeline, index: number, variant: number): GPUBindGroup => {
    const declared = interfaceOf(launch.variants[variant].kernel);
    const entries: GPUBindGroupEntry[] = declared.bindings.map(({ name, index: binding }) => {
      const { storage, offset, length } = launch.bindings[name];
      return { binding, resource: { buffer: bufferOf(storage), offset: 4 * offset, size: 4 * length } };
    });
    if (declared.uniform) {
      const { index: binding, bytes: size } = declared.uniform;
      entries.push({ binding, resource: { buffer: uniforms.buffer, offset: index * uniforms.stride, size } });
    }
    return device.createBindGroup({ label: launch.label, layout, entries });
  };
}

interface Built {
  readonly recording: Recording;
  readonly memory: MemoryPlan;
  readonly steps: readonly Bound[];
  readonly report: Report;
  readonly bufferOf: (storage: Storage) => GPUBuffer;
  readonly owned: readonly GPUBuffer[];
}

function createPlan(context: GpuContext, { recording, memory, steps, report, bufferOf, owned }: Built): Plan {
  const { device } = context;
  const pace = createPace();
  return {
    memoryBytes: memory.bytes,
    launches: recording.launches,
    get submits() {
      return pace.parts;
    },
    run: async () => {
      const timed = pace.begin();
      const encodePart = (part: number) => {
        const encoder = device.createCommandEncoder();
        const pass = encoder.beginComputePass();
        const [from, to] = [part, part + 1].map((end) => Math.round((end * steps.length) / timed.parts));
        for (const step of steps.slice(from, to)) encode(pass, step);
        pass.end();
        return encoder;
      };
      for (let part = 0; part < timed.parts - 1; part++) device.queue.submit([encodePart(part).finish()]);
      const reported = await report.submit(encodePart(timed.parts - 1));
      timed.end();
      return reported;
    },
    read: async (range) => (await context.buffers.read([{ buffer: bufferOf(range.storage), range }]))[0],
    profile: async (repeats) => {
      const times: LaunchTime[] = [];
      for (const step of steps) {
        const milliseconds = await timeSubmits(context, step, repeats);
        times.push({ launch: step.launch, variant: variantName(step.launch.variants[step.variant]), milliseconds });
      }
      return times;
    },
    destroy: () => {
      owned.forEach(context.buffers.destroy);
      context.buffers.release(constantsOf(memory));
    },
  };
}

/** A buffer past a limit is a validation error rather than a lack of memory, so it is told beforehand. */
function requireLimits({ limits }: GPUDevice, { launches }: Recording, { slots, persistent }: MemoryPlan): void {
  const check = (what: string, allowed: number, lengths: readonly number[]) => {
    const bytes = 4 * lengths.reduce((most, length) => Math.max(most, length), 0);
    if (bytes <= allowed) return;
    const [most, got] = [Math.floor(allowed / 2 ** 20), Math.ceil(bytes / 2 ** 20)];
    throw new DeviceError(
      `GPU memory: expected ${what} of at most ${most} MiB on this adapter, got one of ${got} MiB`,
      'memory',
    );
  };
  check('buffers', limits.maxBufferSize, [...slots, ...persistent.map(({ length }) => length)]);
  const ranges = launches.flatMap(({ bindings }) => Object.values(bindings).map(({ length }) => length));
  check('tensors', limits.maxStorageBufferBindingSize, ranges);
}

function encode(pass: GPUComputePassEncoder, { launch, variant, pipeline, group }: Bound): void {
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  const [x, y, z] = launch.variants[variant].workgroups;
  pass.dispatchWorkgroups(x, y, z);
}

/** The parameters of all launches in one uniform buffer, one aligned slice each. */
function createUniforms(
  device: GPUDevice,
  packed: readonly ArrayBuffer[],
  create: (descriptor: GPUBufferDescriptor) => GPUBuffer,
): { buffer: GPUBuffer; stride: number } {
  const largest = Math.max(16, greatest(packed.map(({ byteLength }) => byteLength)));
  const stride = alignUp(largest, device.limits.minUniformBufferOffsetAlignment);
  const bytes = new Uint8Array(stride * Math.max(1, packed.length));
  for (const [index, parameters] of packed.entries()) bytes.set(new Uint8Array(parameters), index * stride);
  const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const buffer = create({ label: 'parameters', size: bytes.byteLength, usage });
  device.queue.writeBuffer(buffer, 0, bytes);
  return { buffer, stride };
}

/** One pass of the same dispatch; resolves when the queue has answered. */
async function dispatch({ device, answers }: GpuContext, step: Bound, repeats: number): Promise<void> {
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  for (let count = 0; count < repeats; count++) encode(pass, step);
  pass.end();
  device.queue.submit([encoder.finish()]);
  await answers.wait(device.queue.onSubmittedWorkDone());
}

async function timeSubmits(context: GpuContext, step: Bound, repeats: number): Promise<number> {
  const inner = 4;
  let best = Number.POSITIVE_INFINITY;
  // The first run warms caches and, on some drivers, finishes compiling; it is not counted.
  await dispatch(context, step, 1);
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    await dispatch(context, step, inner);
    best = Math.min(best, (performance.now() - start) / inner);
  }
  return best;
}
