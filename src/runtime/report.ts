/**
 * What a plan reports of every run, read asynchronously through a ring of staging buffers.
 * Not here: what is encoded before it (`gpuPlan.ts`).
 */
import { KernelError } from '../base/errors.ts';
import type { Answers } from './answers.ts';
import type { Range, Storage } from './recording.ts';
import { type Data, maxInFlight } from './runtime.ts';

export interface Report {
  submit(encoder: GPUCommandEncoder): Promise<Data[]>;
}

/** Submits a step and reads the reported ranges through a ring of staging buffers. */
export function createReport(
  { device, answers }: { readonly device: GPUDevice; readonly answers: Answers },
  ranges: readonly Range[],
  bufferOf: (storage: Storage) => GPUBuffer,
  create: (descriptor: GPUBufferDescriptor) => GPUBuffer,
): Report {
  const size = ranges.reduce((sum, { length }) => sum + 4 * length, 0);
  if (size === 0) {
    return {
      submit: async (encoder) => {
        device.queue.submit([encoder.finish()]);
        await answers.wait(device.queue.onSubmittedWorkDone());
        return [];
      },
    };
  }
  const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
  const ring = Array.from({ length: maxInFlight }, (_, index) => ({
    buffer: create({ label: `report ${index}`, size, usage }),
    isBusy: false,
  }));
  let next = 0;
  const submit = async (encoder: GPUCommandEncoder): Promise<Data[]> => {
    const slot = ring[next];
    if (slot.isBusy) throw new KernelError(`step plan: expected at most ${maxInFlight} runs in flight, got one more`);
    slot.isBusy = true;
    next = (next + 1) % ring.length;
    let offset = 0;
    for (const { storage, offset: start, length } of ranges) {
      encoder.copyBufferToBuffer(bufferOf(storage), 4 * start, slot.buffer, offset, 4 * length);
      offset += 4 * length;
    }
    device.queue.submit([encoder.finish()]);
    await answers.wait(slot.buffer.mapAsync(GPUMapMode.READ));
    const data = sliceTyped(slot.buffer.getMappedRange(), ranges);
    slot.buffer.unmap();
    slot.isBusy = false;
    return data;
  };
  return { submit };
}

/** Copies consecutive ranges out of mapped memory. */
export function sliceTyped(bytes: ArrayBuffer, ranges: readonly Range[]): Data[] {
  let offset = 0;
  return ranges.map(({ storage, length }) => {
    const part = bytes.slice(offset, offset + 4 * length);
    offset += 4 * length;
    return storage.type === 'u32' ? new Uint32Array(part) : new Float32Array(part);
  });
}
