/** What each line of the loss chart is: below the chart, and in its picture. */
import { Group } from '@mantine/core';
import { three } from '../../base/format.ts';
import type { PictureKey } from '../parts/picture.ts';

/** Entries of the key; `dot` marks a line with measurements on it. */
export type CurveEntry = PictureKey & { readonly dot?: boolean };

/** The lines that the chart has: `smoothed` when a smoothed curve lies over the raw trace. */
export function curveEntries(smoothed: boolean, floor: number | null): CurveEntry[] {
  const line = { dash: undefined };
  const entries: CurveEntry[] = [
    { ...line, colour: 'var(--accent)', label: smoothed ? 'training, smoothed' : 'training' },
    { ...line, colour: 'var(--chart-validation)', dot: true, label: 'validation ± 1 standard error' },
  ];
  if (smoothed) entries.unshift({ ...line, colour: 'var(--chart-raw)', label: 'training, each step' });
  if (floor !== null)
    entries.push({ colour: 'var(--mantine-color-dimmed)', dash: '4 3', label: `floor ${three(floor)}` });
  return entries;
}

export function CurveKey({ entries }: { entries: readonly CurveEntry[] }) {
  return (
    <Group gap="md" mt={4} justify="center" className="panel-note">
      {entries.map((entry) => (
        <Entry key={entry.label} {...entry} />
      ))}
    </Group>
  );
}

function Entry({ colour, label, dot, dash }: CurveEntry) {
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 6 }}>
      <svg width="20" height="8" aria-hidden="true">
        <line x1="0" x2="20" y1="4" y2="4" stroke={colour} strokeWidth={dot ? 1.25 : 2} strokeDasharray={dash} />
        {dot && <circle cx="10" cy="4" r="3" fill={colour} />}
      </svg>
      {label}
    </span>
  );
}
