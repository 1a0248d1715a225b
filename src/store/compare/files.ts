/** Records as text for download: CSV and JSON. Pure functions; whole runs are in `bundle.ts`. */
import { csvOf } from '../../base/csv.ts';
import { tokensAt, type XAxisName, xAxes } from './axes.ts';
import type { Measured } from './curves.ts';
import type { ComparedLine, ComparedRun } from './groups.ts';
import { type Column, columns } from './table.ts';

/** The table of runs, all its columns, numbers at full precision. */
export function tableCsv(runs: readonly ComparedRun[]): string {
  return csvOf(
    columns.map(({ id, unit }) => (unit ? `${id} (${unit})` : id)),
    runs.map((run) => columns.map((column: Column) => column.value(run))),
  );
}

/** Every recorded point of every run, one row each, with all its places on the x axes. */
export function runsCsv(runs: readonly ComparedRun[]): string {
  const head = ['run', 'study', 'arm', 'seed', 'curve', 'step', 'tokens', 'flops', 'seconds', 'bpc', 'standard error'];
  return csvOf(
    head,
    runs.flatMap(({ record, label }) =>
      (['training', 'validation'] as const).flatMap((curve) =>
        record[curve].step.map((step, i) => [
          record.name,
          record.study?.id ?? null,
          record.study ? label : null,
          record.experiment.training.seed,
          curve,
          step,
          tokensAt(record, step),
          tokensAt(record, step) * record.costs.trainFlopsPerToken,
          record[curve].seconds[i],
          record[curve].bpc[i],
          curve === 'validation' ? record.validation.standardError[i] : null,
        ]),
      ),
    ),
  );
}

/** What a chart shows of each line. */
export type ChartCurve = 'training' | 'validation';

/** The points of a chart as they are drawn. */
export function chartCsv(lines: readonly ComparedLine[], curve: ChartCurve, axis: XAxisName): string {
  return csvOf(
    ['line', 'runs', xAxes[axis].title, 'bits per character', 'standard error'],
    lines.flatMap((line) => line[curve].map(({ x, y, error }) => [line.label, line.runs.length, x, y, error])),
  );
}

/** The same points as JSON. */
export function chartJson(lines: readonly ComparedLine[], curve: ChartCurve, axis: XAxisName): string {
  const points = (measured: readonly Measured[]) => ({
    x: measured.map(({ x }) => x),
    bpc: measured.map(({ y }) => y),
    standardError: measured.map(({ error }) => error),
  });
  return jsonOf({
    curve,
    x: xAxes[axis].title,
    lines: lines.map((line) => ({
      label: line.label,
      runs: line.runs.map(({ record }) => record.id),
      ...points(line[curve]),
    })),
  });
}

function jsonOf(value: unknown): string {
  return `${JSON.stringify(value, null, 1)}\n`;
}
