/** What can be done with one run of the table: take over its configuration; rename or remove it where it is saved. */
import { ActionIcon, Menu } from '@mantine/core';
import { useState } from 'react';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { adoptExperiment } from '../../store/configuration.ts';
import { removeRuns, renameRun } from '../../store/savedRuns.ts';
import { MoreIcon } from '../icons.tsx';
import { RemoveDialog, RenameDialog } from './keepDialogs.tsx';

export function RunActions({ run: { record, origin } }: { run: ComparedRun }) {
  const [asking, setAsking] = useState<'rename' | 'remove' | null>(null);
  const close = () => setAsking(null);
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={22} aria-label={`More about ${record.name}`}>
            <MoreIcon size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => adoptExperiment(record.experiment)}>Edit its configuration</Menu.Item>
          {origin === 'saved' && (
            <>
              <Menu.Item onClick={() => setAsking('rename')}>Rename…</Menu.Item>
              <Menu.Item c="var(--mantine-color-error)" onClick={() => setAsking('remove')}>
                Remove…
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {asking === 'rename' && (
        <RenameDialog what="run" name={record.name} rename={(next) => renameRun(record.id, next)} onClose={close} />
      )}
      {asking === 'remove' && (
        <RemoveDialog
          what="run"
          text={`The record of “${record.name}” goes for good. Export it first if you want to keep it.`}
          remove={() => removeRuns([record.id])}
          onClose={close}
        />
      )}
    </>
  );
}
