/** Decode: what to fill in on the left, the canvas being denoised on the right. */
import { Grid } from '@mantine/core';
import { useEffect } from 'react';
import { decode, useDecode } from '../../store/decode.ts';
import { useRun } from '../../store/run.ts';
import { DecodeCanvas } from './DecodeCanvas.tsx';
import { DecodeControls } from './DecodeControls.tsx';

export function DecodeView() {
  const pretrained = useRun((run) => run.pretrained);
  // A first visitor sees a decode at once; later ones are asked for.
  useEffect(() => {
    const { frames, busy, result } = useDecode.getState();
    if (pretrained && frames.length === 0 && !busy && !result) void decode(pretrained);
  }, [pretrained]);
  return (
    <Grid p="md" gap="md">
      <Grid.Col span={{ base: 12, lg: 4 }}>
        <DecodeControls />
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 8 }}>
        <DecodeCanvas />
      </Grid.Col>
    </Grid>
  );
}
