/** Puts every arm of a study into the queue of this page, in the size that the machine is up to. */
import { Button, Group, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import { enqueueStudy, useQueue } from '../../store/queue.ts';
import { useRun } from '../../store/run.ts';
import type { StudyReport } from '../../worker/protocol.ts';
import { Help } from '../parts/Help.tsx';

const seedCounts = [1, 2, 3, 5];

export function RunStudy({ study: { id, sizes, arms } }: { study: StudyReport }) {
  const hasGpu = useRun(({ machine }) => machine?.adapter?.isSoftware === false);
  const canQueue = useQueue(({ queue }) => queue !== null && !queue.isElsewhere);
  const [wanted, setSize] = useState<string | null>(null);
  const [wantedSeeds, setSeeds] = useState<number | null>(null);
  const size = wanted ?? (hasGpu ? 'laptop' : 'software');
  const recommended = sizes.find((candidate) => candidate.id === size)?.seeds ?? 1;
  const seeds = wantedSeeds ?? recommended;
  const counts = [...new Set([...seedCounts, recommended])].sort((a, b) => a - b);
  return (
    <Group gap="xs">
      <NativeSelect
        size="xs"
        aria-label="Size of the study"
        data={sizes.map(({ id: value, label }) => ({ value, label }))}
        value={size}
        onChange={(event) => setSize(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        aria-label="Seeds per arm"
        data={counts.map((count) => ({ value: String(count), label: wordsFor(count, arms.length) }))}
        value={String(seeds)}
        onChange={(event) => setSeeds(Number(event.currentTarget.value))}
      />
      <Button size="xs" disabled={!canQueue} onClick={() => void enqueueStudy(id, size, seeds)}>
        Run it here
      </Button>
      <Help
        topic="Run it here"
        text="Adds a run of every arm and seed to the queue below. As soon as every arm has run with a seed, its tables and verdicts appear here as yours; a verdict needs two seeds at least."
      />
    </Group>
  );
}

function wordsFor(seeds: number, arms: number): string {
  return `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, ${seeds * arms} runs`;
}
