/**
 * Magnitudes in rows and columns: one canvas pixel per value through viridis, scaled up by CSS; labels and printed
 * values in SVG on top; hover by arithmetic. The table behind it is the caller's (`TableSwitch`).
 */
import { useElementSize } from '@mantine/hooks';
import { type MouseEvent, useEffect, useRef, useState } from 'react';
import { three } from '../../base/format.ts';
import { inkOn, viridis, viridisPixels } from '../colours.ts';
import { Gradient } from './Gradient.tsx';

interface HeatmapProps {
  label: string;
  /** Row-major, `rowLabels.length` x `columns`. */
  values: Float32Array;
  rowLabels: readonly string[];
  columns: number;
  /** Name of a column, for the readout: "expert". */
  columnName: string;
  /** Value that takes the last colour; 0 takes the first. */
  top: number;
  unit: string;
  /** A printed value per row, right of it. */
  rowNotes?: readonly string[];
  rowNoteTitle?: string;
}

const left = 58;
const head = 20;

export function Heatmap(props: HeatmapProps) {
  const { label, values, rowLabels, columns, columnName, top, unit, rowNotes, rowNoteTitle } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const { ref, width } = useElementSize();
  const [hovered, setHovered] = useState<number | null>(null);
  const rows = rowLabels.length;
  const right = rowNotes ? 64 : 0;
  const cellHeight = rows > 8 ? 20 : rows > 4 ? 28 : 38;
  const plotWidth = Math.max(0, width - left - right);
  const cellWidth = plotWidth / columns;
  const height = head + rows * cellHeight;

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || rows === 0 || columns === 0) return;
    context.putImageData(new ImageData(pixelsOf(values, top, rows * columns), columns, rows), 0, 0);
  }, [values, rows, columns, top]);

  const hover = (event: MouseEvent<HTMLElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor((event.clientX - box.left - left) / cellWidth);
    const row = Math.floor((event.clientY - box.top - head) / cellHeight);
    setHovered(column >= 0 && column < columns && row >= 0 && row < rows ? row * columns + column : null);
  };
  const labelEvery = Math.max(1, Math.ceil(22 / Math.max(1, cellWidth)));
  const hoveredText =
    hovered === null
      ? `Scale: 0 to ${three(top)} ${unit}`
      : `${rowLabels[Math.floor(hovered / columns)]}, ${columnName} ${hovered % columns}: ${three(values[hovered])} ${unit}`;

  return (
    <div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: hovering only repeats what the table behind says. */}
      <div ref={ref} style={{ position: 'relative', height }} onMouseMove={hover} onMouseLeave={() => setHovered(null)}>
        <canvas
          ref={canvas}
          className="heatmap-canvas"
          width={columns}
          height={rows}
          style={{ left, top: head, width: plotWidth, height: rows * cellHeight }}
          role="img"
          aria-label={label}
        />
        <svg
          width={width}
          height={height}
          style={{ position: 'absolute' }}
          aria-hidden="true"
          fontSize={12}
          fill="currentColor"
        >
          {cellWidth >= 12 && (
            <path d={gaps(columns, rows, cellWidth, cellHeight)} stroke="var(--mantine-color-body)" strokeWidth={1.5} />
          )}
          {rowNoteTitle && (
            <text x={width} y={13} textAnchor="end" fontSize={11}>
              {rowNoteTitle}
            </text>
          )}
          {Array.from({ length: columns }, (_, column) => column)
            .filter((column) => column % labelEvery === 0)
            .map((column) => (
              <text key={column} x={left + (column + 0.5) * cellWidth} y={13} textAnchor="middle" fontSize={11}>
                {column}
              </text>
            ))}
          {rowLabels.map((rowLabel, row) => (
            <g key={rowLabel} dominantBaseline="central">
              <text x={0} y={head + (row + 0.5) * cellHeight}>
                {rowLabel}
              </text>
              {rowNotes && (
                <text x={width} y={head + (row + 0.5) * cellHeight} textAnchor="end" className="tabular">
                  {rowNotes[row]}
                </text>
              )}
              {cellWidth >= 34 &&
                Array.from({ length: columns }, (_, column) => row * columns + column).map((cell) => (
                  <text
                    key={cell}
                    x={left + ((cell % columns) + 0.5) * cellWidth}
                    y={head + (row + 0.5) * cellHeight}
                    textAnchor="middle"
                    fontSize={11}
                    fill={Number.isFinite(values[cell]) ? inkOn(viridis(values[cell] / top)) : 'currentColor'}
                  >
                    {three(values[cell])}
                  </text>
                ))}
            </g>
          ))}
          {hovered !== null && (
            <rect
              x={left + (hovered % columns) * cellWidth + 1}
              y={head + Math.floor(hovered / columns) * cellHeight + 1}
              width={Math.max(0, cellWidth - 2)}
              height={cellHeight - 2}
              fill="none"
              stroke="#ffffff"
              strokeWidth={2}
            />
          )}
        </svg>
      </div>
      <div className="panel-note tabular" style={{ marginTop: 6, display: 'flex', gap: 8, alignItems: 'center' }}>
        <Gradient colourOf={viridis} />
        <span>{hoveredText}</span>
      </div>
    </div>
  );
}

/** One pixel per cell; a cell without a finite value is clear. */
function pixelsOf(values: Float32Array, top: number, cells: number): Uint8ClampedArray<ArrayBuffer> {
  const all = Float32Array.from({ length: cells }, (_, cell) => values[cell] ?? Number.NaN);
  const pixels = viridisPixels(all, top);
  for (const [cell, value] of all.entries()) if (!Number.isFinite(value)) pixels[4 * cell + 3] = 0;
  return pixels;
}

/** Lines between the cells, so that equal values still read as cells. */
function gaps(columns: number, rows: number, width: number, height: number): string {
  const across = Array.from(
    { length: rows - 1 },
    (_, row) => `M${left} ${head + (row + 1) * height}h${columns * width}`,
  );
  const down = Array.from({ length: columns - 1 }, (_, c) => `M${left + (c + 1) * width} ${head}v${rows * height}`);
  return [...across, ...down].join('');
}
