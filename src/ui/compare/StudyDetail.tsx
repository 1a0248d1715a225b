/** One recorded study: question, where and how it was recorded, verdicts with their evidence, tables. */
import { Button, Code, Group, Stack, Text } from '@mantine/core';
import type { StudyRecord, Verdict } from '../../config/records.ts';
import { csvOf } from '../../store/compare/files.ts';
import type { StudyReport } from '../../worker/protocol.ts';
import { compact } from '../format.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { download } from '../parts/download.ts';
import { outcomeMarks } from './outcomes.ts';
import { RunStudy } from './RunStudy.tsx';
import { StudyQuestion } from './StudyQuestion.tsx';

interface StudyDetailProps {
  study: StudyRecord;
  /** Null where it cannot be run here any more. */
  offered: StudyReport | null;
  /** Whether its runs are in the charts. */
  isOnShow: boolean;
  onShow: () => void;
}

export function StudyDetail({ study, offered, isOnShow, onShow }: StudyDetailProps) {
  return (
    <article aria-label={study.title}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <StudyQuestion {...study} />
        <Group gap="xs">
          {!isOnShow && (
            <Button size="xs" variant="default" onClick={onShow}>
              Show its curves
            </Button>
          )}
          {offered && <RunStudy key={offered.id} study={offered} />}
        </Group>
      </Group>
      <Text size="xs" c="dimmed" mt={6} data-testid="study-source">
        Recorded on {study.adapter}, {dayOf(study.created)}, commit {study.commit.slice(0, 7)}: {study.runs.length}{' '}
        runs, {study.seeds} {study.seeds === 1 ? 'seed' : 'seeds'} per arm, size “{study.size}”.{' '}
        <Code fz={12}>{study.command}</Code>
      </Text>
      {study.verdicts.length > 0 && (
        <ul className="verdicts" aria-label="Verdicts">
          {study.verdicts.map((verdict) => (
            <VerdictItem key={verdict.claim} verdict={verdict} />
          ))}
        </ul>
      )}
      <Stack gap="md" mt="sm">
        {study.tables.map((table) => (
          <StudyTable key={table.title} table={table} />
        ))}
      </Stack>
    </article>
  );
}

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

function dayOf(created: string): string {
  return new Date(created).toLocaleDateString('en-GB', { dateStyle: 'medium' });
}
