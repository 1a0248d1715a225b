/** `sdlm adapter`: what this machine computes on. */

import { duration, sentence, three } from '../base/format.ts';
import type { BackendKind } from '../run/machine.ts';
import type { Speed } from '../run/speed.ts';
import { readOptions } from './arguments.ts';
import { findBackends, measureBackends } from './backend.ts';
import { print, printJson, table } from './output.ts';

export const adapterHelp = `
adapter [--json]
    What this machine offers, and how fast it trains the small preset.`;

export async function adapterCommand(args: readonly string[]): Promise<void> {
  const { json } = readOptions(args, { json: { type: 'boolean' } });
  const { machine, remember } = await findBackends();
  const { speeds, chosen } = await measureBackends(machine);
  remember();
  const { adapter, whyNoGpu } = machine;
  const facts = adapter && {
    vendor: adapter.vendor,
    architecture: adapter.architecture,
    description: adapter.description,
    isSoftware: adapter.isSoftware,
    features: adapter.features,
  };
  if (json) {
    const stepsPerSecond = Object.fromEntries(
      Object.entries(speeds).map(([kind, speed]) => [
        kind,
        speed.kind === 'measured' ? { kind: speed.kind, stepsPerSecond: 1 / speed.secondsPerStep } : speed,
      ]),
    );
    printJson({ adapter: facts, whyNoGpu, stepsPerSecond, chosen });
    return;
  }
  const speed = (kind: BackendKind) => {
    const known = speeds[kind];
    return known ? speedWords(known) : 'not available';
  };
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

/** "43 steps/s", or why there is no such number. */
function speedWords(speed: Speed): string {
  if (speed.kind === 'measured') return `${three(1 / speed.secondsPerStep)} steps/s`;
  switch (speed.why) {
    case 'not yet':
    case 'stopped':
      return 'not measured';
    case 'clock stands still':
      return 'not measured: the clock stands still';
    case 'took too long':
      return `not measured: no step within ${duration(speed.seconds)}`;
    case 'failed':
      return `failed: ${sentence(speed.message)}`;
    default:
      return speed satisfies never;
  }
}
