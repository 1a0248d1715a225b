import { defineWgpuTests } from '../support/wgpu.ts';

await defineWgpuTests(new URL('./kernels.entry.ts', import.meta.url));
