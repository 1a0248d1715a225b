/** Inside a compared chart, where its scales are known: raw traces, lines with bands or bars, floors, the cursor. */
import { createContext, memo, type PointerEvent, useContext } from 'react';
import { usePlotArea, useXAxisInverseScale, useXAxisScale } from 'recharts';
import { compact } from '../../base/format.ts';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { useCursor } from '../../store/compare/comparison.ts';
import { thinned } from '../../store/compare/curves.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import { Band, Curve, Floor, Measured } from '../parts/Curve.tsx';
import { Readout } from './Readout.tsx';
import { readingsAt } from './readings.ts';
import type { DrawnLine } from './useLines.ts';

interface DrawingProps {
  lines: readonly DrawnLine[];
  curve: ChartCurve;
  axis: XAxisName;
  floors: readonly number[];
}

/** What the layers of a chart draw; null outside of one. */
export const Drawing = createContext<DrawingProps | null>(null);

/** Points of all lines of a chart together, and of all raw traces. */
const chartPoints = 2000;
/** Points of one line, and of all raw traces of a line together: more would not be seen, fewer would be. */
const [leastPoints, mostPoints] = [60, 300];
/** Above this many validations error bars would touch: a band takes their place. */
const maxBars = 40;

export function ChartLayers() {
  const drawing = useContext(Drawing);
  if (!drawing) return null;
  const { lines, curve, axis, floors } = drawing;
  const points = Math.max(leastPoints, Math.min(mostPoints, Math.floor(chartPoints / Math.max(1, lines.length))));
  return (
    <g>
      {floors.map((floor) => (
        <Floor key={floor} value={floor} />
      ))}
      {curve === 'training' && lines.map((line) => <RawTraces key={line.key} line={line} most={points} />)}
      {lines.map((line) => (
        <Line key={line.key} line={line} curve={curve} most={points} />
      ))}
      <Cursor lines={lines} curve={curve} axis={axis} />
    </g>
  );
}

interface LineProps {
  line: DrawnLine;
  /** Points to draw at most. */
  most: number;
}

const RawTraces = memo(function RawTraces({ line, most }: LineProps) {
  const each = Math.floor(most / line.raw.length);
  return line.raw.map((points, i) => (
    <Curve
      key={line.runs[i].key}
      points={thinned(points, Math.max(2, each))}
      colour={line.colour}
      width={1}
      opacity={0.25}
    />
  ));
});

const Line = memo(function Line({ line, curve, most }: LineProps & { curve: ChartCurve }) {
  const points = thinned(line[curve], most);
  const withBars = curve === 'validation' && points.length <= maxBars;
  const hasBand = !withBars && points.some(({ error }) => error > 0);
  return (
    <g>
      {hasBand && <Band points={points} colour={line.colour} />}
      {withBars ? (
        <Measured points={points} colour={line.colour} width={2} dash={line.dash} />
      ) : (
        <Curve points={points} colour={line.colour} width={2} dash={line.dash} />
      )}
    </g>
  );
});

/** Follows the pointer, and shows at the place of the cursor (wherever it was moved) what each line reads. */
function Cursor({ lines, curve, axis }: Omit<DrawingProps, 'floors'>) {
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
