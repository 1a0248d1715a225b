/** Live curves inside a recharts chart, each a single SVG path on the chart's own scales. */
import { useXAxisScale, useYAxisScale } from 'recharts';
import type { ValidationPoint } from '../../store/live.ts';
import type { Point } from '../../store/series.ts';

interface CurveProps {
  points: readonly Point[];
  colour: string;
  width: number;
}

/** A line through the points, in order. Points outside the x scale (step 0 on a log axis) are left out. */
export function Curve({ points, colour, width }: CurveProps) {
  const x = useXAxisScale();
  const y = useYAxisScale();
  if (!x || !y) return null;
  let path = '';
  for (const point of points) {
    const px = x(point.x);
    const py = y(point.y);
    if (!isFinitePixel(px) || !isFinitePixel(py)) continue;
    path += `${path === '' ? 'M' : 'L'}${px.toFixed(1)} ${py.toFixed(1)}`;
  }
  return <path d={path} fill="none" stroke={colour} strokeWidth={width} strokeLinejoin="round" />;
}

/** Measurements with their standard errors: dots, bars and a thin line. */
export function Measured({ points, colour }: { points: readonly ValidationPoint[]; colour: string }) {
  const x = useXAxisScale();
  const y = useYAxisScale();
  if (!x || !y) return null;
  let dots = '';
  let bars = '';
  for (const { step, bpc, standardError } of points) {
    const px = x(step);
    const py = y(bpc);
    const top = y(bpc + standardError);
    if (!isFinitePixel(px) || !isFinitePixel(py) || !isFinitePixel(top)) continue;
    const reach = py - top;
    dots += `M${(px - 3).toFixed(1)} ${py.toFixed(1)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
    bars += `M${px.toFixed(1)} ${top.toFixed(1)}v${(2 * reach).toFixed(1)}m-3 0h6m0 ${(-2 * reach).toFixed(1)}h-6`;
  }
  return (
    <g>
      <Curve points={points.map((point) => ({ x: point.step, y: point.bpc }))} colour={colour} width={1.25} />
      <path d={bars} stroke={colour} strokeWidth={1.25} fill="none" />
      <path d={dots} fill={colour} />
    </g>
  );
}

function isFinitePixel(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
