/** What can be done with a kept model: look into it, keep it for good, name it, take it away, remove it. */
import { ActionIcon, Button, Group, Menu, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { runRef } from '../../config/modelRef.ts';
import { goTo } from '../../store/address.ts';
import { exportWeights, pickModel, pinModel, removeModel, renameModel } from '../../store/models.ts';
import { chooseStart } from '../../store/startFrom.ts';
import type { ModelSummary } from '../../worker/protocol.ts';
import { MoreIcon } from '../icons.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { downloadFile } from '../parts/download.ts';

export function ModelActions({ model }: { model: ModelSummary }) {
  const { id, name, isPinned, experiment } = model;
  const [asking, setAsking] = useState<'rename' | 'remove' | null>(null);
  const close = () => setAsking(null);
  const lookInto = (view: 'decode' | 'routing') => {
    pickModel(runRef(id));
    goTo(view);
  };
  return (
    <>
      <Menu position="bottom-end" withArrow>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" size={30} aria-label={`More about the model ${name}`}>
            <MoreIcon size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => lookInto('decode')}>Decode with it</Menu.Item>
          {experiment.model.feedForward !== 'dense' && (
            <Menu.Item onClick={() => lookInto('routing')}>See its routes</Menu.Item>
          )}
          <Menu.Item onClick={() => chooseStart(runRef(id))}>Start the next run from it</Menu.Item>
          <Menu.Divider />
          <Menu.Item onClick={() => void pinModel(id, !isPinned)}>{isPinned ? 'Unpin' : 'Pin'}</Menu.Item>
          <Menu.Item onClick={() => void save(id)}>Download (safetensors)</Menu.Item>
          <Menu.Item onClick={() => setAsking('rename')}>Rename…</Menu.Item>
          <Menu.Item color="red" onClick={() => setAsking('remove')}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === 'rename' && (
        <Dialog opened onClose={close} title="Rename the model" closeLabel="Keep the name">
          <Renaming model={model} onDone={close} />
        </Dialog>
      )}
      {asking === 'remove' && (
        <Dialog opened onClose={close} title="Remove the model?" closeLabel="Keep the model">
          <Text size="sm">The weights of “{name}” go for good; the record of its run stays among the runs.</Text>
          <Group mt="md" justify="flex-end">
            <Button variant="default" onClick={close}>
              Keep
            </Button>
            <Button
              color="red"
              onClick={() => {
                void removeModel(id);
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

function Renaming({ model, onDone }: { model: ModelSummary; onDone: () => void }) {
  const [name, setName] = useState(model.name);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (await renameModel(model.id, name)) onDone();
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

async function save(id: string): Promise<void> {
  const file = await exportWeights(runRef(id));
  if (file) downloadFile(file);
}
