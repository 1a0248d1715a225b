/** The configuration was edited while (or after) a run: nothing changes until the person says so. */
import { Button, Group, Text } from '@mantine/core';
import { useConfiguration } from '../../store/configuration.ts';
import { isActive, pendingEdits, useRun } from '../../store/run.ts';
import { discardEdits } from '../../store/session.ts';

export function PendingEdits({ onRestart }: { onRestart: () => void }) {
  const run = useRun();
  const configuration = useConfiguration();
  const count = pendingEdits(run, configuration);
  const blocked = run.inspection.state === 'refused' || Object.keys(configuration.invalid).length > 0;
  if (!isActive(run) || count === 0) return null;
  return (
    <Group px="md" pb={10} gap="sm" role="status">
      <Text size="sm">
        {count === 1 ? 'One setting differs' : `${count} settings differ`} from the run in progress, which goes on
        unchanged.
      </Text>
      <Button size="compact-sm" variant="light" disabled={blocked} onClick={onRestart}>
        Restart with the edits…
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" c="dimmed" onClick={discardEdits}>
        Discard the edits
      </Button>
    </Group>
  );
}
