/** `sdlm train`: a run without a screen. JSON lines on standard output, progress on standard error. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { ConfigError, DivergenceError } from '../base/errors.ts';
import { withSettings } from '../config/experiment.ts';
import { presetExperiment, presets } from '../config/presets.ts';
import type { RunRecord } from '../config/records.ts';
import { type Experiment, schema } from '../config/schema.ts';
import { layoutOf } from '../nn/layout.ts';
import type { RunNews } from '../run/ports.ts';
import type { RunIdentity } from '../run/record.ts';
import { createRunSession } from '../run/session.ts';
import type { Runtime } from '../runtime/runtime.ts';
import { expectSameText, type Snapshot } from '../train/checkpoint.ts';
import { startFrom } from '../train/startFrom.ts';
import type { RunText } from '../train/text.ts';
import type { TrainingEvent } from '../train/trainingLoop.ts';
import { readOptions, readSettings, wholeNumber } from './arguments.ts';
import { backendOption, expectTwinMemory, openBackend } from './backend.ts';
import { activity, endProgress, progress } from './output.ts';
import {
  appendMetrics,
  createRun,
  readCheckpoint,
  readRecord,
  readRunState,
  truncateMetrics,
  writeCheckpoint,
  writeConfig,
  writeRecord,
} from './runDirectory.ts';
import { loadText, ownCorpus } from './texts.ts';

export const trainHelp = `
train --preset ID [--set path=value]... [--data FILE] [--steps N] [--seed N] [--out DIR] [--backend gpu|cpu]
train --from DIR|FILE.safetensors [--preset ID] [the rest as above]
train --resume DIR [--steps N] [--data FILE] [--backend gpu|cpu]
    Train: a line of JSON per step, and a run directory with --out. Ctrl+C saves and stops.
    --preset: one of ${presets.map(({ id }) => id).join(', ')}.
    --set: a field of ${Object.keys(schema).join(', ')}, e.g. model.layers=4.
    --data: your own text, or (.tsv, .jsonl) prompts with answers: "prompt<TAB>answer" or {"prompt": "...", "answer": "..."} per line; the answer follows its prompt directly, and only answers are learned.
    --from: start with the weights and the tokenizer of another run (and its settings, unless --preset names others): the same model, or a dense one whose feed-forward becomes every expert. The optimizer and the steps start anew.
    --resume: go on with a run; its configuration stays, --steps sets a new end. A text of your own is given again.`;

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
  const job = values.resume === undefined ? await newJob(values) : await resumedJob(values);
  const { experiment, text, directory, snapshot } = job;
  const { runtime, name, adapter, close } = await openBackend(values.backend);
  expectTwinMemory('train', runtime, [{ name: 'one', experiment, vocabularySize: text.tokenizer.vocabularySize }]);
  progress(`training on ${name}`);
  if (directory !== undefined && !snapshot) createRun(directory, experiment, text.tokenizer);
  await run(job, runtime, adapter);
  close();
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
  const { experiment: stored, tokenizer, snapshot } = readRunState(directory);
  const steps = values.steps === undefined ? stored.training.steps : wholeNumber('steps', values.steps, 1, 1e6);
  const experiment = withSettings(stored, { 'training.steps': steps });
  if (snapshot.step >= steps)
    throw new ConfigError(`--steps: expected more than the ${snapshot.step} steps done, got ${steps}`);
  if (values.data !== undefined) ownCorpus(values.data, experiment.data.corpus);
  const text = await loadText(experiment, values.data, tokenizer);
  const before = readRecord(directory);
  expectSameText(snapshot, text, values.data ?? `data.corpus "${experiment.data.corpus}"`);
  truncateMetrics(directory, snapshot.step);
  writeConfig(directory, experiment, tokenizer.vocabularySize);
  return { experiment, text, directory, snapshot, weights: null, before };
}

/** Seconds between two checkpoints of a run directory. */
const checkpointSeconds = 60;

/**
 * Trains to the end, or until a signal. Throws what ended the run otherwise: `DivergenceError` for numbers that are not
 * finite, or the error that broke it.
 */
