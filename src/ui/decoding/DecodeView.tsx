/** Decode: what to fill in on the left, the canvas being denoised on the right. */
import { Grid, Stack } from '@mantine/core';
import { useEffect } from 'react';
import { decode, useDecode } from '../../store/decode.ts';
import { shownModel, useRun } from '../../store/run.ts';
import { CallsPanel } from './CallsPanel.tsx';
import { DecodeCanvas } from './DecodeCanvas.tsx';
import { DecodeControls } from './DecodeControls.tsx';

export function DecodeView() {
  const model = useRun(shownModel);
  const isOther = useDecode((state) => !state.busy && state.model !== model);
  // Each model is seen decoding at once; further decodes are asked for.
  useEffect(() => {
    if (model && isOther) void decode(model);
  }, [model, isOther]);
  return (
    <Grid p="md" gap="md">
      <Grid.Col span={{ base: 12, lg: 4 }}>
        <DecodeControls />
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 8 }}>
        <Stack gap="md">
          <DecodeCanvas />
          <CallsPanel />
        </Stack>
      </Grid.Col>
    </Grid>
  );
}
