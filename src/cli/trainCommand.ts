/** `sdlm train`: a run without a screen. JSON lines on standard output, progress on standard error. */
import { randomUUID } from 'node:crypto';
import { basename, resolve } from 'node:path';
import process from 'node:process';
import { ConfigError, DivergenceError } from '../base/errors.ts';
import { withSettings } from '../config/experiment.ts';
import { presetExperiment, presets } from '../config/presets.ts';
import type { RunRecord } from '../config/records.ts';
import { type Experiment, schema } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import type { RunSession } from '../run/ports.ts';
import type { RunIdentity } from '../run/record.ts';
import { createRunSession } from '../run/session.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { expectSameText, type Snapshot } from '../train/checkpoint.ts';
import { startFrom } from '../train/startFrom.ts';
import type { RunText } from '../train/text.ts';
import { readOptions, readSettings, wholeNumber } from './arguments.ts';
import { backendOption, expectTwinMemory, openBackend } from './backend.ts';
import { makeDirectory } from './disk.ts';
import { stopsBy } from './endings.ts';
import { expectFree, takeLock } from './lock.ts';
import { recordOfMetrics } from './lostRecord.ts';
import { createMetricLines } from './metricLines.ts';
import { activity, endProgress, progress } from './output.ts';
import {
  createRun,
  expectNoRun,
  hasCheckpoint,
  mend,
  readCheckpoint,
  readRunState,
  writeCheckpoint,
  writeConfig,
  writeRecord,
} from './runDirectory.ts';
import { loadText, ownCorpus } from './texts.ts';

export const trainHelp = `
train --preset ID [--set path=value]... [--data FILE] [--steps N] [--seed N] [--out DIR] [--backend gpu|cpu] [--json]
train --from DIR|FILE.safetensors [--preset ID] [the rest as above]
train --resume DIR [--steps N] [--data FILE] [--backend gpu|cpu]
    Train: a line of JSON per step, and a run directory with --out. Ctrl+C saves and stops.
    --preset: one of ${presets.map(({ id }) => id).join(', ')}.
    --set: a field of ${Object.keys(schema).join(', ')}, e.g. model.layers=4.
    --data: your own text, or (.tsv, .jsonl) prompts with answers: "prompt<TAB>answer" or {"prompt": "...", "answer": "..."} per line; the answer follows its prompt directly, and only answers are learned.
    --from: start with the weights and the tokenizer of another run (and its settings, unless --preset names others): the same model, or a dense one whose feed-forward becomes every expert. The optimizer and the steps start anew.
    --resume: go on with a run; its configuration stays, --steps sets a new end. A text of your own is given again.
    --json: changes nothing, as standard output is JSON anyhow.`;

