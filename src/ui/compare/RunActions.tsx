/** What can be done with one run of the table: take over its configuration; rename or remove it where it is saved. */
import { ActionIcon, Button, Group, Menu, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { RunRecord } from '../../config/records.ts';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { adoptExperiment } from '../../store/configuration.ts';
import { removeRuns, renameRun } from '../../store/savedRuns.ts';
import { MoreIcon } from '../icons.tsx';
import { Dialog } from '../parts/Dialog.tsx';

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
              <Menu.Item color="red" onClick={() => setAsking('remove')}>
                Remove…
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {asking === 'rename' && (
        <Dialog opened onClose={close} title="Rename the run" closeLabel="Keep the name">
          <Renaming record={record} onDone={close} />
        </Dialog>
      )}
      {asking === 'remove' && (
        <Dialog opened onClose={close} title="Remove the run?" closeLabel="Keep the run">
          <Text size="sm">The record of “{record.name}” goes for good. Export it first if you want to keep it.</Text>
          <Group mt="md" justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep
            </Button>
            <Button
              color="red"
              onClick={() => {
                void removeRuns([record.id]);
                close();
              }}
            >
              Remove
            </Button>
          </Group>
        </Dialog>
      )}
    </>
  );
}

function Renaming({ record, onDone }: { record: RunRecord; onDone: () => void }) {
  const [name, setName] = useState(record.name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await renameRun(record.id, name.trim())) onDone();
  };
  return (
    <form onSubmit={(event) => void submit(event)}>
      <TextInput label="Name" value={name} maxLength={80} onChange={(event) => setName(event.currentTarget.value)} />
      <Group mt="md" justify="flex-end">
        <Button type="submit" disabled={name.trim() === ''}>
          Rename
        </Button>
      </Group>
    </form>
  );
}
