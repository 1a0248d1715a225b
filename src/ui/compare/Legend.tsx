/** What each line is, with its last validation; a click switches it off or on. */

import { three } from '../../base/format.ts';
import { toggleLine } from '../../store/compare/comparison.ts';
import type { DrawnLine } from './useLines.ts';

export function Legend({ lines, floors }: { lines: readonly DrawnLine[]; floors: readonly number[] }) {
  return (
    <fieldset className="legend" aria-label="Lines">
      {lines.map((line) => {
        const last = line.validation[line.validation.length - 1];
        return (
          <button
            key={line.key}
            type="button"
            className="legend-entry"
            aria-pressed={!line.isHidden}
            onClick={() => toggleLine(line.key)}
          >
            <LineMark colour={line.colour} dash={line.dash} />
            <span>{line.label}</span>
            {last && <span className="legend-value tabular">{last.y.toFixed(3)}</span>}
          </button>
        );
      })}
      {floors.map((floor) => (
        <span key={floor} className="legend-entry" data-static="">
          <LineMark colour="var(--mantine-color-dimmed)" dash="4 3" width={1.5} />
          entropy of the source {three(floor)}
        </span>
      ))}
    </fieldset>
  );
}

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
