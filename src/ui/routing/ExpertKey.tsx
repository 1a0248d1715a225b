/** The colour of every expert, with its number. */
import { Group } from '@mantine/core';
import { expertColour, inkOn } from '../colours.ts';

export function ExpertKey({ experts }: { experts: number }) {
  return (
    <Group gap={4} mt="xs" className="panel-note">
      <span style={{ marginRight: 4 }}>Experts</span>
      {Array.from({ length: experts }, (_, expert) => expert).map((expert) => (
        <ExpertChip key={expert} expert={expert} />
      ))}
    </Group>
  );
}

/** An expert's number on its colour. */
export function ExpertChip({ expert }: { expert: number }) {
  const background = expertColour(expert);
  return (
    <span className="expert-chip tabular" style={{ background, color: inkOn(background) }}>
      {expert}
    </span>
  );
}
