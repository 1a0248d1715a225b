/** `sdlm study`: runs a study as often as seeds ask, goes on where it was left, and says which claims held. */
import { join } from 'node:path';
import process from 'node:process';
import { ConfigError, DivergenceError } from '../base/errors.ts';
import { corpusKind } from '../config/corpusKinds.ts';
import type { StudyRecord } from '../config/records.ts';
import type { Study, StudySize, Subject } from '../lab/studies/study.ts';
import { studies, studyById } from '../lab/studies.ts';
import { measureSeed } from '../lab/studyMeasures.ts';
import { studyRecord } from '../lab/studyRecord.ts';
import { type PlannedRun, plannedRuns, studySize } from '../lab/studyRuns.ts';
import { accountingOf, expectMemory, memoryOf } from '../run/cost.ts';
import type { RunText } from '../train/text.ts';
import { oneOf, readOptions, readSettings, wholeNumber } from './arguments.ts';
import { backendOption, chosenBackend, findBackends, openBackend, twinLimits } from './backend.ts';
import { makeDirectory } from './disk.ts';
import { takeLock, untilFree } from './lock.ts';
import { activity, endProgress, print, printJson, table } from './output.ts';
import { readCheckpoint } from './runDirectory.ts';
import {
  dropMeasures,
  expectStudy,
  readMeasures,
  recordOf,
  stateOf,
  writeMeasures,
  writeResults,
} from './studyDirectory.ts';
import { createStudyProgress } from './studyProgress.ts';
import { type QueuedRun, runQueue } from './studyQueue.ts';
import { loadText } from './texts.ts';

export const studyHelp = `
study ID [--size software|laptop] [--seeds K] [--out DIR] [--jobs N] [--set path=value]... [--backend gpu|cpu] [--json]
study --list [--json]
    Every run of a study, then its verdicts: results.json, results.csv and a directory per run. Goes on where it was left.
    ID: one of ${studies.map(({ id }) => id).join(', ')}.
    --jobs: runs that train at a time. --set: changes all arms alike.`;

