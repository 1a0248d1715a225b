/** What each line of the loss chart is. */
import { Group } from '@mantine/core';
import { three } from '../format.ts';

export function CurveKey({ smoothed, floor }: { smoothed: boolean; floor: number | null }) {
  return (
    <Group gap="md" mt={4} justify="center" className="panel-note">
      {smoothed && <Entry colour="var(--chart-raw)" text="training, each step" />}
      <Entry colour="var(--accent)" text={smoothed ? 'training, smoothed' : 'training'} />
      <Entry colour="var(--chart-validation)" dot text="validation ± 1 standard error" />
      {floor !== null && <Entry colour="var(--mantine-color-dimmed)" dashed text={`floor ${three(floor)}`} />}
    </Group>
  );
}

interface EntryProps {
  colour: string;
  text: string;
  dot?: boolean;
  dashed?: boolean;
}

function Entry({ colour, text, dot, dashed }: EntryProps) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6 }}>
      <svg width="20" height="8" aria-hidden="true">
        <line
          x1="0"
          x2="20"
          y1="4"
          y2="4"
          stroke={colour}
          strokeWidth={dot ? 1.25 : 2}
          strokeDasharray={dashed ? '4 3' : undefined}
        />
        {dot && <circle cx="10" cy="4" r="3" fill={colour} />}
      </svg>
      {text}
    </span>
  );
}
