/**
 * A measure of an atlas, layer by expert, as cells that can be chosen: by click, or with the arrow keys. Every cell says its
 * number. SVG, so that it can be saved as a picture.
 */

import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, useRef } from 'react';
import { three } from '../../base/format.ts';
import { greatest } from '../../base/numbers.ts';
import type { Atlas, AtlasMeasure } from '../../config/atlas.ts';
import { inkOn, viridis } from '../colours.ts';
import { Gradient } from '../parts/Gradient.tsx';
import { measureWords } from './measures.ts';

interface AtlasGridProps {
  atlas: Pick<Atlas, 'layers' | 'experts'>;
  measure: AtlasMeasure;
  layer: number;
  expert: number | null;
  onSelect(layer: number, expert: number): void;
}

const left = 58;
const head = 20;

export function AtlasGrid({ atlas, measure, layer, expert, onSelect }: AtlasGridProps) {
  const { layers, experts } = atlas;
  const { ref, width } = useElementSize();
  const svg = useRef<SVGSVGElement>(null);
  const cellHeight = layers.length > 8 ? 22 : layers.length > 4 ? 30 : 40;
  const cellWidth = Math.max(0, width - left) / experts;
  const height = head + layers.length * cellHeight;
  const top = Math.max(0, greatest(measure.value.filter(Number.isFinite))) || 1;
  const labelEvery = Math.max(1, Math.ceil(22 / Math.max(1, cellWidth)));
  const chosen = expert === null ? 0 : layer * experts + expert;
  const walk = (event: KeyboardEvent) => {
    const at = Number((event.target as Element).getAttribute('data-cell'));
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + experts, ArrowUp: at - experts }[event.key];
    if (event.key === 'Enter' || event.key === ' ') onSelect(Math.floor(at / experts), at % experts);
    else if (next === undefined || next < 0 || next >= layers.length * experts) return;
    else svg.current?.querySelector<SVGElement>(`[data-cell="${next}"]`)?.focus();
    event.preventDefault();
  };
  const { label } = measureWords(measure);
  return (
    <div ref={ref}>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset would announce a form, and cannot be drawn in. */}
      <svg
        ref={svg}
        data-picture
        width={width}
        height={height}
        role="group"
        aria-label={`${label} by layer and expert; arrow keys move, Enter chooses`}
        fontSize={11}
        fill="currentColor"
        onKeyDown={walk}
        style={{ display: 'block', overflow: 'visible' }}
      >
        {layers.map((index, row) => (
          <text key={index} x={0} y={head + (row + 0.5) * cellHeight + 4} fontSize={12}>
            Layer {index}
          </text>
        ))}
        {Array.from({ length: experts }, (_, column) => column)
          .filter((column) => column % labelEvery === 0)
          .map((column) => (
            <text key={column} x={left + (column + 0.5) * cellWidth} y={13} textAnchor="middle">
              {column}
            </text>
          ))}
        {measure.value.map((value, at) => {
          const [row, column] = [Math.floor(at / experts), at % experts];
          const [x, y] = [left + column * cellWidth, head + row * cellHeight];
          const ground = Number.isFinite(value) ? viridis(value / top) : null;
          return (
            // biome-ignore lint/a11y/useSemanticElements: HTML buttons cannot stand in a picture.
            <g
              // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place.
              key={at}
              role="button"
              className="atlas-cell"
              tabIndex={at === chosen ? 0 : -1}
              data-cell={at}
              aria-pressed={expert !== null && at === chosen}
              aria-label={`Layer ${layers[row]}, expert ${column}: ${withError(value, measure.standardError[at])}`}
              onClick={() => onSelect(row, column)}
            >
              <rect
                x={x + 1}
                y={y + 1}
                width={Math.max(0, cellWidth - 2)}
                height={cellHeight - 2}
                rx={3}
                fill={ground ?? 'transparent'}
                stroke={ground ? 'none' : 'var(--page-line)'}
              />
              {cellWidth >= 34 && (
                <text
                  x={x + cellWidth / 2}
                  y={y + cellHeight / 2 + 4}
                  textAnchor="middle"
                  fill={ground ? inkOn(ground) : 'currentColor'}
                >
                  {three(value)}
                </text>
              )}
            </g>
          );
        })}
      </svg>
      <div className="panel-note tabular" style={{ marginTop: 6, display: 'flex', gap: 8, alignItems: 'center' }}>
        <Gradient colourOf={viridis} />
        <span>0 to {three(top)}. Columns are experts; choose one for its card.</span>
      </div>
    </div>
  );
}

/** The number as the cell shows it, with its standard error where that is known. */
function withError(value: number, error: number): string {
  return Number.isFinite(error) ? `${three(value)} ± ${three(error)}` : three(value);
}
