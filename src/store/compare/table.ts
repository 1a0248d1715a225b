/** The columns of the table of runs, as data, and the order of its rows. Pure; how a value looks is the view's. */
import type { ComparedRun, Origin } from './groups.ts';

/** How a column's values look: see the view. */
export type ColumnKind = 'text' | 'count' | 'loss' | 'date';

export interface Column {
  /** In CSV files and for sorting. */
  readonly id: string;
  readonly label: string;
  readonly unit: string;
  readonly kind: ColumnKind;
  readonly value: (run: ComparedRun) => string | number | null;
}

const originWords: Record<Origin, string> = {
  current: 'this page',
  saved: 'saved',
  recorded: 'recorded study',
};

const column = (id: string, label: string, kind: ColumnKind, value: Column['value'], unit = ''): Column => ({
  id,
  label,
  unit,
  kind,
  value,
});

export const columns: readonly Column[] = [
  column('name', 'Run', 'text', ({ record }) => record.name),
  column('arm', 'Arm', 'text', ({ record, label }) => (record.study ? label : null)),
  column('seed', 'Seed', 'count', ({ record }) => record.experiment.training.seed),
  column('steps', 'Steps', 'count', ({ record }) => record.steps),
  column('best', 'Best validation', 'loss', (run) => bestOf(run)?.bpc ?? null, 'bits/char'),
  column('bestError', '±', 'loss', (run) => bestOf(run)?.error ?? null, 'bits/char'),
  column('last', 'Last validation', 'loss', (run) => lastOf(run)?.bpc ?? null, 'bits/char'),
  column('lastError', '±', 'loss', (run) => lastOf(run)?.error ?? null, 'bits/char'),
  column('speed', 'Tokens/s', 'count', ({ record }) => record.measures.tokensPerSecond ?? null),
  column('parameters', 'Parameters', 'count', ({ record }) => record.costs.total),
  column('active', 'Active', 'count', ({ record }) => record.costs.active),
  column('flops', 'FLOPs', 'count', ({ record }) => record.costs.trainFlopsPerToken, 'per token'),
  column('state', 'State', 'text', ({ origin, record }) => (origin === 'current' ? 'in progress' : record.status)),
  column('study', 'Study', 'text', ({ record }) => record.study?.id ?? null),
  column('origin', 'From', 'text', ({ origin }) => originWords[origin]),
  column('created', 'Date', 'date', ({ record }) => record.created),
];

/** Columns that stand in the cell of another: the standard error beside its loss. */
export const errorColumn: Readonly<Record<string, string>> = { best: 'bestError', last: 'lastError' };

export interface Sorting {
  readonly by: string;
  readonly descending: boolean;
}

/** Rows in the order of a column; rows without a value come last either way, and equal rows keep their order. */
export function sortRuns(runs: readonly ComparedRun[], { by, descending }: Sorting): ComparedRun[] {
  const column = columns.find(({ id }) => id === by);
  if (!column) return [...runs];
  const sign = descending ? -1 : 1;
  return [...runs].sort((a, b) => {
    const [x, y] = [column.value(a), column.value(b)];
    const [isMissing, isOtherMissing] = [isNothing(x), isNothing(y)];
    if (isMissing || isOtherMissing) return Number(isMissing) - Number(isOtherMissing);
    if (typeof x === 'number' && typeof y === 'number') return sign * (x - y);
    return sign * String(x).localeCompare(String(y), 'en', { numeric: true });
  });
}

/** No value, or none that has a place in an order. */
const isNothing = (value: string | number | null) => value === null || Number.isNaN(value);

interface Validation {
  bpc: number;
  error: number;
}

/** The lowest validation of a run, with its standard error; null if none is a finite number. */
export function bestOf({ record }: ComparedRun): Validation | null {
  const { bpc, standardError } = record.validation;
  let best: Validation | null = null;
  for (let i = 0; i < bpc.length; i += 1) {
    if (Number.isFinite(bpc[i]) && (!best || bpc[i] < best.bpc)) best = { bpc: bpc[i], error: standardError[i] };
  }
  return best;
}

/** The newest validation of a run. */
function lastOf({ record }: ComparedRun): Validation | null {
  const { bpc, standardError } = record.validation;
  const last = bpc.length - 1;
  return last < 0 ? null : { bpc: bpc[last], error: standardError[last] };
}
