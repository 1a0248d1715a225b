/**
 * One chart of the comparison: lines on shared axes, and a cursor that stands at the same place in every chart. The
 * chart is a slider for the keyboard: arrow keys move the cursor, and its value tells what each line reads there.
 */
import { type KeyboardEvent, memo, useMemo } from 'react';
import { compact } from '../../base/format.ts';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { useCursor } from '../../store/compare/comparison.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { ChartLayers, Drawing } from './ChartLayers.tsx';
import { soundDomain } from './domain.ts';
import { placesOf, readingsAt } from './readings.ts';
import type { DrawnLine } from './useLines.ts';

interface ComparedChartProps {
  /** What the chart shows, in words. */
  name: string;
  /** The lines that are switched on. Keep the array while nothing changes. */
  lines: readonly DrawnLine[];
  curve: ChartCurve;
  axis: XAxisName;
  logX: boolean;
  logY: boolean;
  floors: readonly number[];
}

export const ComparedChart = memo(function ComparedChart(props: ComparedChartProps) {
  const { name, lines, curve, axis, logX, logY, floors } = props;
  const domain = useMemo(() => soundDomain(lines, curve, floors, logX, logY), [lines, curve, floors, logX, logY]);
  const drawing = useMemo(
    () => ({ lines, curve, axis, floors, domain, logX, logY }),
    [lines, curve, axis, floors, domain, logX, logY],
  );
  return (
    <CursorSlider name={name} lines={lines} curve={curve} axis={axis} high={domain.xHigh}>
      <Drawing value={drawing}>
        <ChartFrame
          height={300}
          {...domain}
          logX={logX}
          logY={logY}
          xTitle={xAxes[axis].title}
          yTitle="bits per character"
        >
          {layers}
        </ChartFrame>
      </Drawing>
    </CursorSlider>
  );
});

/** Always the same, so that the frame stays when only the lines change: they come through the context. */
const layers = <ChartLayers />;

interface CursorSliderProps extends Pick<ComparedChartProps, 'name' | 'lines' | 'curve' | 'axis'> {
  high: number;
  children: React.ReactNode;
}

function CursorSlider({ name, lines, curve, axis, high, children }: CursorSliderProps) {
  const x = useCursor((cursor) => cursor.x);
  // Only for who moves the cursor by keyboard: of hundreds of lines they are many.
  const places = useMemo(() => once(() => placesOf(lines, curve)), [lines, curve]);
  const move = (event: KeyboardEvent) => {
    const to = placeFor(event.key, places, x);
    if (to === undefined) return;
    event.preventDefault();
    useCursor.setState({ x: to });
  };
  const words = (at: number) => {
    const readings = readingsAt(lines, curve, at);
    const said = readings.slice(0, mostSaid).map(({ label, text }) => `${label} ${text}`);
    const rest = readings.length - said.length;
    return `${xAxes[axis].title} ${compact(at)}: ${said.join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
  };
  return (
    <div
      className="compared-chart"
      role="slider"
      tabIndex={0}
      aria-label={`Cursor in ${name}`}
      aria-valuemin={0}
      aria-valuemax={high}
      aria-valuenow={x ?? 0}
      aria-valuetext={x === null ? 'nowhere; arrow keys move it' : words(x)}
      onKeyDown={move}
      data-testid={`chart-${curve}`}
      data-lines={lines.length}
      data-axis={axis}
    >
      {children}
    </div>
  );
}

/** Lines that the cursor says: more would be read aloud for minutes. */
const mostSaid = 12;

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Where a key takes the cursor; undefined for other keys. */
function placeFor(key: string, places: () => readonly number[], x: number | null): number | null | undefined {
  const at = x ?? Number.NEGATIVE_INFINITY;
  switch (key) {
    case 'ArrowRight':
    case 'ArrowUp':
      return places().find((place) => place > at) ?? places().at(-1) ?? null;
    case 'ArrowLeft':
    case 'ArrowDown':
      return places().findLast((place) => place < at) ?? places()[0] ?? null;
    case 'Home':
      return places()[0] ?? null;
    case 'End':
      return places().at(-1) ?? null;
    case 'Escape':
      return null;
    default:
      return undefined;
  }
}
