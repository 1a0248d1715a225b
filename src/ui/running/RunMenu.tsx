/** What else can be done with a run: take its weights away, or compare it bit for bit with another. */
import { ActionIcon, Button, Code, Menu, Text } from '@mantine/core';
import { useState } from 'react';
import { whole } from '../../base/format.ts';
import { exportWeights } from '../../store/models.ts';
import { currentRef, useRun } from '../../store/run.ts';
import { stateHash } from '../../store/session.ts';
import { MoreIcon } from '../icons.tsx';
import { Dialog } from '../parts/Dialog.tsx';
import { downloadFile } from '../parts/download.ts';

export function RunMenu({ disabled }: { disabled: boolean }) {
  const [state, setState] = useState<{ hash: string; step: number } | null>(null);
  const [opened, setOpened] = useState(false);
  const showHash = async () => {
    const answer = await stateHash();
    if (!answer) return;
    setState(answer);
    setOpened(true);
  };
  return (
    <>
      <Menu position="bottom-start" withArrow>
        <Menu.Target>
          <ActionIcon variant="default" size={36} aria-label="More about this run" disabled={disabled}>
            <MoreIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => void downloadWeights()}>Download the weights (safetensors)</Menu.Item>
          <Menu.Item onClick={() => void showHash()}>Show the state hash</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Dialog opened={opened} onClose={() => setOpened(false)} title="State hash" closeLabel="Close">
        {state && (
          <>
            <Text size="sm" mb="xs">
              Weights and optimizer state after step {whole(state.step)}. Two runs with the same configuration on the
              same adapter, browser and build give the same hash.
            </Text>
            <Code block data-testid="state-hash">
              {state.hash}
            </Code>
            <Button mt="md" variant="default" onClick={() => void navigator.clipboard.writeText(state.hash)}>
              Copy
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}

async function downloadWeights(): Promise<void> {
  const ref = currentRef(useRun.getState());
  const file = ref && (await exportWeights(ref));
  if (file) downloadFile(file);
}
