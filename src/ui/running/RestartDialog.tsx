/** Asks before a run in progress is given up for a new one. */
import { Button, Group, Text } from '@mantine/core';
import { whole } from '../../base/format.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { useQueue } from '../../store/queue.ts';
import { pendingEdits, useRun } from '../../store/run.ts';
import { train } from '../../store/session.ts';
import { Dialog } from '../parts/Dialog.tsx';

interface RestartDialogProps {
  opened: boolean;
  onClose: () => void;
}

export function RestartDialog({ opened, onClose }: RestartDialogProps) {
  const run = useRun();
  const configuration = useConfiguration();
  const isOfQueue = useQueue(({ queue }) => queue !== null && queue.runningId !== null);
  const edits = pendingEdits(run, configuration);
  return (
    <Dialog opened={opened} onClose={onClose} title="Restart training?" closeLabel="Keep the run as it is">
      <Text size="sm">
        The run in progress{run.status && ` (step ${whole(run.status.step)} of ${whole(run.status.steps)})`}{' '}
        {isOfQueue
          ? 'goes back to the queue with what it has learned, and the queue is paused.'
          : 'ends here; its model stays on this machine.'}{' '}
        {configuration.from === null ? 'A fresh model' : 'A model that starts from the chosen weights'} is trained{' '}
        {edits > 0 ? 'with the edited configuration' : 'with the same configuration'}.
      </Text>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          Keep the run
        </Button>
        <Button
          onClick={() => {
            onClose();
            void train();
          }}
        >
          Restart
        </Button>
      </Group>
    </Dialog>
  );
}
