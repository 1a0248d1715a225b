/** How far a measurement of routes is, and the way out of it. */
import { Button, Group, Progress, Text } from '@mantine/core';
import { cancelMeasuring, type MeasuringTask, useMeasuring } from '../../store/measuring.ts';

const titles: Readonly<Record<MeasuringTask, string>> = { atlas: 'Building the atlas', cost: 'Measuring the loss' };

export function MeasuringProgress({ task }: { task: MeasuringTask }) {
  const now = useMeasuring((state) => state.now);
  if (now?.task !== task) return null;
  const title = titles[task];
  return (
    <Group gap="sm" mb="sm" wrap="nowrap">
      <Text size="sm" className="tabular" style={{ flex: 'none' }}>
        {title}
        {now.of > 0 && `: ${now.done} of ${now.of}`}
      </Text>
      <Progress
        style={{ flex: 1 }}
        value={now.of > 0 ? (100 * now.done) / now.of : 0}
        aria-label={title}
        color="var(--accent)"
      />
      <Button size="compact-xs" variant="default" onClick={() => void cancelMeasuring()}>
        Cancel
      </Button>
    </Group>
  );
}
