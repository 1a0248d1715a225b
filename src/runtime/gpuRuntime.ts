/**
 * Runs recorded steps on a WebGPU device (`gpuPlan.ts`), and owns its buffers: no other file creates or destroys one.
 */
import { DeviceError, KernelError } from '../base/errors.ts';
import { createAnswers } from './answers.ts';
import type { Adapter } from './device.ts';
import { adapterFingerprint, openDevice } from './device.ts';
import { compilePlan, type GpuContext } from './gpuPlan.ts';
import { createPipelineCache } from './pipelines.ts';
import type { Range, Storage } from './recording.ts';
import { sliceTyped } from './report.ts';
import { type Data, expectFits, type Runtime } from './runtime.ts';
import type { Tuner } from './tuner.ts';

export interface GpuRuntime extends Runtime {
  readonly kind: 'gpu';
  readonly adapter: Adapter;
  readonly device: GPUDevice;
  readonly tuner: Tuner;
}

/**
 * Opens a device on the adapter. `onError` hears of errors that no call can return: a lost device, validation,
 * memory. After one, results of the plans in flight are not to be trusted.
 */
export async function createGpuRuntime(
  adapter: Adapter,
  tuner: Tuner,
  onError: (error: DeviceError | KernelError) => void,
): Promise<GpuRuntime> {
  const device = await openDevice(adapter);
  const memory = new Map<Storage, GPUBuffer>();
  const buffers = new Set<GPUBuffer>();
  let bytes = 0;
  let peakBytes = 0;
  let isClosed = false;

  device.addEventListener('uncapturederror', (event) => {
    const { error } = event as GPUUncapturedErrorEvent;
    const isMemory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
    onError(
      isMemory
        ? new DeviceError(`GPU memory: ${error.message}`, 'memory')
        : new KernelError(`WebGPU: ${error.message}`),
    );
  });
  void device.lost.then(({ reason, message }) => {
    if (!isClosed) onError(new DeviceError(`WebGPU device lost (${reason}): ${message}`, 'lost'));
  });

  const answers = await createAnswers(device.queue);
  const createBuffer = (descriptor: GPUBufferDescriptor): GPUBuffer => {
    const buffer = device.createBuffer(descriptor);
    buffers.add(buffer);
    bytes += descriptor.size;
    peakBytes = Math.max(peakBytes, bytes);
    return buffer;
  };
  const destroyBuffer = (buffer: GPUBuffer) => {
    if (!buffers.delete(buffer)) return;
    bytes -= buffer.size;
    buffer.destroy();
  };
  const persistentBuffer = (storage: Storage): GPUBuffer => {
    let buffer = memory.get(storage);
    if (!buffer) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      buffer = createBuffer({ label: storage.label, size: 4 * Math.max(1, storage.length), usage });
      memory.set(storage, buffer);
      if (storage.initial) device.queue.writeBuffer(buffer, 0, toArray(storage, storage.initial));
    }
    return buffer;
  };
  const release = (storages: readonly Storage[]) => {
    for (const storage of storages) {
      const buffer = memory.get(storage);
      if (buffer) destroyBuffer(buffer);
      memory.delete(storage);
    }
  };
  const bufferOf = (range: Range) => {
    if (range.storage.lifetime === 'persistent') return persistentBuffer(range.storage);
    throw new KernelError(`${range.storage.label}: expected a persistent storage, got a transient one`);
  };
  const read = async (sources: readonly { buffer: GPUBuffer; range: Range }[]): Promise<Data[]> => {
    const size = sources.reduce((sum, { range }) => sum + 4 * range.length, 0);
    if (size === 0) return sources.map(({ range }) => toArray(range.storage, []));
    const staging = createBuffer({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    try {
      const encoder = device.createCommandEncoder();
      let offset = 0;
      for (const { buffer, range } of sources) {
        encoder.copyBufferToBuffer(buffer, 4 * range.offset, staging, offset, 4 * range.length);
        offset += 4 * range.length;
      }
      device.queue.submit([encoder.finish()]);
      await answers.wait(staging.mapAsync(GPUMapMode.READ));
      return sliceTyped(
        staging.getMappedRange(),
        sources.map(({ range }) => range),
      );
    } finally {
      destroyBuffer(staging);
    }
  };

  const context: GpuContext = {
    device,
    adapterKey: adapterFingerprint(adapter),
    answers,
    tuner,
    pipelineOf: createPipelineCache(device),
    createBuffer,
    destroyBuffer,
    persistentBuffer,
    hasBuffer: (storage) => memory.has(storage),
    release,
    read,
  };
  return {
    kind: 'gpu',
    adapter,
    device,
    tuner,
    memory: () => ({ bytes, peakBytes }),
    compile: (recording, options = {}) => compilePlan(context, recording, options),
    write: (range, data) => {
      const buffer = bufferOf(range);
      expectFits(range, data);
      const Stored = range.storage.type === 'u32' ? Uint32Array : Float32Array;
      const array = data instanceof Stored ? data : toArray(range.storage, data);
      device.queue.writeBuffer(buffer, 4 * range.offset, array as Float32Array<ArrayBuffer>);
    },
    read: (ranges) => read(ranges.map((range) => ({ buffer: bufferOf(range), range }))),
    release,
    destroy: () => {
      isClosed = true;
      device.destroy();
      bytes = 0;
    },
  };
}

function toArray(storage: Storage, values: ArrayLike<number>): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return storage.type === 'u32' ? Uint32Array.from(values) : Float32Array.from(values);
}
