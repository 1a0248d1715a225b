/** A smallest kernel run without any of the engine: shows that an adapter computes, on either WebGPU implementation. */
import source from './double.wgsl?raw';

/** Runs double.wgsl on 64 numbers and reads them back. Throws what the implementation throws. */
export async function double(gpu: GPU, x: Uint32Array<ArrayBuffer>): Promise<Uint32Array> {
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new Error('double: expected an adapter, got none');
  const device = await adapter.requestDevice();
  const module = device.createShaderModule({ code: source });
  const pipeline = await device.createComputePipelineAsync({ layout: 'auto', compute: { module, entryPoint: 'main' } });
  const input = device.createBuffer({ size: x.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST });
  const output = device.createBuffer({ size: x.byteLength, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC });
  const readable = device.createBuffer({
    size: x.byteLength,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  device.queue.writeBuffer(input, 0, x);
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const entries = [input, output].map((buffer, binding) => ({ binding, resource: { buffer } }));
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(output, 0, readable, 0, x.byteLength);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(GPUMapMode.READ);
  const y = new Uint32Array(readable.getMappedRange().slice(0));
  device.destroy();
  return y;
}
