/** Train: loss and throughput on the left; the text being denoised and the expert load on the right. */
import { Grid, Stack } from '@mantine/core';
import { useRun } from '../../store/run.ts';
import { LoadPanel } from './LoadPanel.tsx';
import { LossPanel } from './LossPanel.tsx';
import { ModelPanel } from './ModelPanel.tsx';
import { PreviewPanel } from './PreviewPanel.tsx';
import { SpeedPanel } from './SpeedPanel.tsx';
import { StartPanel } from './StartPanel.tsx';

export function TrainView() {
  const started = useRun((run) => run.model !== null || run.starting || (run.status?.phase ?? 'idle') !== 'idle');
  return (
    <Grid p="md" gap="md">
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack gap="md">
          {started ? (
            <>
              <LossPanel />
              <SpeedPanel />
            </>
          ) : (
            <StartPanel />
          )}
          <ModelPanel />
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }} order={{ base: started ? 2 : 0, lg: 2 }}>
        <Stack gap="md">
          <PreviewPanel />
          <LoadPanel />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
