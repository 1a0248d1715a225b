/** What can be done with a kept model: look into it, keep it for good, name it, take it away, remove it. */
import { ActionIcon, Menu } from '@mantine/core';
import { useState } from 'react';
import { runRef } from '../../config/modelRef.ts';
import { goTo } from '../../store/address.ts';
import { exportWeights, pickModel, pinModel, removeModel, renameModel } from '../../store/models.ts';
import { chooseStart } from '../../store/startFrom.ts';
import type { ModelSummary } from '../../worker/protocol.ts';
import { MoreIcon } from '../icons.tsx';
import { downloadFile } from '../parts/download.ts';
import { RemoveDialog, RenameDialog } from './keepDialogs.tsx';

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
          <Menu.Item c="var(--mantine-color-error)" onClick={() => setAsking('remove')}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {asking === 'rename' && (
        <RenameDialog what="model" name={name} rename={(next) => renameModel(id, next)} onClose={close} />
      )}
      {asking === 'remove' && (
        <RemoveDialog
          what="model"
          text={`The weights of “${name}” go for good; the record of its run stays among the runs.`}
          remove={() => removeModel(id)}
          onClose={close}
        />
      )}
    </>
  );
}

async function save(id: string): Promise<void> {
  const file = await exportWeights(runRef(id));
  if (file) downloadFile(file);
}
