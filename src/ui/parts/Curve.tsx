/** What is drawn inside a chart, each as a single SVG path on the chart's own scales. */
import { usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import { three } from '../../base/format.ts';
import type { Measured as MeasuredPoint } from '../../store/compare/curves.ts';
import type { Point } from '../../store/series.ts';

interface CurveProps {
  points: readonly Point[];
  colour: string;
  width: number;
  dash?: string;
  opacity?: number;
}

/** A line through the points, in order. Points outside the x scale (step 0 on a log axis) are left out. */
export function Curve({ points, colour, width, dash, opacity }: CurveProps) {
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
  return (
    <path
      d={path}
      fill="none"
      stroke={colour}
      strokeWidth={width}
      strokeDasharray={dash}
      strokeOpacity={opacity}
      strokeLinejoin="round"
    />
  );
}

interface MeasuredProps {
  points: readonly MeasuredPoint[];
  colour: string;
  width?: number;
  dash?: string;
}

/** Measurements with their errors: dots, bars and a line. */
export function Measured({ points, colour, width = 1.25, dash }: MeasuredProps) {
  const x = useXAxisScale();
  const y = useYAxisScale();
  if (!x || !y) return null;
  let dots = '';
  let bars = '';
  for (const point of points) {
    const px = x(point.x);
    const py = y(point.y);
    if (!isFinitePixel(px) || !isFinitePixel(py)) continue;
    dots += `M${(px - 3).toFixed(1)} ${py.toFixed(1)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
    const top = y(point.y + point.error);
    const bottom = y(point.y - point.error);
    if (point.error === 0 || !isFinitePixel(top) || !isFinitePixel(bottom)) continue;
    const reach = bottom - top;
    bars += `M${px.toFixed(1)} ${top.toFixed(1)}v${reach.toFixed(1)}m-3 0h6m0 ${(-reach).toFixed(1)}h-6`;
  }
  return (
    <g>
      <Curve points={points} colour={colour} width={width} dash={dash} />
      <path d={bars} stroke={colour} strokeWidth={1.25} fill="none" />
      <path d={dots} fill={colour} />
    </g>
  );
}

/** The band of one error above and below a curve. */
export function Band({ points, colour }: { points: readonly MeasuredPoint[]; colour: string }) {
  const x = useXAxisScale();
  const y = useYAxisScale();
  if (!x || !y) return null;
  const edge = (side: 1 | -1) =>
    points.flatMap((point) => {
      const px = x(point.x);
      const py = y(point.y + side * point.error);
      return isFinitePixel(px) && isFinitePixel(py) ? [`${px.toFixed(1)} ${py.toFixed(1)}`] : [];
    });
  const corners = [...edge(1), ...edge(-1).reverse()];
  if (corners.length === 0) return null;
  return <path d={`M${corners.join('L')}Z`} fill={colour} fillOpacity={0.18} />;
}

/** A dashed line across the chart at the least loss that is possible; words at the edge where that is outside. */
export function Floor({ value }: { value: number }) {
  const y = useYAxisScale()?.(value);
  const area = usePlotArea();
  if (y === undefined || !area) return null;
  const stroke = 'var(--mantine-color-dimmed)';
  const isBelow = y > area.y + area.height + 0.5;
  if (isBelow || y < area.y - 0.5) {
    return (
      <text
        data-floor=""
        x={area.x + 8}
        y={isBelow ? area.y + area.height - 7 : area.y + 14}
        fontSize={12}
        fill={stroke}
      >
        {isBelow ? `↓ floor ${three(value)}, below this chart` : `↑ floor ${three(value)}, above this chart`}
      </text>
    );
  }
  return (
    <line data-floor="" x1={area.x} x2={area.x + area.width} y1={y} y2={y} stroke={stroke} strokeDasharray="4 3" />
  );
}

function isFinitePixel(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
