/** What a study found: verdicts with their evidence, and tables, each as a file too. */
import { Button, Stack } from '@mantine/core';
import { memo } from 'react';
import { csvOf } from '../../base/csv.ts';
import { compact } from '../../base/format.ts';
import type { StudyRecord, Verdict } from '../../config/records.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { download } from '../parts/download.ts';
import { outcomeMarks } from './outcomes.ts';

type StudyFindingsProps = Pick<StudyRecord, 'verdicts' | 'tables'>;

/** Stays as it is while the runs in the charts change. */
export const StudyFindings = memo(function StudyFindings({ verdicts, tables }: StudyFindingsProps) {
  return (
    <>
      {verdicts.length > 0 && (
        <ul className="verdicts" aria-label="Verdicts">
          {verdicts.map((verdict) => (
            <VerdictItem key={verdict.claim} verdict={verdict} />
          ))}
        </ul>
      )}
      <Stack gap="md" mt="sm">
        {tables.map((table) => (
          <StudyTable key={table.title} table={table} />
        ))}
      </Stack>
    </>
  );
});

function VerdictItem({ verdict: { claim, outcome, evidence } }: { verdict: Verdict }) {
  const { mark, colour } = outcomeMarks[outcome];
  return (
    <li className="verdict">
      <span
        className="verdict-mark"
        style={{ '--mark': `var(--mantine-color-${colour}-filled)` } as React.CSSProperties}
      >
        <span aria-hidden="true">{mark}</span> {outcome}
      </span>
      <span>
        <strong>{claim}</strong> {evidence}
      </span>
    </li>
  );
}

function StudyTable({ table: { title, columns, rows } }: { table: StudyRecord['tables'][number] }) {
  const name = title.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-');
  return (
    <div className="study-table">
      <DataTable
        caption={title}
        columns={columns}
        maxHeight={640}
        rows={rows.map((row) => row.map((cell) => (typeof cell === 'number' ? inDigits(cell) : cell)))}
      />
      <Button
        variant="subtle"
        color="gray"
        c="dimmed"
        size="compact-xs"
        aria-label={`CSV: ${title}`}
        onClick={() => download(`${name}.csv`, csvOf(columns, rows), 'text/csv')}
      >
        CSV
      </Button>
    </div>
  );
}

/** Four significant digits; large counts with a suffix. */
function inDigits(value: number): string {
  return Math.abs(value) >= 1e4 ? compact(value) : String(Number(value.toPrecision(4)));
}
