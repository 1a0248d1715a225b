/** Finds Firefox and its WebGPU once for the journeys in it; without a Firefox they fail. */
import type { TestProject } from 'vitest/node';
import { findFirefox } from '../../scripts/firefox.mjs';

declare module 'vitest' {
  interface ProvidedContext {
    firefox: Awaited<ReturnType<typeof findFirefox>>;
  }
  interface TaskMeta {
    /** What a journey in Firefox computed on, for the closing lines of `npm run test:firefox`. */
    computedOn?: string;
  }
}

export async function setup(project: TestProject): Promise<void> {
  const firefox = await findFirefox();
  const { version, path, graphics, whyNone } = firefox;
  process.stderr.write(`Firefox: ${version} (${path})\n`);
  process.stderr.write(graphics ? `WebGPU on ${graphics}\n` : `No WebGPU, so the CPU twins are used: ${whyNone}\n`);
  project.provide('firefox', firefox);
}
