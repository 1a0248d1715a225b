/** Inside a compared chart, where its scales are known: raw traces, lines with bands or bars, floors, the cursor. */
import { createContext, memo, type PointerEvent, useContext, useMemo } from 'react';
import { usePlotArea, useXAxisInverseScale, useXAxisScale } from 'recharts';
import { compact } from '../../base/format.ts';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { useCursor } from '../../store/compare/comparison.ts';
import { envelope, thinned } from '../../store/compare/curves.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import { Band, Curve, Floor, Measured, type Scales } from '../parts/Curve.tsx';
import type { Domain } from './domain.ts';
import { Readout } from './Readout.tsx';
import { readingsAt } from './readings.ts';
import type { DrawnLine } from './useLines.ts';

interface DrawingProps {
  lines: readonly DrawnLine[];
  curve: ChartCurve;
  axis: XAxisName;
  floors: readonly number[];
  domain: Domain;
  logX: boolean;
  logY: boolean;
}

/** What the layers of a chart draw; null outside of one. */
export const Drawing = createContext<DrawingProps | null>(null);

/** Points of all lines of a chart together, and of all raw traces. */
const chartPoints = 2000;
/** Points of one line, and of all raw traces of a line together: more would not be seen, fewer would be. */
const [leastPoints, mostPoints] = [60, 300];
/** Above this many validations error bars would touch: a band takes their place. */
const maxBars = 40;
/** Above this many lines their errors and raw traces would cover each other: the lines alone are drawn. */
export const maxWithErrors = 60;

export function ChartLayers() {
  const drawing = useContext(Drawing);
  const area = usePlotArea();
  const scales = useMemo(() => drawing && area && scalesOf(drawing, area), [drawing, area]);
  if (!drawing || !scales) return null;
  const { lines, curve, axis, floors } = drawing;
  const points = Math.max(leastPoints, Math.min(mostPoints, Math.floor(chartPoints / Math.max(1, lines.length))));
  const withErrors = lines.length <= maxWithErrors;
  return (
    <g>
      {floors.map((floor) => (
        <Floor key={floor} value={floor} scales={scales} />
      ))}
      {curve === 'training' &&
        withErrors &&
        lines.map((line) => <RawTraces key={line.key} line={line} most={points} scales={scales} />)}
      {lines.map((line) => (
        <Line key={line.key} line={line} curve={curve} most={points} scales={scales} withErrors={withErrors} />
      ))}
      <Cursor lines={lines} curve={curve} axis={axis} />
    </g>
  );
}

/**
 * The scales of the chart from its domain. Those that recharts hands out are the same, but come one rendering after the
 * lines, which would be drawn twice.
 */
function scalesOf({ domain, logX, logY }: DrawingProps, area: Scales['area']): Scales {
  const { xLow, xHigh, yLow, yHigh } = domain;
  const across = shareOf(xLow, xHigh, logX);
  const up = shareOf(yLow, yHigh, logY);
  return {
    x: (value) => area.x + across(value) * area.width,
    y: (value) => area.y + (1 - up(value)) * area.height,
    area,
  };
}

/** Where a value lies between two bounds, 0 to 1; not finite where a logarithm has no value. */
function shareOf(low: number, high: number, isLog: boolean): (value: number) => number {
  if (!isLog) return (value) => (value - low) / (high - low);
  const [from, to] = [Math.log(low), Math.log(high)];
  return (value) => (value > 0 ? (Math.log(value) - from) / (to - from) : Number.NaN);
}

interface LineProps {
  line: DrawnLine;
  /** Points to draw at most. */
  most: number;
  scales: Scales;
}

const RawTraces = memo(function RawTraces({ line, most, scales }: LineProps) {
  const each = Math.floor(most / line.raw.length);
  return line.raw.map((points, i) => (
    <Curve
      key={line.runs[i].key}
      points={envelope(points, Math.max(2, each))}
      scales={scales}
      colour={line.colour}
      width={1}
      opacity={0.25}
    />
  ));
});

const Line = memo(function Line(props: LineProps & { curve: ChartCurve; withErrors: boolean }) {
  const { line, curve, most, scales, withErrors } = props;
  const points = curve === 'validation' ? thinned(line.validation, most) : envelope(line.training, most);
  const { colour, dash } = line;
  const withBars = withErrors && curve === 'validation' && points.length <= maxBars;
  const hasBand = withErrors && !withBars && points.some(({ error }) => error > 0);
  return (
    <g>
      {hasBand && <Band points={points} scales={scales} colour={colour} />}
      {withBars ? (
        <Measured points={points} scales={scales} colour={colour} width={2} dash={dash} />
      ) : (
        <Curve points={points} scales={scales} colour={colour} width={withErrors ? 2 : 1.25} dash={dash} />
      )}
    </g>
  );
});

/** Follows the pointer, and shows at the place of the cursor (wherever it was moved) what each line reads. */
function Cursor({ lines, curve, axis }: Pick<DrawingProps, 'lines' | 'curve' | 'axis'>) {
  const x = useCursor((cursor) => cursor.x);
  const area = usePlotArea();
  const placeAt = useXAxisInverseScale();
  const pixelOf = useXAxisScale();
  if (!area || !placeAt || !pixelOf) return null;
  const follow = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    useCursor.setState({ x: Number(placeAt(area.x + event.clientX - box.left)) });
  };
  const pixel = x === null ? undefined : pixelOf(x);
  const isInside = pixel !== undefined && pixel >= area.x && pixel <= area.x + area.width;
  return (
    <g data-export="skip">
      {isInside && x !== null && (
        <Readout
          x={pixel}
          head={`${xAxes[axis].title} ${compact(x)}`}
          readings={readingsAt(lines, curve, x)}
          area={area}
        />
      )}
      <rect
        {...area}
        fill="transparent"
        style={{ touchAction: 'pan-y' }}
        onPointerMove={follow}
        onPointerLeave={() => useCursor.setState({ x: null })}
      />
    </g>
  );
}
