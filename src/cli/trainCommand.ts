/** `sdlm train`: a run without a screen. JSON lines on standard output, progress on standard error. */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import { ConfigError } from '../base/errors.ts';
import { withSettings } from '../config/experiment.ts';
import { presetExperiment, presets } from '../config/presets.ts';
import type { RunRecord } from '../config/records.ts';
import { type Experiment, schema } from '../config/schema.ts';
import { modelOfTrainer } from '../model/model.ts';
import { createRunCollector, type RunCollector } from '../run/record.ts';
import { maxInFlight } from '../runtime/runtime.ts';
import { expectSameText, type Snapshot } from '../train/checkpoint.ts';
import { createEvaluator } from '../train/evaluation.ts';
import { startFrom } from '../train/startFrom.ts';
import { heldOut, type RunText } from '../train/text.ts';
import { createTrainer, type Trainer } from '../train/trainer.ts';
import { isValidated, trainingLoop } from '../train/trainingLoop.ts';
import { validate } from '../train/validation.ts';
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
  const { experiment, text, directory, snapshot, weights, before } =
    values.resume === undefined ? await newJob(values) : await resumedJob(values);
  const { runtime, name, adapter, close } = await openBackend(values.backend);
  expectTwinMemory('train', runtime, [{ name: 'one', experiment, vocabularySize: text.tokenizer.vocabularySize }]);
  progress(`training on ${name}`);
  const trainer = await createTrainer(runtime, experiment, text.tokenizer.vocabularySize, activity, weights);
  if (snapshot) trainer.restore(snapshot);
  if (directory !== undefined && !snapshot) createRun(directory, experiment, text.tokenizer);
  const { tokenizer, trainTokensPerCharacter, windowsPerEpoch, floorBpc } = text;
  const facts = {
    id: before?.id ?? randomUUID(),
    name: before?.name ?? basename(directory ?? 'run'),
    created: before?.created ?? new Date().toISOString(),
    study: before?.study ?? null,
    backend: runtime.kind,
    adapter,
    experiment,
    text: { vocabularySize: tokenizer.vocabularySize, trainTokensPerCharacter, windowsPerEpoch, floorBpc },
  };
  const collector = createRunCollector(facts, before);
  if (snapshot) collector.cut(snapshot.step);
  await run(trainer, text, { directory, collector });
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

/** Where a run is kept, and as what. */
interface Keeping {
  readonly directory: string | undefined;
  readonly collector: RunCollector;
}

async function run(trainer: Trainer, text: RunText, { directory, collector }: Keeping): Promise<void> {
  const { runtime, experiment, parameters } = trainer;
  const { training, data } = experiment;
  const evaluator = await createEvaluator(runtime, experiment, parameters, training.batchSize);
  const held = heldOut(text, validationWindows);
  const model = modelOfTrainer(trainer, text.tokenizer);
  const evaluate = () => validate(evaluator, model, held, 4);
  const tokensPerStep = training.batchSize * data.sequenceLength;
  const bits = text.trainTokensPerCharacter / Math.LN2;
  const fingerprint = text.fingerprint();
  const lines: string[] = [];
  let stoppedAt: number | null = null;
  // Ctrl+C in a terminal arrives twice, once passed on by the launcher; a second one a moment later ends at once.
  // Never taken away: the launcher's may come after the run is saved.
  const stop = () => {
    if (stoppedAt !== null && performance.now() - stoppedAt > 1000) process.exit(130);
    stoppedAt ??= performance.now();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  let lastTime = performance.now();
  collector.startClock();
  let lastCheckpoint = lastTime;
  // Time spent on steps, validations left out, after each of the last steps: steps arrive in bursts of those in flight.
  const spent = [0];
  // A line waits for its validation, which comes as an event of its own.
  let line = null as Record<string, unknown> | null;
  const emit = () => {
    if (!line) return;
    lines.push(JSON.stringify(line));
    if (process.stdout.isTTY) endProgress();
    process.stdout.write(`${lines.at(-1)}\n`);
    line = null;
  };
  const save = async () => {
    if (directory === undefined) return;
    emit();
    appendMetrics(directory, lines.splice(0));
    const status = trainer.step === training.steps ? 'finished' : 'stopped';
    writeRecord(directory, collector.record(status));
    writeCheckpoint(directory, parameters.layout, await trainer.snapshot(), fingerprint);
    lastCheckpoint = performance.now();
    collector.startClock();
  };
  const isSaveDue = () => directory !== undefined && performance.now() - lastCheckpoint > checkpointSeconds * 1000;

  // One step at a time when a checkpoint is due: it must hold the state of the last line of metrics.
  for await (const event of trainingLoop(trainer, text, {
    ...training,
    evaluate,
    ahead: () => (stoppedAt !== null || isSaveDue() ? 1 : maxInFlight),
  })) {
    collector.take(event);
    if (event.kind === 'validation') {
      line = { ...line, validationBpc: round(event.bpc), validationStderr: round(event.standardError) };
      if (event.answers) line.accuracy = round(event.answers.accuracy);
      lastTime = performance.now();
    } else {
      emit();
      const now = performance.now();
      spent.push(spent.at(-1)! + now - lastTime);
      lastTime = now;
      if (spent.length > rateSteps + 1) spent.shift();
      const perMillisecond = (tokensPerStep * (spent.length - 1)) / (spent.at(-1)! - spent[0]);
      line = {
        step: event.step,
        tokens: event.step * tokensPerStep,
        loss: round(event.loss),
        bpc: round(event.loss * bits),
        tokensPerSecond: Math.round(1000 * perMillisecond),
        gradNorm: round(event.gradNorm),
        maxVio: Array.from(event.maxVio, round),
        ...(event.dropRate.length > 0 && { dropRate: Array.from(event.dropRate, round) }),
      };
      // Where both are one terminal, the lines of JSON say it already.
      if (process.stderr.isTTY && !process.stdout.isTTY) {
        progress(
          `step ${event.step} of ${training.steps}, ${line.bpc} bits/character, ${line.tokensPerSecond} tokens/s`,
        );
      }
      // A line is not whole before its validation.
      if (isValidated(event.step, training)) continue;
    }
    // The twins finish a step without going through the event loop, where signals wait.
    await setImmediate();
    if (trainer.step !== event.step) continue;
    if (stoppedAt !== null) break;
    if (isSaveDue()) await save();
  }
  emit();
  await save();
  model.destroy();
  evaluator.destroy();
  endProgress();
  const saved = directory === undefined ? '' : `, saved in ${directory}`;
  process.stderr.write(`${stoppedAt !== null ? 'stopped' : 'finished'} at step ${trainer.step}${saved}\n`);
}

/** Steps that the rate is averaged over. */
const rateSteps = 32;

/** Held-out windows that a validation looks at. */
const validationWindows = 64;

function round(value: number): number {
  return Number(value.toPrecision(6));
}
