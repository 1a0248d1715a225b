/** From what is asked to runs of the queue: every one is checked, its text and its memory too, before any is taken. */
import { ConfigError } from '../base/errors.ts';
import type { RunRecord } from '../config/records.ts';
import type { Experiment } from '../config/schema.ts';
import type { Study } from '../lab/studies/study.ts';
import { plannedRuns, studySize } from '../lab/studyRuns.ts';
import { accountingOf, expectMemory, type MemoryLimits, memoryOf } from '../run/cost.ts';
import type { Machine } from '../run/machine.ts';
import type { RunText } from '../train/text.ts';
import type { BackendKind, QueuedRun, TrainRequest } from './protocol.ts';
import { newIdentity } from './scheduler.ts';

/** A run that is asked for. */
export interface RequestedRun {
  readonly name: string;
  readonly experiment: Experiment;
  /** The person's own text. */
  readonly text?: string;
  readonly study: RunRecord['study'];
  /** Name of the run among the same requests whose weights it starts from. */
  readonly from: string | null;
}

/** What a backend here can hold. Only Chromium tells of the machine's memory, in steps and up to a bound. */
export function memoryLimits({ adapter }: Pick<Machine, 'adapter'>, backend: BackendKind): MemoryLimits {
  if (backend === 'gpu' && adapter) {
    const { maxBufferSize, maxStorageBufferBindingSize } = adapter.gpu.limits;
    return { bytes: null, buffer: Math.min(maxBufferSize, maxStorageBufferBindingSize) };
  }
  const { deviceMemory } = navigator as { deviceMemory?: number };
  const bytes = deviceMemory === undefined ? null : deviceMemory * 2 ** 30;
  return { bytes, buffer: bytes ?? Number.POSITIVE_INFINITY };
}

/**
 * The runs of a person's own. Throws `ConfigError` for one that starts from other weights: the run, or the file, that the
 * page has at hand now may be another by the time its turn comes.
 */
export function requestedRuns(requests: readonly TrainRequest[]): RequestedRun[] {
  return requests.map(({ name = 'Run', experiment, text, from }) => {
    if (from) {
      throw new ConfigError(
        `start from: expected fresh weights for a run of the queue, got ${from}; start it with Train, or choose fresh weights`,
      );
    }
    return { name, experiment, text, study: null, from: null };
  });
}

/** The runs of a study. Throws `ConfigError` for a size or number of seeds that there is not. */
export function runsOfStudy(study: Study, size: string, seeds: number): RequestedRun[] {
  if (!Number.isInteger(seeds) || seeds < 1 || seeds > 100) {
    throw new ConfigError(`seeds: expected a whole number from 1 to 100, got ${seeds}`);
  }
  const named = (run: string) => `${study.id}: ${run}`;
  return plannedRuns(study, studySize(size), seeds).map(({ name, experiment, study: place, from }) => ({
    name: named(name),
    experiment,
    study: place,
    from: from && named(from),
  }));
}

/** Throws the sentence of the first run that cannot be trained, or that does not fit into memory. */
export async function queuedRuns(
  requested: readonly RequestedRun[],
  textOf: (request: TrainRequest) => Promise<RunText>,
  limits: MemoryLimits,
): Promise<QueuedRun[]> {
  // Seeds of one configuration differ in nothing that is checked here.
  const known = new Map<string, Pick<QueuedRun, 'costs' | 'floorBpc'>>();
  const checked = async ({ name, experiment, text }: RequestedRun) => {
    const key = JSON.stringify({ ...experiment, training: { ...experiment.training, seed: 0 } });
    const before = known.get(key);
    if (before) return before;
    const { tokenizer, floorBpc } = await textOf({ experiment, text });
    const { vocabularySize } = tokenizer;
    expectMemory('queue', [{ name, memory: memoryOf(experiment, vocabularySize) }], limits);
    const facts = { costs: accountingOf(experiment, vocabularySize), floorBpc };
    known.set(key, facts);
    return facts;
  };
  const ids = new Map<string, string>();
  const runs: QueuedRun[] = [];
  for (const run of requested) {
    const identity = newIdentity(run.name, run.study);
    ids.set(run.name, identity.id);
    const from = run.from === null ? null : ids.get(run.from);
    if (from === undefined) throw new ConfigError(`queue: expected "${run.from}" before "${run.name}", got none`);
    runs.push({ ...identity, experiment: run.experiment, from, ...(await checked(run)) });
  }
  return runs;
}
