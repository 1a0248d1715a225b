/** Reads records of runs and studies from JSON that may come from anywhere: every fault is one sentence. */
import { DataError, shown } from '../base/errors.ts';
import { parseExperiment } from './experiment.ts';
import { type Json, listIn, numberIn, numbersIn, objectIn, oneIn, stringIn } from './jsonFields.ts';
import type { RunRecord, StudyRecord, Verdict } from './records.ts';

/** A record of a run. Throws `DataError` (or `ConfigError` of its settings) beginning with `where`. */
export function parseRunRecord(value: unknown, where: string): RunRecord {
  const run = objectIn(value, where);
  expectFormat(run, where);
  const at = (name: string) => `${where}: ${name}`;
  const validation = objectIn(run.validation, at('validation'));
  const study = run.study === null ? null : objectIn(run.study, at('study'));
  const costs = objectIn(run.costs, at('costs'));
  const curve = curveIn(validation, at('validation'));
  // A single held-out window has no standard error: NaN, which JSON writes as null.
  const errors = listIn(validation.standardError, at('validation.standardError')).map((error) => error ?? Number.NaN);
  return {
    format: 1,
    id: stringIn(run.id, at('id')),
    name: stringIn(run.name, at('name')),
    created: stringIn(run.created, at('created')),
    study: study && {
      id: stringIn(study.id, at('study.id')),
      size: stringIn(study.size, at('study.size')),
      arm: stringIn(study.arm, at('study.arm')),
    },
    status: oneIn(run.status, ['finished', 'stopped', 'failed', 'diverged'], at('status')),
    problem: run.problem === null ? null : stringIn(run.problem, at('problem')),
    experiment: parseExperiment(run.experiment),
    backend: oneIn(run.backend, ['gpu', 'cpu'], at('backend')),
    adapter: stringIn(run.adapter, at('adapter')),
    costs: {
      total: numberIn(costs.total, at('costs.total')),
      active: numberIn(costs.active, at('costs.active')),
      trainFlopsPerToken: numberIn(costs.trainFlopsPerToken, at('costs.trainFlopsPerToken')),
      inferenceFlopsPerToken: numberIn(costs.inferenceFlopsPerToken, at('costs.inferenceFlopsPerToken')),
    },
    floorBpc: run.floorBpc === null ? null : numberIn(run.floorBpc, at('floorBpc')),
    steps: numberIn(run.steps, at('steps')),
    training: curveIn(objectIn(run.training, at('training')), at('training')),
    validation: {
      ...curve,
      standardError: numbersIn(errors, at('validation.standardError'), curve.step.length),
    },
    measures: numbersByName(run.measures, at('measures')),
  };
}

/** A record of a study. Throws `DataError` (or `ConfigError` of a run's settings) beginning with `where`. */
export function parseStudyRecord(value: unknown, where: string): StudyRecord {
  const study = objectIn(value, where);
  expectFormat(study, where);
  const at = (name: string) => `${where}: ${name}`;
  const text = (name: 'study' | 'size' | 'title' | 'question' | 'created' | 'adapter' | 'commit' | 'command') =>
    stringIn(study[name], at(name));
  return {
    format: 1,
    study: text('study'),
    size: text('size'),
    title: text('title'),
    question: text('question'),
    created: text('created'),
    adapter: text('adapter'),
    commit: text('commit'),
    command: text('command'),
    seeds: numberIn(study.seeds, at('seeds')),
    arms: listIn(study.arms, at('arms')).map((arm, index) => {
      const { id, label } = objectIn(arm, at(`arms[${index}]`));
      return { id: stringIn(id, at(`arms[${index}].id`)), label: stringIn(label, at(`arms[${index}].label`)) };
    }),
    runs: listIn(study.runs, at('runs')).map((run, index) => parseRunRecord(run, at(`runs[${index}]`))),
    tables: listIn(study.tables, at('tables')).map((table, index) => tableIn(table, at(`tables[${index}]`))),
    verdicts: listIn(study.verdicts, at('verdicts')).map((verdict, index) =>
      verdictIn(verdict, at(`verdicts[${index}]`)),
    ),
  };
}

function tableIn(value: unknown, where: string): StudyRecord['tables'][number] {
  const { title, columns, rows } = objectIn(value, where);
  const names = listIn(columns, `${where}.columns`).map((column) => stringIn(column, `${where}.columns`));
  return {
    title: stringIn(title, `${where}.title`),
    columns: names,
    rows: listIn(rows, `${where}.rows`).map((row) => {
      const cells = listIn(row, `${where}.rows`);
      const isSound =
        cells.length === names.length && cells.every((cell) => ['string', 'number'].includes(typeof cell));
      if (isSound) return cells as (string | number)[];
      throw new DataError(`${where}.rows: expected ${names.length} texts or numbers, got ${shown(row)}`);
    }),
  };
}

function verdictIn(value: unknown, where: string): Verdict {
  const { claim, outcome, evidence } = objectIn(value, where);
  return {
    claim: stringIn(claim, `${where}.claim`),
    outcome: oneIn(outcome, ['reproduced', 'not reproduced', 'undecided'], `${where}.outcome`),
    evidence: stringIn(evidence, `${where}.evidence`),
  };
}

function expectFormat({ format }: Json, where: string): void {
  if (format !== 1) throw new DataError(`${where}: expected "format": 1 of a record, got ${shown(format)}`);
}

function curveIn({ step, seconds, bpc }: Json, where: string) {
  const steps = numbersIn(step, `${where}.step`);
  return {
    step: steps,
    seconds: numbersIn(seconds, `${where}.seconds`, steps.length),
    bpc: numbersIn(bpc, `${where}.bpc`, steps.length),
  };
}

function numbersByName(value: unknown, where: string): Record<string, number> {
  const entries = Object.entries(objectIn(value, where));
  return Object.fromEntries(entries.map(([name, number]) => [name, numberIn(number, `${where}.${name}`)]));
}
