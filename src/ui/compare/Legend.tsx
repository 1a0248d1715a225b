/**
 * What each line is, with its last validation; a click switches it off or on. A legend of hundreds scrolls: the charts
 * above it stay in sight.
 */
import { memo } from 'react';
import { three } from '../../base/format.ts';
import { toggleLine } from '../../store/compare/comparison.ts';
import type { DrawnLine } from './useLines.ts';

export function Legend({ lines, floors }: { lines: readonly DrawnLine[]; floors: readonly number[] }) {
  return (
    <fieldset className="legend" aria-label="Lines">
      {lines.map(({ key, label, colour, dash, isHidden, validation }) => (
        <Entry
          key={key}
          line={key}
          label={label}
          colour={colour}
          dash={dash}
          isHidden={isHidden}
          last={validation[validation.length - 1]?.y}
        />
      ))}
      {floors.map((floor) => (
        <span key={floor} className="legend-entry" data-static="">
          <LineMark colour="var(--mantine-color-dimmed)" dash="4 3" width={1.5} />
          entropy of the source {three(floor)}
        </span>
      ))}
    </fieldset>
  );
}

interface EntryProps extends Pick<DrawnLine, 'label' | 'colour' | 'dash' | 'isHidden'> {
  /** Key of the line. */
  line: string;
  /** Its last validation. */
  last: number | undefined;
}

/** Stays as it is when only the axis changes. */
const Entry = memo(function Entry({ line, label, colour, dash, isHidden, last }: EntryProps) {
  return (
    <button type="button" className="legend-entry" aria-pressed={!isHidden} onClick={() => toggleLine(line)}>
      <LineMark colour={colour} dash={dash} />
      <span>{label}</span>
      {last !== undefined && <span className="legend-value tabular">{last.toFixed(3)}</span>}
    </button>
  );
});

interface LineMarkProps {
  colour: string;
  dash: string | undefined;
  width?: number;
}

export function LineMark({ colour, dash, width = 3 }: LineMarkProps) {
  return (
    <svg width="22" height="8" aria-hidden="true" style={{ flex: 'none' }}>
      <line x1="0" x2="22" y1="4" y2="4" stroke={colour} strokeWidth={width} strokeDasharray={dash} />
    </svg>
  );
}