const options = {
  ...backendOption,
  size: { type: 'string' },
  seeds: { type: 'string' },
  out: { type: 'string' },
  jobs: { type: 'string' },
  set: { type: 'string', multiple: true },
  list: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export async function studyCommand(args: readonly string[]): Promise<void> {
  const id = args[0]?.startsWith('-') ? undefined : args[0];
  const rest = id === undefined ? args : args.slice(1);
  const values = readOptions(rest, options);
  if (values.list) {
    if (id !== undefined) throw new ConfigError(`--list: expected no study beside it, got "${id}"`);
    list(values.json ?? false);
    return;
  }
  if (id === undefined) throw new ConfigError('study: expected the id of a study or --list, got neither');
  const study = studyById(id);
  const size = studySize(values.size ?? 'software');
  const seeds = wholeNumber('seeds', values.seeds ?? String(study.sizes[size].seeds), 1, 100);
  const jobs = wholeNumber('jobs', values.jobs ?? '1', 1, 64);
  const directory = values.out ?? join('studies', `${study.id}-${size}`);
  const runs = plannedRuns(study, size, seeds, readSettings(values.set));
  const texts = await textsOf(runs);
  const backend = await chooseBackend(values.backend);
  expectMemory(`study ${study.id}`, memoryOfRuns(runs, texts, backend.limits.bytes), backend.limits, jobs);
  makeDirectory(directory);
  const release = takeLock(directory, `--out ${directory}`);
  try {
    const plan = { study, size, seeds, jobs, directory, runs, texts, backend: backend.kind };
    const record = await conduct(plan, ['npm run -s sdlm -- study', ...args].join(' '));
    if (record === null) return;
    if (values.json) printJson(record);
    else print(describe(record));
    expectNoneDiverged(plan, record);
  } finally {
    release();
  }
}

/** What is to be done, and where. */
interface Plan {
  readonly study: Study;
  readonly size: StudySize;
  readonly seeds: number;
  readonly jobs: number;
  readonly directory: string;
  readonly runs: readonly PlannedRun[];
  readonly texts: (run: PlannedRun) => RunText;
  readonly backend: 'gpu' | 'cpu';
}

/** Milliseconds for which runs of an earlier study may still be ending. */
const endingTime = 10_000;

/** Runs a study to its results; null where it was stopped before. */
async function conduct(plan: Plan, command: string): Promise<StudyRecord | null> {
  const { study, size, seeds, directory, runs, texts } = plan;
  expectStudy(directory, study, size);
  // Runs of a study that was killed save and end by themselves.
  for (const { name } of runs) await untilFree(join(directory, name), endingTime);
  const queued = runs.map((run): QueuedRun => ({ ...run, state: stateOf(directory, run) }));
  for (const { seed, state } of queued) if (state === 'new' || state === 'begun') dropMeasures(directory, seed);
  const shown = createStudyProgress(queued, (run) => flopsPerStep(run, texts));
  const { isWhole, lost } = await runQueue(queued, { ...plan, ...shown });
  endProgress();
  if (!isWhole) {
    process.stderr.write(`stopped; the same command goes on from what is saved in ${directory}\n`);
    return null;
  }
  const finished = runs.filter(({ name }) => !lost.has(name));
  await measure(study, finished, plan);
  // A run that was to start from one that diverged never began.
  const records = runs.filter((run) => !lost.has(run.name) || stateOf(directory, run) === 'diverged');
  const record = studyRecord(
    study,
    size,
    records.map((run) => recordOf(directory, run)),
    {
      created: new Date().toISOString(),
      adapter: recordOf(directory, records[0]).adapter,
      commit: __BUILD_COMMIT__,
      command,
      seeds,
    },
  );
  writeResults(directory, record);
  process.stderr.write(`saved in ${directory}\n`);
  return record;
}

/** Throws `DivergenceError` with one sentence where the results rest on some of the runs only. */
function expectNoneDiverged({ study, runs, directory }: Plan, record: StudyRecord): void {
  const finished = record.runs.filter(({ status }) => status === 'finished').length;
  if (finished === runs.length) return;
  const diverged = record.runs.filter(({ status }) => status === 'diverged').map(({ name }) => name);
  const unbegun = runs.length - finished - diverged.length;
  const names = `${diverged.slice(0, 8).join(', ')}${diverged.length > 8 ? ' and others' : ''}`;
  throw new DivergenceError(
    `study ${study.id}: expected ${runs.length} runs of finite numbers, got ${diverged.length} that diverged (${names})${unbegun > 0 ? ` and ${unbegun} that would have started from them` : ''}; tables and verdicts are of the other ${finished}, and ${directory} keeps all; lower training.learningRate in another directory`,
  );
}

/** The text of each run; arms that share text settings share the text. */
async function textsOf(runs: readonly PlannedRun[]): Promise<(run: PlannedRun) => RunText> {
  const known = new Map<string, RunText>();
  const keyOf = ({ experiment: { data, training } }: PlannedRun) =>
    JSON.stringify([data, training.batchSize, training.seed]);
  for (const run of runs) {
    const { corpus } = run.experiment.data;
    if (corpusKind(corpus).isOwn)
      throw new ConfigError(`expected a text that is bundled, as a study keeps no copy, got "${corpus}"`, {
        path: 'data.corpus',
      });
    if (known.has(keyOf(run))) continue;
    known.set(keyOf(run), await loadText(run.experiment, undefined));
  }
  return (run) => known.get(keyOf(run))!;
}

/** Where the runs go, and how much they may take there. */
async function chooseBackend(wanted: string | undefined) {
  const kind = wanted === undefined ? null : oneOf('backend', wanted, ['gpu', 'cpu'] as const);
  if (kind === 'cpu') return { kind, limits: twinLimits() };
  const { machine, remember } = await findBackends();
  const { adapter } = machine;
  const chosen = kind ?? (await chosenBackend(machine));
  remember();
  if (chosen === 'cpu') return { kind: 'cpu' as const, limits: twinLimits() };
  // Without an adapter, opening it says why.
  if (!adapter) (await openBackend('gpu')).close();
  const { maxBufferSize, maxStorageBufferBindingSize } = adapter!.gpu.limits;
  return {
    kind: 'gpu' as const,
    limits: { bytes: null, buffer: Math.min(maxBufferSize, maxStorageBufferBindingSize) },
  };
}

function memoryOfRuns(runs: readonly PlannedRun[], texts: (run: PlannedRun) => RunText, limit: number | null) {
  // The seeds of an arm differ in nothing that takes memory.
  const [first] = runs;
  return runs
    .filter(({ seed }) => seed === first.seed)
    .map((run) => ({
      name: run.study.arm,
      memory: memoryOf(run.experiment, texts(run).tokenizer.vocabularySize, limit ?? undefined),
    }));
}

function flopsPerStep(run: PlannedRun, texts: (run: PlannedRun) => RunText): number {
  const { experiment } = run;
  const { trainFlopsPerToken } = accountingOf(experiment, texts(run).tokenizer.vocabularySize);
  return trainFlopsPerToken * experiment.training.batchSize * experiment.data.sequenceLength;
}

/** What a study measures beyond the runs, seed by seed, where it was not measured yet. */
async function measure(study: Study, runs: readonly PlannedRun[], { directory, texts, backend }: Plan): Promise<void> {
  if (!study.measure) return;
  const seeds = [...new Set(runs.map(({ seed }) => seed))].filter((seed) => !readMeasures(directory, seed));
  if (seeds.length === 0) return;
  const { runtime, close } = await openBackend(backend);
  for (const seed of seeds) {
    const ofSeed = runs.filter((run) => run.seed === seed);
    const subjects = ofSeed.map((run): [string, Subject] => {
      const { weights } = readCheckpoint(join(directory, run.name));
      return [run.study.arm, { experiment: run.experiment, text: texts(run), weights }];
    });
    const measures = await measureSeed(study, runtime, new Map(subjects), async (words) =>
      activity(`measuring seed ${seed}: ${words}`),
    );
    writeMeasures(directory, seed, measures);
  }
  endProgress();
  close();
}

function list(isJson: boolean): void {
  const rows = studies.map(({ id, title, question, arms, sizes }) => ({
    id,
    title,
    question,
    arms: arms.map((arm) => ({ id: arm.id, label: arm.label })),
    seeds: Object.fromEntries(Object.entries(sizes).map(([size, { seeds }]) => [size, seeds])),
  }));
  if (isJson) printJson(rows);
  else print(rows.map(({ id, arms, question }) => `${id} (${arms.length} arms): ${question}`).join('\n'));
}

function describe({ tables, verdicts }: StudyRecord): string {
  const shown = tables.map(
    ({ title, columns, rows }) => `${title}\n${table([columns, ...rows.map((row) => row.map(String))])}`,
  );
  const said = verdicts.map(({ claim, outcome, evidence }) => `${outcome.toUpperCase()}: ${claim}\n  ${evidence}`);
  return [...shown, ...said].join('\n\n');
}
