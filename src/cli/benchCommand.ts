/** `sdlm bench step`: time, dispatches and memory of whole training steps. A benchmark, not a test. */
import { performance } from 'node:perf_hooks';
import { ConfigError } from '../base/errors.ts';
import { integerAt, streams } from '../base/random.ts';
import { withSettings } from '../config/experiment.ts';
import { type Workload, workloads } from '../lab/workloads.ts';
import { accountingOf } from '../run/cost.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { createTrainer } from '../train/trainer.ts';
import { oneOf, readOptions, readSettings, wholeNumber } from './arguments.ts';
import { backendOption, expectTwinMemory, openBackend } from './backend.ts';
import { endProgress, print, printJson, progress, table } from './output.ts';

export const benchHelp = `
bench step [--workload ID]... [--set path=value]... [--backend gpu|cpu] [--steps N] [--profile] [--json]
    Milliseconds, dispatches and memory of a training step, with settings changed if wanted.
    --workload: one of ${workloads.map(({ id }) => id).join(', ')}; W0 and W1 unless asked otherwise.`;

interface StepTiming {
  readonly workload: string;
  readonly backend: string;
  readonly adapter: string;
  /** Median over the timed steps, and the first step with compiling and kernel timing. */
  readonly milliseconds: number;
  readonly fastestMilliseconds: number;
  readonly firstMilliseconds: number;
  readonly gflops: number;
  readonly parameters: number;
  readonly dispatchesPerStep: number;
  readonly submitsPerStep: number;
  readonly predictedMemoryBytes: number;
  readonly measuredPeakMemoryBytes: number;
}

export async function benchCommand(args: readonly string[]): Promise<void> {
  const [what, ...rest] = args;
  if (what !== 'step')
    throw new ConfigError(`bench: expected "step", got ${what === undefined ? 'nothing' : `"${what}"`}`);
  const options = readOptions(rest, {
    ...backendOption,
    workload: { type: 'string', multiple: true },
    set: { type: 'string', multiple: true },
    steps: { type: 'string' },
    profile: { type: 'boolean' },
    json: { type: 'boolean' },
  });
  const ids = (options.workload ?? ['W0', 'W1']).map((id) =>
    oneOf(
      'workload',
      id,
      workloads.map((one) => one.id),
    ),
  );
  const steps = wholeNumber('steps', options.steps ?? '10', 1, 10000);
  const settings = readSettings(options.set);
  // Before anything is opened or timed, so that a contradiction is said at once.
  const chosen = workloads
    .filter(({ id }) => ids.includes(id))
    .map((workload) => ({ ...workload, experiment: withSettings(workload.experiment, settings) }));
  const { runtime, name: adapter, close } = await openBackend(options.backend);
  const runs = chosen.map(({ id, experiment, vocabularySize }) => ({ name: id, experiment, vocabularySize }));
  expectTwinMemory('bench step', runtime, runs);
  const timings: StepTiming[] = [];
  for (const workload of chosen) {
    progress(`timing ${workload.id} on ${adapter}`);
    timings.push(await timeSteps(workload, runtime, adapter, steps, options.profile ?? false));
  }
  endProgress();
  close();
  if (options.json) printJson({ timings });
  else print(describe(timings));
}

/** Milliseconds of steps that are not timed. */
const warmUp = 1000;

async function timeSteps(
  { id, experiment, vocabularySize }: Workload,
  runtime: Runtime,
  adapter: string,
  steps: number,
  wantsProfile: boolean,
): Promise<StepTiming> {
  const { batchSize } = experiment.training;
  const { sequenceLength } = experiment.data;
  const before = runtime.memory().bytes;
  const firstStart = performance.now();
  const trainer = await createTrainer(runtime, experiment, vocabularySize);
  const batchAt = (step: number) =>
    Uint32Array.from({ length: batchSize * sequenceLength }, (_, i) =>
      integerAt(vocabularySize, 1, streams.batch, step, i),
    );
  await trainer.advance(batchAt(0));
  const firstMilliseconds = performance.now() - firstStart;
  const times: number[] = [];
  const warmStart = performance.now();
  // Engines compile what has run for a while: the first second is not timed, and one step at least.
  for (let step = 1, isWarm = false; times.length < steps; step++) {
    const batch = batchAt(step);
    const start = performance.now();
    await trainer.advance(batch);
    const end = performance.now();
    if (isWarm) times.push(end - start);
    isWarm ||= end - warmStart > warmUp;
  }
  if (wantsProfile) await printProfile(trainer.plan);
  times.sort((a, b) => a - b);
  const milliseconds = times[Math.floor(times.length / 2)];
  const { total, trainFlopsPerToken } = accountingOf(experiment, vocabularySize);
  const flops = trainFlopsPerToken * batchSize * sequenceLength;
  const timing = {
    workload: id,
    backend: runtime.kind,
    adapter,
    milliseconds,
    fastestMilliseconds: times[0],
    firstMilliseconds,
    gflops: flops / milliseconds / 1e6,
    parameters: total,
    dispatchesPerStep: trainer.plan.launches.length,
    submitsPerStep: trainer.plan.submits,
    predictedMemoryBytes: trainer.plan.memoryBytes,
    // Workloads run from small to large, so the peak so far belongs to this one.
    measuredPeakMemoryBytes: runtime.memory().peakBytes - before,
  };
  trainer.destroy();
  return timing;
}

/** The costliest kinds of launches, on standard error. */
async function printProfile(plan: {
  profile(repeats: number): Promise<{ launch: { label: string }; variant: string; milliseconds: number }[]>;
}) {
  const byKernel = new Map<string, { count: number; milliseconds: number }>();
  for (const { launch, variant, milliseconds } of await plan.profile(3)) {
    const key = variant === 'twin' ? launch.label : `${launch.label} (${variant.split(' ')[0]})`;
    const sum = byKernel.get(key) ?? { count: 0, milliseconds: 0 };
    byKernel.set(key, { count: sum.count + 1, milliseconds: sum.milliseconds + milliseconds });
  }
  const rows = [...byKernel].sort(([, a], [, b]) => b.milliseconds - a.milliseconds).slice(0, 30);
  process.stderr.write(
    `${table([['launch', 'count', 'ms'], ...rows.map(([key, { count, milliseconds }]) => [key, String(count), milliseconds.toFixed(2)])])}\n`,
  );
}

function describe(timings: readonly StepTiming[]): string {
  const mebibytes = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return table([
    ['workload', 'backend', 'ms/step', 'first', 'GFLOP/s', 'dispatches', 'submits', 'MiB predicted', 'MiB measured'],
    ...timings.map((timing) => [
      timing.workload,
      timing.adapter,
      timing.milliseconds.toFixed(1),
      timing.firstMilliseconds.toFixed(0),
      timing.gflops.toFixed(2),
      String(timing.dispatchesPerStep),
      String(timing.submitsPerStep),
      mebibytes(timing.predictedMemoryBytes),
      mebibytes(timing.measuredPeakMemoryBytes),
    ]),
  ]);
}
