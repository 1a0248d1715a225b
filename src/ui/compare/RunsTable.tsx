/** Runs as rows: a click on a head sorts, a tick puts the run into the charts. */
import { Checkbox, ScrollArea, Table, UnstyledButton } from '@mantine/core';
import { memo, useCallback } from 'react';
import { compact, dateOf, measuredWords } from '../../base/format.ts';
import { show, toggleRuns, useComparison } from '../../store/compare/comparison.ts';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { type Column, columns, errorColumn, sortRuns } from '../../store/compare/table.ts';
import { RunActions } from './RunActions.tsx';
import { useEqual } from './useEqual.ts';

interface RunsTableProps {
  runs: readonly ComparedRun[];
  chosen: readonly ComparedRun[];
}

const hidden = new Set(Object.values(errorColumn));
const shownColumns = columns.filter(({ id }) => !hidden.has(id));
const byId = new Map(columns.map((column) => [column.id, column]));

export const RunsTable = memo(function RunsTable({ runs, chosen }: RunsTableProps) {
  const sorting = useComparison((state) => state.sorting);
  const chosenKeys = useEqual(chosen.map(({ key }) => key));
  const toggle = useCallback(
    (toggled: readonly string[], on: boolean) => toggleRuns(toggled, on, chosenKeys),
    [chosenKeys],
  );
  const marked = new Set(chosenKeys);
  const keys = runs.map(({ key }) => key);
  const count = keys.filter((key) => marked.has(key)).length;
  return (
    <ScrollArea.Autosize mah={460} type="auto" viewportProps={{ tabIndex: 0, 'aria-label': 'Runs', role: 'group' }}>
      <Table
        fz="xs"
        verticalSpacing={4}
        horizontalSpacing="xs"
        className="tabular runs-table"
        stickyHeader
        highlightOnHover
      >
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={30}>
              <Checkbox
                size="xs"
                aria-label="Compare all runs of the table"
                checked={count > 0 && count === keys.length}
                indeterminate={count > 0 && count < keys.length}
                onChange={(event) => toggle(keys, event.currentTarget.checked)}
              />
            </Table.Th>
            {shownColumns.map((column) => (
              <Head key={column.id} column={column} />
            ))}
            <Table.Td />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {sortRuns(runs, sorting).map((run) => (
            <RunRow key={run.key} run={run} isChosen={marked.has(run.key)} onToggle={toggle} />
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
});

interface RunRowProps {
  run: ComparedRun;
  isChosen: boolean;
  onToggle: (keys: readonly string[], on: boolean) => void;
}

const RunRow = memo(function RunRow({ run, isChosen, onToggle }: RunRowProps) {
  return (
    <Table.Tr data-chosen={isChosen || undefined}>
      <Table.Td>
        <Checkbox
          size="xs"
          aria-label={`Compare ${run.record.name}`}
          checked={isChosen}
          onChange={(event) => onToggle([run.key], event.currentTarget.checked)}
        />
      </Table.Td>
      {shownColumns.map((column) => (
        <Table.Td key={column.id} ta={isNumber(column) ? 'right' : undefined} className="runs-cell">
          {cellOf(column, run)}
        </Table.Td>
      ))}
      <Table.Td>
        <RunActions run={run} />
      </Table.Td>
    </Table.Tr>
  );
});

function Head({ column }: { column: Column }) {
  const { by, descending } = useComparison((state) => state.sorting);
  const isSorted = by === column.id;
  // Small losses and late dates are what people look for first.
  const first = column.kind === 'date' || column.id === 'speed';
  const sort = () => show({ sorting: { by: column.id, descending: isSorted ? !descending : first } });
  return (
    <Table.Th
      scope="col"
      ta={isNumber(column) ? 'right' : undefined}
      aria-sort={isSorted ? (descending ? 'descending' : 'ascending') : 'none'}
    >
      <UnstyledButton fz="xs" fw={600} className="sort-button" onClick={sort}>
        {column.label}
        <span aria-hidden="true" className="sort-mark" data-on={isSorted || undefined}>
          {isSorted && descending ? '↓' : '↑'}
        </span>
        {column.unit && <span className="column-unit">{column.unit}</span>}
      </UnstyledButton>
    </Table.Th>
  );
}

const isNumber = ({ kind }: Column) => kind === 'count' || kind === 'loss';

function cellOf(column: Column, run: ComparedRun): string {
  const error = byId.get(errorColumn[column.id] ?? '');
  const value = column.value(run);
  return error && value !== null ? measuredWords(Number(value), Number(error.value(run))) : inWords(column, run);
}

function inWords({ kind, value }: Column, run: ComparedRun): string {
  const content = value(run);
  if (content === null) return '';
  switch (kind) {
    case 'text':
      return String(content);
    case 'count':
      return compact(Number(content));
    case 'loss':
      return Number(content).toFixed(3);
    case 'date':
      return dateOf(content);
    default:
      return kind satisfies never;
  }
}
