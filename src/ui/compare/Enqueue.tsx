/** Puts the edited configuration into the queue, once per seed. */
import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { runName, useConfiguration } from '../../store/configuration.ts';
import { enqueueEdited } from '../../store/queue.ts';
import { useRun } from '../../store/run.ts';

const counts = [1, 2, 3, 5, 8].map((count) => ({
  value: String(count),
  label: count === 1 ? 'once, with its seed' : `with seeds 1 to ${count}`,
}));

export function Enqueue({ disabled }: { disabled: boolean }) {
  const [count, setCount] = useState('1');
  const isReady = useRun((run) => run.inspection.state === 'ready');
  const seed = useConfiguration((state) => state.experiment.training.seed);
  const isValid = useConfiguration((state) => Object.keys(state.invalid).length === 0);
  const add = () => {
    const seeds = count === '1' ? [seed] : Array.from({ length: Number(count) }, (_, i) => i + 1);
    void enqueueEdited(runName(), seeds);
  };
  return (
    <>
      <Button size="xs" disabled={disabled || !isReady || !isValid} onClick={add}>
        Add the edited configuration
      </Button>
      <NativeSelect
        size="xs"
        aria-label="How often the configuration is added"
        data={counts}
        value={count}
        onChange={(event) => setCount(event.currentTarget.value)}
      />
    </>
  );
}