const options = {
  ...backendOption,
  preset: { type: 'string' },
  set: { type: 'string', multiple: true },
  data: { type: 'string' },
  steps: { type: 'string' },
  seed: { type: 'string' },
  out: { type: 'string' },
  from: { type: 'string' },
  resume: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** What is to be run: a configuration, its text, and the state to go on from. */
interface Job {
  readonly experiment: Experiment;
  readonly text: RunText;
  readonly directory: string | undefined;
  readonly snapshot: Snapshot | null;
  /** What a run that starts from another's weights begins with. */
  readonly weights: Float32Array | null;
  /** Record of the run up to the snapshot. */
  readonly before: RunRecord | null;
}

export async function trainCommand(args: readonly string[]): Promise<void> {
  const values = readOptions(args, options);
  // Before anything is read: what another process writes at the same time cannot be gone on from.
  const release = values.resume === undefined ? null : lockRun(values.resume, '--resume');
  try {
    const job = values.resume === undefined ? await newJob(values) : await resumedJob(values);
    const { experiment, text } = job;
    const { runtime, name, adapter, close } = await openBackend(values.backend);
    expectTwinMemory('train', runtime, [{ name: 'one', experiment, vocabularySize: text.tokenizer.vocabularySize }]);
    const releaseNew = begin(job);
    progress(`training on ${name}`);
    try {
      await run(job, runtime, adapter);
    } finally {
      releaseNew();
    }
    close();
  } finally {
    release?.();
  }
}

/** Makes the directory of a new run; answers what lets go of it. */
function begin({ directory, snapshot, experiment, text }: Job): () => void {
  if (directory === undefined || snapshot) return () => {};
  // Whoever works on it has put there what is in it.
  expectFree(directory, `--out ${directory}`);
  expectNoRun(directory);
  makeDirectory(directory);
  const release = takeLock(directory, `--out ${directory}`);
  try {
    createRun(directory, experiment, text.tokenizer);
  } catch (error) {
    release();
    throw error;
  }
  return release;
}

/** A directory that is not there has no lock: what is missing of it is said by who reads it. */
function lockRun(directory: string, option: string): (() => void) | null {
  const where = `${option} ${directory}`;
  if (hasCheckpoint(directory)) return takeLock(directory, where);
  expectFree(directory, where);
  return null;
}

async function newJob(
  values: Record<string, unknown> & { set?: string[]; preset?: string; data?: string; out?: string; from?: string },
): Promise<Job> {
  const settings: Record<string, string> = { ...readSettings(values.set) };
  if (typeof values.steps === 'string') settings['training.steps'] = values.steps;
  if (typeof values.seed === 'string') settings['training.seed'] = values.seed;
  if (values.data !== undefined) settings['data.corpus'] = ownCorpus(values.data, settings['data.corpus']);
  const source = values.from === undefined ? null : readCheckpoint(values.from);
  const isOfSource = source !== null && values.preset === undefined;
  const base = isOfSource ? source.experiment : presetExperiment(values.preset ?? 'expert-choice');
  const experiment = withSettings(base, settings);
  const weights = source && startFrom(experiment, source);
  const text = await loadText(experiment, values.data, source?.tokenizer);
  return { experiment, text, directory: values.out, snapshot: null, weights, before: null };
}

/** A run goes on with the configuration and the tokenizer it was started with; only its length may change. */
async function resumedJob(
  values: Record<string, unknown> & { resume?: string; steps?: string; data?: string },
): Promise<Job> {
  for (const name of ['preset', 'set', 'seed', 'out', 'from']) {
    if (values[name] !== undefined)
      throw new ConfigError(`--${name}: expected none beside --resume, which keeps the run's own, got one`);
  }
  const directory = values.resume!;
  const stored = readRunState(directory);
  const { tokenizer, snapshot } = stored;
  const steps =
    values.steps === undefined ? stored.experiment.training.steps : wholeNumber('steps', values.steps, 1, 1e6);
  const experiment = withSettings(stored.experiment, { 'training.steps': steps });
  if (snapshot.step > steps || (snapshot.step === steps && stored.record !== null))
    throw new ConfigError(`--steps: expected more than the ${snapshot.step} steps done, got ${steps}`);
  if (values.data !== undefined) ownCorpus(values.data, experiment.data.corpus);
  const text = await loadText(experiment, values.data, tokenizer);
  expectSameText(snapshot, text, values.data ?? `data.corpus "${experiment.data.corpus}"`);
  const before = stored.record ?? recordOfMetrics(directory, experiment, text, snapshot.step);
  if (stored.record === null) process.stderr.write(`the record was lost, and is made anew from the metrics\n`);
  if (before.status === 'diverged') process.stderr.write(`sdlm: ${divergedBefore(directory, before)}\n`);
  mend(directory, stored, before);
  writeConfig(directory, experiment, tokenizer.vocabularySize);
  return { experiment, text, directory, snapshot, weights: null, before };
}

function divergedBefore(directory: string, { steps }: RunRecord): string {
  return `this run diverged after step ${steps}, and will again unless something changes: to change settings, ${startAnew(directory)}`;
}

function startAnew(directory: string): string {
  return `start from its last good weights with train --from ${directory} --set path=value`;
}

/** Milliseconds between two checkpoints, at most and the first time. */
const checkpointTime = { most: 60_000, first: 100 };

/**
 * When checkpoints are written: as soon as there is a step, then after twice the time each, so that no crash costs more
 * than half of a short run. Of a large model about 1 % of the time goes into them, as far as a minute allows.
 */
function createCheckpointTimes(): (milliseconds: number | null) => number {
  let next = checkpointTime.first / 2;
  return (milliseconds) => {
    if (milliseconds === null) return 0;
    next = Math.min(checkpointTime.most, 2 * next);
    return Math.min(checkpointTime.most, Math.max(next, 100 * milliseconds));
  };
}

/**
 * Trains to the end, or until something asks it to stop. Throws what ended the run otherwise: `DivergenceError` for
 * numbers that are not finite, or the error that broke it.
 */
async function run(job: Job, runtime: Runtime, adapter: string): Promise<void> {
  const { directory } = job;
  const errors: unknown[] = [];
  const saved = { step: job.snapshot?.step ?? null };
  const session = createSession(job, adapter, { report: (error) => errors.push(error), saved });
  const listenNoMore = stopsBy(() => void session.stop());
  await session.enter(runtime);
  await session.ended;
  // Signals stay heard where one came: Ctrl+C in a terminal comes twice, and must not cut the end short.
  if (session.status().ending !== 'stopped') listenNoMore();
  endProgress();
  if (errors.length > 0) throw errors[0];
  const { ending, step, problem } = session.status();
  if (ending === 'diverged') {
    const kept =
      directory === undefined || saved.step === null
        ? 'nothing was saved before'
        : `the state of step ${saved.step} stays in ${directory} (${startAnew(directory)})`;
    throw new DivergenceError(`${problem}; ${kept}`);
  }
  process.stderr.write(`${ending} at step ${step}${directory === undefined ? '' : `, saved in ${directory}`}\n`);
}

interface Watch {
  readonly report: (error: unknown) => void;
  /** The step of the last checkpoint; null before the first. */
  readonly saved: { step: number | null };
}

function createSession(job: Job, adapter: string, { report, saved }: Watch): RunSession {
  const { directory, experiment, text } = job;
  const layout = layoutOf(experiment.model, text.tokenizer.vocabularySize);
  const lines = createMetricLines(experiment, text, directory !== undefined);
  const saveAfter = createCheckpointTimes();
  let isBroken = false;
  return createRunSession(
    { ...job, earlier: job.before, identity: identityOf(job), startPaused: false },
    {
      tell: (news) => {
        if (news.kind === 'event') lines.take(news);
        if (news.kind !== 'status') return;
        if (news.status.phase === 'preparing') activity(news.status.activity);
      },
      save: async (snapshot, found) => {
        lines.emit();
        if (directory === undefined) return false;
        const record = { ...found, status: snapshot.step === experiment.training.steps ? 'finished' : found.status };
        writeCheckpoint(directory, layout, { snapshot, text: text.fingerprint(), record, metrics: lines.taken() });
        saved.step = snapshot.step;
        return true;
      },
      end: async (record) => {
        lines.emit();
        // A run that diverged before its first step came home has nothing but this to tell so.
        const isTold = record.steps > 0 || record.status === 'diverged';
        if (directory !== undefined && isTold && !isBroken) writeRecord(directory, record);
      },
      publish: async () => {},
      isLost: async () => false,
      report: (error) => {
        isBroken = true;
        report(error);
      },
      adapterOf: () => adapter,
      saveAfter: (milliseconds) => (directory === undefined ? Number.POSITIVE_INFINITY : saveAfter(milliseconds)),
    },
  );
}

function identityOf({ before, directory }: Job): RunIdentity {
  return {
    id: before?.id ?? randomUUID(),
    name: before?.name ?? basename(resolve(directory ?? 'run')),
    created: before?.created ?? new Date().toISOString(),
    study: before?.study ?? null,
  };
}
