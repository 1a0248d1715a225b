/** Puts every arm of a study into the queue of this page, in the size that the machine is up to. */
import { Button, Group, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { enqueueStudy, useQueue } from '../../store/queue.ts';
import { useRun } from '../../store/run.ts';
import { Help } from '../parts/Help.tsx';

const sizes = [
  { value: 'software', label: 'small, for a processor' },
  { value: 'laptop', label: 'larger, for a GPU' },
];
const seedCounts = [1, 2, 3, 5].map((count) => ({
  value: String(count),
  label: count === 1 ? '1 seed' : `${count} seeds`,
}));

export function RunStudy({ id }: { id: string }) {
  const hasGpu = useRun(({ machine }) => machine?.adapter?.isSoftware === false);
  const canQueue = useQueue(({ queue }) => queue !== null && !queue.isElsewhere);
  const [wanted, setSize] = useState<string | null>(null);
  const [seeds, setSeeds] = useState('3');
  const size = wanted ?? (hasGpu ? 'laptop' : 'software');
  return (
    <Group gap="xs">
      <NativeSelect
        size="xs"
        aria-label="Size of the study"
        data={sizes}
        value={size}
        onChange={(event) => setSize(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        aria-label="Seeds per arm"
        data={seedCounts}
        value={seeds}
        onChange={(event) => setSeeds(event.currentTarget.value)}
      />
      <Button size="xs" disabled={!canQueue} onClick={() => void enqueueStudy(id, size, Number(seeds))}>
        Run it here
      </Button>
      <Help
        topic="Run it here"
        text="Adds a run of every arm and seed to the queue below. Their losses and costs appear beside the recorded ones; tables and verdicts come from the command line."
      />
    </Group>
  );
}