async function run(job: Job, runtime: Runtime, adapter: string): Promise<void> {
  const { directory } = job;
  const errors: unknown[] = [];
  const lines = createLines(job);
  const session = createRunSession(
    { ...job, earlier: job.before, identity: identityOf(job), startPaused: false },
    {
      tell: (news) => {
        if (news.kind === 'event') lines.take(news);
        if (news.kind !== 'status') return;
        if (news.status.phase === 'preparing') activity(news.status.activity);
      },
      save: async (snapshot, record) => {
        lines.emit();
        if (directory === undefined) return false;
        const status = snapshot.step === job.experiment.training.steps ? 'finished' : record.status;
        const { tokenizer, fingerprint } = job.text;
        appendMetrics(directory, lines.taken());
        writeRecord(directory, { ...record, status });
        writeCheckpoint(directory, layoutOf(job.experiment.model, tokenizer.vocabularySize), snapshot, fingerprint());
        return true;
      },
      end: async (record) => {
        lines.emit();
        if (directory !== undefined && record.steps > 0 && errors.length === 0) writeRecord(directory, record);
      },
      publish: async () => {},
      isLost: async () => false,
      report: (error) => errors.push(error),
      adapterOf: () => adapter,
      saveAfter: () => (directory === undefined ? Number.POSITIVE_INFINITY : 1000 * checkpointSeconds),
    },
  );
  onSignals(() => void session.stop());
  await session.enter(runtime);
  await session.ended;
  endProgress();
  if (errors.length > 0) throw errors[0];
  const { ending, step, problem } = session.status();
  if (ending === 'diverged') throw new DivergenceError(problem ?? '');
  const saved = directory === undefined ? '' : `, saved in ${directory}`;
  process.stderr.write(`${ending} at step ${step}${saved}\n`);
}

function identityOf({ before, directory }: Job): RunIdentity {
  return {
    id: before?.id ?? randomUUID(),
    name: before?.name ?? basename(directory ?? 'run'),
    created: before?.created ?? new Date().toISOString(),
    study: before?.study ?? null,
  };
}

/**
 * Stops at the first signal. Ctrl+C in a terminal arrives twice, once passed on by the launcher; a second one a moment
 * later ends at once. Never taken away: the launcher's may come after the run is saved.
 */
function onSignals(stop: () => void): void {
  let stoppedAt: number | null = null;
  const hear = () => {
    if (stoppedAt !== null && performance.now() - stoppedAt > 1000) process.exit(130);
    stoppedAt ??= performance.now();
    stop();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, hear);
}

/** The lines of metrics: one per step on standard output, with its validation where one follows, kept for the directory. */
function createLines({ experiment, text, directory }: Job) {
  const { training, data } = experiment;
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  const written: string[] = [];
  // A line waits for its validation, which comes as an event of its own.
  let line: Record<string, unknown> | null = null;

  const emit = () => {
    if (!line) return;
    const words = JSON.stringify(line);
    // Without a directory nobody would ever take them.
    if (directory !== undefined) written.push(words);
    if (process.stdout.isTTY) endProgress();
    process.stdout.write(`${words}\n`);
    line = null;
  };
  const lineOf = (event: Extract<TrainingEvent, { kind: 'step' }>, tokensPerSecond: number) => {
    return {
      step: event.step,
      tokens: event.step * tokensPerStep,
      loss: round(event.loss),
      bpc: round(event.loss * bits),
      tokensPerSecond: Math.round(tokensPerSecond),
      gradNorm: round(event.gradNorm),
      maxVio: Array.from(event.maxVio, round),
      ...(event.dropRate.length > 0 && { dropRate: Array.from(event.dropRate, round) }),
    };
  };
  return {
    take: ({ event, tokensPerSecond, meanTokensPerSecond }: Extract<RunNews, { kind: 'event' }>) => {
      if (event.kind === 'validation') {
        line = { ...line, validationBpc: round(event.bpc), validationStderr: round(event.standardError) };
        if (event.answers) line.accuracy = round(event.answers.accuracy);
        return;
      }
      emit();
      // Before the speed of the last steps is known, that of all so far.
      const next = lineOf(event, Number.isNaN(tokensPerSecond) ? meanTokensPerSecond : tokensPerSecond);
      line = next;
      // Where both are one terminal, the lines of JSON say it already.
      if (process.stderr.isTTY && !process.stdout.isTTY) {
        progress(
          `step ${next.step} of ${training.steps}, ${next.bpc} bits/character, ${next.tokensPerSecond} tokens/s`,
        );
      }
    },
    /** Writes the last line, which no validation follows any more. */
    emit,
    /** The lines since the last call, for the directory. */
    taken: () => written.splice(0),
  };
}

function round(value: number): number {
  return Number(value.toPrecision(6));
}
