/** The table of all runs: sort, filter, choose; out as CSV or JSON, and in again. */
import { Button, FileButton, Group, Menu, NativeSelect, Text } from '@mantine/core';
import { useState } from 'react';
import { DataError } from '../../base/errors.ts';
import { sentence } from '../../base/format.ts';
import { bundleJson } from '../../store/compare/bundle.ts';
import { toggleRuns } from '../../store/compare/comparison.ts';
import { runsCsv, tableCsv } from '../../store/compare/files.ts';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { importRuns } from '../../store/compare/runs.ts';
import { useRun } from '../../store/run.ts';
import { download } from '../parts/download.ts';
import { Panel } from '../parts/Panel.tsx';
import { RunsTable } from './RunsTable.tsx';

interface RunsPanelProps {
  runs: readonly ComparedRun[];
  chosen: readonly ComparedRun[];
}

const everything = '';

export function RunsPanel({ runs, chosen }: RunsPanelProps) {
  const [wanted, setSource] = useState(everything);
  const sources = [...new Set(runs.map(sourceOf))];
  // A source may go away with its last run.
  const source = sources.includes(wanted) ? wanted : everything;
  const shown = source === everything ? runs : runs.filter((run) => sourceOf(run) === source);
  return (
    <Panel
      title="Runs"
      note={`${chosen.length} of ${runs.length} chosen`}
      actions={
        <Group gap="xs">
          {sources.length > 1 && (
            <NativeSelect
              size="xs"
              aria-label="Show runs from"
              value={source}
              onChange={(event) => setSource(event.currentTarget.value)}
              data={[{ value: everything, label: 'All runs' }, ...sources]}
            />
          )}
          <ExportMenu chosen={chosen} />
          <Import chosen={chosen} />
        </Group>
      }
    >
      {runs.length === 0 ? (
        <Text size="sm" c="dimmed">
          No run yet. Train a model, or import runs from a file.
        </Text>
      ) : (
        <RunsTable runs={shown} chosen={chosen} />
      )}
    </Panel>
  );
}

function ExportMenu({ chosen }: { chosen: readonly ComparedRun[] }) {
  const records = () => chosen.map(({ record }) => record);
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button size="xs" variant="default" disabled={chosen.length === 0}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>The chosen runs</Menu.Label>
        <Menu.Item onClick={() => download('runs.csv', tableCsv(chosen), 'text/csv')}>Table (CSV)</Menu.Item>
        <Menu.Item onClick={() => download('curves.csv', runsCsv(chosen), 'text/csv')}>All curves (CSV)</Menu.Item>
        <Menu.Item onClick={() => download('runs.json', bundleJson(records()), 'application/json')}>
          Everything (JSON)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}

function Import({ chosen }: { chosen: readonly ComparedRun[] }) {
  const isOpen = useRun((run) => run.machine !== null);
  const [problem, setProblem] = useState<string | null>(null);
  const take = async (file: File | null) => {
    if (!file) return;
    try {
      const keys = await importRuns(await file.text(), file.name);
      const before = chosen.map(({ key }) => key);
      if (keys) toggleRuns(keys, true, before);
      setProblem(null);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      setProblem(sentence(error.message));
    }
  };
  return (
    <>
      <FileButton
        accept="application/json,.json"
        disabled={!isOpen}
        onChange={(file) => void take(file)}
        inputProps={{ 'aria-label': 'File of runs' }}
      >
        {(props) => (
          <Button size="xs" variant="default" disabled={!isOpen} {...props}>
            Import
          </Button>
        )}
      </FileButton>
      {problem && (
        <Text role="alert" size="xs" c="var(--mantine-color-error)" maw={480}>
          {problem}
        </Text>
      )}
    </>
  );
}

function sourceOf({ origin, record }: ComparedRun): string {
  switch (origin) {
    case 'recorded':
      return `Recorded: ${record.study?.id ?? 'without a study'}`;
    case 'current':
    case 'saved':
      return 'Yours';
    default:
      return origin satisfies never;
  }
}
