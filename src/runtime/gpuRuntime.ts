/**
 * Runs recorded steps on a WebGPU device: opening and losing it here, its buffers in `gpuBuffers.ts`, its plans in
 * `gpuPlan.ts`.
 */
import { DeviceError, KernelError } from '../base/errors.ts';
import { createAnswers } from './answers.ts';
import type { Adapter } from './device.ts';
import { adapterFingerprint, openDevice } from './device.ts';
import { createGpuBuffers } from './gpuBuffers.ts';
import { compilePlan, type GpuContext } from './gpuPlan.ts';
import { createPipelineCache } from './pipelines.ts';
import type { Runtime } from './runtime.ts';
import type { Tuner } from './tuner.ts';

export interface GpuRuntime extends Runtime {
  readonly kind: 'gpu';
  readonly adapter: Adapter;
  readonly device: GPUDevice;
  readonly tuner: Tuner;
}

/**
 * Opens a device on the adapter. `onError` hears of errors that no call can return: a lost device, validation,
 * buffers. After one, results of the plans in flight are not to be trusted.
 */
export async function createGpuRuntime(
  adapter: Adapter,
  tuner: Tuner,
  onError: (error: DeviceError | KernelError) => void,
): Promise<GpuRuntime> {
  const device = await openDevice(adapter);
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
  const buffers = createGpuBuffers(device, answers);
  const context: GpuContext = {
    device,
    adapterKey: adapterFingerprint(adapter),
    answers,
    tuner,
    pipelineOf: createPipelineCache(device),
    buffers,
  };
  return {
    kind: 'gpu',
    adapter,
    device,
    tuner,
    memory: buffers.size,
    compile: (recording, options = {}) => compilePlan(context, recording, options),
    write: buffers.write,
    read: (ranges) => buffers.read(ranges.map((range) => ({ buffer: buffers.of(range), range }))),
    release: buffers.release,
    destroy: () => {
      isClosed = true;
      device.destroy();
      buffers.forget();
    },
  };
}
