/**
 * Train. Before a run the bundled model denoises at full size beside its expert load; once something is trained, the
 * loss takes that place.
 */
import { Grid, SimpleGrid, Stack } from '@mantine/core';
import { useRun } from '../../store/run.ts';
import { GradientPanel } from './GradientPanel.tsx';
import { LoadPanel } from './LoadPanel.tsx';
import { LossPanel } from './LossPanel.tsx';
import { ModelPanel } from './ModelPanel.tsx';
import { PreviewPanel } from './PreviewPanel.tsx';
import { SpeedPanel } from './SpeedPanel.tsx';
import { StartPanel } from './StartPanel.tsx';

export function TrainView() {
  const started = useRun((run) => run.model !== null || run.starting || run.status !== null);
  return (
    <Grid p="md" gap="md">
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack gap="md">
          {started ? <LossPanel /> : <PreviewPanel large />}
          {started ? (
            <SimpleGrid cols={{ base: 1, sm: 2 }} spacing="md">
              <SpeedPanel />
              <GradientPanel />
            </SimpleGrid>
          ) : (
            <StartPanel />
          )}
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack gap="md">
          {started && <PreviewPanel />}
          <LoadPanel />
          <ModelPanel />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
