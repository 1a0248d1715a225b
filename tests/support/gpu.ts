/**
 * WebGPU for tests in Node: Dawn (npm `webgpu`). Not for the engine: src/cli has its own way to a GPU.
 * The Vulkan driver is chosen before the process starts, see vitest.config.ts.
 */
import { create, globals } from 'webgpu';
import { DeviceError } from '../../src/base/errors.ts';

// Dawn's objects die with the instance that made them, so it is kept for as long as the module lives.
let instance: GPU | undefined;

/**
 * Dawn's `GPU`, with the WebGPU constants (GPUBufferUsage and the like) defined globally.
 * Throws DeviceError when there is no adapter: a numeric test then fails, it never skips.
 */
export async function requestTestGpu(): Promise<GPU> {
  if (!instance) {
    Object.assign(globalThis, globals);
    instance = create([]);
  }
  if ((await instance.requestAdapter()) === null)
    throw new DeviceError(
      'requestTestGpu: expected a WebGPU adapter, got none; `npm test` says what to install',
      'none',
    );
  return instance;
}
