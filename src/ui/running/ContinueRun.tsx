/** Offers the run that an earlier visit left. Nothing of it is loaded, and the configuration stays, unless asked for. */
import { Button, Group, Text } from '@mantine/core';
import { dateOf, whole } from '../../base/format.ts';
import { isActive, keptRun, useRun } from '../../store/run.ts';
import { continueRun, forgetRun } from '../../store/session.ts';

export function ContinueRun() {
  const kept = useRun(keptRun);
  const hasRun = useRun((run) => run.model !== null || isActive(run));
  if (!kept || hasRun) return null;
  const { name, step, steps, savedAt } = kept;
  return (
    <Group px="md" pb={10} gap={8} role="status" data-testid="kept-run">
      <Text size="sm" style={{ flex: '0 1 auto' }} miw={{ base: '100%', sm: 0 }}>
        An earlier run was left at step {whole(step)} of {whole(steps)} ({name}; {dateOf(savedAt)}).
      </Text>
      <Button size="compact-sm" variant="light" onClick={() => void continueRun()}>
        Continue the run
      </Button>
      <Button size="compact-sm" variant="subtle" color="gray" c="dimmed" onClick={() => void forgetRun()}>
        Give it up
      </Button>
    </Group>
  );
}
