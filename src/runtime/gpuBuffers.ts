/** The buffers of one WebGPU device: no other file creates or destroys one. */
import { KernelError } from '../base/errors.ts';
import type { Answers } from './answers.ts';
import type { Range, Storage } from './recording.ts';
import { sliceTyped } from './report.ts';
import { type Data, expectFits } from './runtime.ts';

export interface GpuBuffers {
  create(descriptor: GPUBufferDescriptor): GPUBuffer;
  destroy(buffer: GPUBuffer): void;
  /** The buffer of a persistent storage, created with the storage's initial values when it is first asked for. */
  persistent(storage: Storage): GPUBuffer;
  has(storage: Storage): boolean;
  /** Throws `KernelError` for a transient storage. */
  of(range: Range): GPUBuffer;
  /** Throws `KernelError` for a transient storage, or for more elements than the range holds. */
  write(range: Range, data: Data | readonly number[]): void;
  /** Copies ranges out, all in one go, as numbers of their storages' types. */
  read(sources: readonly { buffer: GPUBuffer; range: Range }[]): Promise<Data[]>;
  release(storages: readonly Storage[]): void;
  /** Bytes of buffers that exist now, and the most there have been. */
  size(): { bytes: number; peakBytes: number };
  /** All are gone with their device. */
  forget(): void;
}

export function createGpuBuffers(device: GPUDevice, answers: Answers): GpuBuffers {
  const memory = new Map<Storage, GPUBuffer>();
  const existing = new Set<GPUBuffer>();
  let bytes = 0;
  let peakBytes = 0;

  const create = (descriptor: GPUBufferDescriptor) => {
    const buffer = device.createBuffer(descriptor);
    existing.add(buffer);
    bytes += descriptor.size;
    peakBytes = Math.max(peakBytes, bytes);
    return buffer;
  };
  const destroy = (buffer: GPUBuffer) => {
    if (!existing.delete(buffer)) return;
    bytes -= buffer.size;
    buffer.destroy();
  };
  const persistent = (storage: Storage) => {
    let buffer = memory.get(storage);
    if (!buffer) {
      const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
      buffer = create({ label: storage.label, size: 4 * Math.max(1, storage.length), usage });
      memory.set(storage, buffer);
      if (storage.initial) device.queue.writeBuffer(buffer, 0, toArray(storage, storage.initial));
    }
    return buffer;
  };
  const of = ({ storage }: Range) => {
    if (storage.lifetime === 'persistent') return persistent(storage);
    throw new KernelError(`${storage.label}: expected a persistent storage, got a transient one`);
  };
  return {
    create,
    destroy,
    persistent,
    has: (storage) => memory.has(storage),
    of,
    write: (range, data) => {
      const buffer = of(range);
      expectFits(range, data);
      const Stored = range.storage.type === 'u32' ? Uint32Array : Float32Array;
      const array = data instanceof Stored ? data : toArray(range.storage, data);
      device.queue.writeBuffer(buffer, 4 * range.offset, array as Float32Array<ArrayBuffer>);
    },
    read: async (sources) => {
      const ranges = sources.map(({ range }) => range);
      const size = ranges.reduce((sum, { length }) => sum + 4 * length, 0);
      if (size === 0) return ranges.map(({ storage }) => toArray(storage, []));
      const staging = create({ size, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
      try {
        copyTogether(device, sources, staging);
        await answers.wait(staging.mapAsync(GPUMapMode.READ));
        return sliceTyped(staging.getMappedRange(), ranges);
      } finally {
        destroy(staging);
      }
    },
    release: (storages) => {
      for (const storage of storages) {
        const buffer = memory.get(storage);
        if (buffer) destroy(buffer);
        memory.delete(storage);
      }
    },
    size: () => ({ bytes, peakBytes }),
    forget: () => {
      bytes = 0;
    },
  };
}

/** Copies ranges one after another into one buffer. */
function copyTogether(
  device: GPUDevice,
  sources: readonly { buffer: GPUBuffer; range: Range }[],
  into: GPUBuffer,
): void {
  const encoder = device.createCommandEncoder();
  let offset = 0;
  for (const { buffer, range } of sources) {
    encoder.copyBufferToBuffer(buffer, 4 * range.offset, into, offset, 4 * range.length);
    offset += 4 * range.length;
  }
  device.queue.submit([encoder.finish()]);
}

function toArray(storage: Storage, values: ArrayLike<number>): Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> {
  return storage.type === 'u32' ? Uint32Array.from(values) : Float32Array.from(values);
}
