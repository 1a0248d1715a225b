/** The record of a study from the records of its runs: small enough to be committed and fetched by the page. */
import type { Curve, RunRecord, StudyRecord } from '../config/records.ts';
import { finalBpc, measured, resultsOf, rounded, withError } from './studies/statistics.ts';
import type { Results, Study, StudySize, Table } from './studies/study.ts';

/** Points of a training curve in the record of a study. */
const curvePoints = 48;

/** Who made it, where and how. */
export type StudyOrigin = Pick<StudyRecord, 'created' | 'adapter' | 'commit' | 'command' | 'seeds'>;

export function studyRecord(
  study: Study,
  size: StudySize,
  records: readonly RunRecord[],
  origin: StudyOrigin,
): StudyRecord {
  const runs = records.map(shortened);
  return {
    format: 1,
    study: study.id,
    size,
    title: study.title,
    question: study.question,
    ...origin,
    arms: study.arms.map(({ id, label }) => ({ id, label })),
    runs,
    ...conclusionsOf(study, runs),
  };
}

/** Tables and verdicts: a function of the runs alone, so that a record can be checked. */
export function conclusionsOf(study: Study, runs: readonly RunRecord[]): Pick<StudyRecord, 'tables' | 'verdicts'> {
  const results = resultsOf(runs);
  return {
    tables: [summaryOf(study, results), ...(study.tables?.(results) ?? [])],
    verdicts: [...study.verdicts(results)],
  };
}

function summaryOf({ arms }: Study, results: Results): Table {
  return {
    title: 'Held-out loss and cost, means over seeds ± one standard error',
    columns: ['arm', 'bits per character', 'parameters', 'active', 'training FLOPs/token', 'tokens/s'],
    rows: arms.flatMap(({ id, label }) => {
      const [run] = results.runs(id);
      if (!run) return [];
      const speed = results.mean(id, measured('tokensPerSecond')).mean;
      const { total, active, trainFlopsPerToken } = run.costs;
      return [
        [label, withError(results.mean(id, finalBpc)), total, active, Math.round(trainFlopsPerToken), rounded(speed)],
      ];
    }),
  };
}

function shortened(run: RunRecord): RunRecord {
  const { validation, measures } = run;
  return {
    ...run,
    training: thinned(run.training),
    validation: { ...roundedCurve(validation), standardError: validation.standardError.map(sixDigits) },
    measures: Object.fromEntries(Object.entries(measures).map(([name, value]) => [name, sixDigits(value)])),
  };
}

/** A training curve with fewer points, each the mean of the steps it stands for. */
function thinned(curve: Curve): Curve {
  const points = curve.step.length;
  const together = Math.ceil(points / curvePoints);
  const step: number[] = [];
  const seconds: number[] = [];
  const bpc: number[] = [];
  for (let first = 0; first < points; first += together) {
    const last = Math.min(points, first + together) - 1;
    let sum = 0;
    let steps = 0;
    for (let i = first; i <= last; i++) {
      const count = curve.step[i] - (curve.step[i - 1] ?? 0);
      sum += curve.bpc[i] * count;
      steps += count;
    }
    step.push(curve.step[last]);
    seconds.push(curve.seconds[last]);
    bpc.push(sum / steps);
  }
  return roundedCurve({ step, seconds, bpc });
}

function roundedCurve({ step, seconds, bpc }: Curve): Curve {
  return { step, seconds: seconds.map((value) => Math.round(value * 1000) / 1000), bpc: bpc.map(sixDigits) };
}

function sixDigits(value: number): number {
  return Number(value.toPrecision(6));
}
