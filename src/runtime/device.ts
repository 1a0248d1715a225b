/**
 * Finding an adapter and opening a device. Not here: running anything on it (`gpuRuntime.ts`).
 */
import { DeviceError } from '../base/errors.ts';

export interface Adapter {
  readonly gpu: GPUAdapter;
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** The adapter computes on the CPU (SwiftShader, lavapipe, WARP). */
  readonly isSoftware: boolean;
  readonly features: readonly string[];
  /** Names adapter and driver as far as the browser tells them; for people and records. */
  readonly key: string;
}

const softwareNames = /swiftshader|llvmpipe|lavapipe|warp|software|cpu/i;

/** Asks for the fastest adapter. Throws `DeviceError` saying that there is none. */
export async function requestAdapter(gpu: GPU | undefined): Promise<Adapter> {
  if (!gpu) throw new DeviceError('WebGPU: expected navigator.gpu, got none in this environment', 'none');
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (!adapter) throw new DeviceError('WebGPU: expected an adapter, got none from this system', 'none');
  const { vendor = '', architecture = '', device = '', description = '' } = adapter.info ?? {};
  const words = [vendor, architecture, device, description].filter(Boolean);
  return {
    gpu: adapter,
    vendor,
    architecture,
    description: description || device,
    isSoftware: (adapter.info?.isFallbackAdapter ?? false) || words.some((word) => softwareNames.test(word)),
    features: [...adapter.features].sort(),
    key: words.join(' / ') || 'unnamed adapter',
  };
}

/**
 * Tells adapters apart: timings of kernel variants are remembered under it. Firefox names none, so what an adapter offers
 * counts too.
 */
export function adapterFingerprint({ key, isSoftware, features, gpu: { limits } }: Adapter): string {
  const names = [];
  for (const name in limits) names.push(name);
  const offered = names.sort().map((name) => limits[name as keyof GPUSupportedLimits]);
  return [key, isSoftware ? 'software' : 'hardware', ...features, ...offered].join(' ');
}

const raisedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
] as const;

/** Opens a device with the adapter's own limits. Throws `DeviceError` with the reason. */
export async function openDevice(adapter: Adapter): Promise<GPUDevice> {
  const requiredLimits = Object.fromEntries(raisedLimits.map((name) => [name, adapter.gpu.limits[name] as number]));
  try {
    return await adapter.gpu.requestDevice({ requiredLimits });
  } catch (error) {
    throw new DeviceError(
      `WebGPU device of ${adapter.key}: expected it to open, got ${(error as Error).message}`,
      'none',
    );
  }
}
