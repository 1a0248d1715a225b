/**
 * Compute pipelines, compiled once per source and tunables and shared by all plans of a device.
 */
import { KernelError } from '../base/errors.ts';
import { interfaceOf, specialise } from './kernel.ts';
import type { Variant } from './recording.ts';

export interface Pipeline {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export type PipelineCache = (variant: Variant) => Promise<Pipeline>;

/** A cache of pipelines; concurrent requests for one pipeline share its compilation. */
export function createPipelineCache(device: GPUDevice): PipelineCache {
  const cache = new Map<string, Promise<Pipeline>>();
  return (variant) => {
    const code = specialise(variant.kernel, variant.tunables);
    let pipeline = cache.get(code);
    if (!pipeline) {
      pipeline = compile(device, variant, code);
      cache.set(code, pipeline);
    }
    return pipeline;
  };
}

async function compile(device: GPUDevice, { kernel }: Variant, code: string): Promise<Pipeline> {
  const { bindings, uniform } = interfaceOf(kernel);
  const entries: GPUBindGroupLayoutEntry[] = bindings.map(({ index, access }) => ({
    binding: index,
    visibility: GPUShaderStage.COMPUTE,
    buffer: { type: access === 'read' ? 'read-only-storage' : 'storage' },
  }));
  if (uniform)
    entries.push({ binding: uniform.index, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'uniform' } });
  const layout = device.createBindGroupLayout({ entries });
  // What is wrong with the source is thrown below, once; without a scope it would be an uncaptured error as well.
  device.pushErrorScope('validation');
  const module = device.createShaderModule({ label: kernel.name, code });
  device.popErrorScope().catch(() => {}); // A lost device is reported by the runtime.
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: kernel.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: 'main' },
    });
    return { pipeline, layout };
  } catch (error) {
    const { messages } = await module.getCompilationInfo();
    const first = messages.find(({ type }) => type === 'error');
    const where = first ? `line ${first.lineNum}: ${first.message}` : (error as Error).message;
    throw new KernelError(`${kernel.name}.wgsl: expected it to compile, got ${where}`);
  }
}
