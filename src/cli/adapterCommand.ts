/** `sdlm adapter`: what this machine computes on. */
import { readOptions } from './arguments.ts';
import { inspectBackends } from './backend.ts';
import { print, printJson, table } from './output.ts';

export const adapterHelp = `
adapter [--json]
    What this machine offers, and how fast it multiplies.`;

export async function adapterCommand(args: readonly string[]): Promise<void> {
  const { json } = readOptions(args, { json: { type: 'boolean' } });
  const { backends, remember } = await inspectBackends();
  remember();
  const { adapter, whyNoGpu, gflops, chosen } = backends;
  const facts = adapter && {
    vendor: adapter.vendor,
    architecture: adapter.architecture,
    description: adapter.description,
    isSoftware: adapter.isSoftware,
    features: adapter.features,
  };
  if (json) {
    printJson({ adapter: facts, whyNoGpu, gflops, chosen });
    return;
  }
  const speed = (kind: 'gpu' | 'cpu') =>
    gflops[kind] === undefined ? 'not available' : `${gflops[kind]!.toFixed(1)} GFLOP/s`;
  const name = adapter ? `${adapter.key}${adapter.isSoftware ? ' (software)' : ''}` : `none: ${whyNoGpu}`;
  print(
    table([
      ['WebGPU adapter', name],
      ['on the GPU', speed('gpu')],
      ['on the CPU', speed('cpu')],
      ['used unless --backend says otherwise', chosen],
    ]),
  );
}
