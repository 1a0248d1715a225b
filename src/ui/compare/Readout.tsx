/** What each line reads at the cursor, in a box beside it. Drawn inside the chart. */
import { greatest } from '../../base/numbers.ts';
import type { Reading } from './readings.ts';

interface ReadoutProps {
  x: number;
  head: string;
  readings: readonly Reading[];
  area: { x: number; y: number; width: number; height: number };
}

const rowHeight = 17;
/** About the width of a character at 12 px. */
const characterWidth = 6.4;
/** Most characters of a label. */
const longestLabel = 34;
/** Pixels of a row beside its words: padding, mark and gap. */
const chrome = 44;

export function Readout({ x, head, readings, area }: ReadoutProps) {
  const most = Math.max(1, Math.floor((area.height - 40) / rowHeight));
  const shown = readings.slice(0, most);
  const longestValue = Math.max(0, greatest(shown.map(({ text }) => text.length)));
  const room = Math.floor((area.width - 8 - chrome) / characterWidth) - longestValue - 2;
  const rows = shown.map(({ shortLabel, ...others }) => ({ ...others, label: shortened(shortLabel, room) }));
  const characters = Math.max(head.length - 4, greatest(rows.map(({ label }) => label.length + longestValue + 2)));
  const width = Math.min(area.width - 8, characters * characterWidth + chrome);
  // Losses fall to the right: the upper right corner is the emptiest.
  const left = Math.min(x + 8, area.x + area.width - width - 4);
  const rest = readings.length - shown.length;
  return (
    <g fontSize={12}>
      <line
        x1={x}
        x2={x}
        y1={area.y}
        y2={area.y + area.height}
        stroke="var(--mantine-color-dimmed)"
        strokeDasharray="3 3"
      />
      <g transform={`translate(${left} ${area.y + 4})`}>
        <rect
          width={width}
          height={(rows.length + (rest > 0 ? 2 : 1)) * rowHeight + 12}
          rx={6}
          fill="var(--mantine-color-body)"
          fillOpacity={0.94}
          stroke="var(--page-line)"
        />
        <text x={10} y={18} fill="var(--mantine-color-dimmed)">
          {head}
        </text>
        {rows.map(({ key, label, colour, dash, text }, row) => (
          <g key={key} transform={`translate(10 ${18 + (row + 1) * rowHeight})`}>
            <line x2={14} y1={-4} y2={-4} stroke={colour} strokeWidth={3} strokeDasharray={dash} />
            <text x={20} fill="currentColor">
              {label}
            </text>
            <text x={width - 20} fill="currentColor" textAnchor="end" className="tabular">
              {text}
            </text>
          </g>
        ))}
        {rest > 0 && (
          <text x={10} y={18 + (rows.length + 1) * rowHeight} fill="var(--mantine-color-dimmed)">
            and {rest} more in the table
          </text>
        )}
      </g>
    </g>
  );
}

function shortened(label: string, room: number): string {
  const most = Math.max(4, Math.min(longestLabel, room));
  return label.length > most ? `${label.slice(0, most - 1)}…` : label;
}
