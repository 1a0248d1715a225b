/** What is drawn inside a chart, each as a single SVG path on the scales of the chart. */
import { useMemo } from 'react';
import { usePlotArea, useXAxisScale, useYAxisScale } from 'recharts';
import { three } from '../../base/format.ts';
import type { Measured as MeasuredPoint } from '../../store/compare/curves.ts';
import type { Point } from '../../store/series.ts';

type Area = NonNullable<ReturnType<typeof usePlotArea>>;

/** From values to pixels. What has no place on a scale (0 on a logarithmic one) is undefined or not finite. */
export interface Scales {
  x(value: number): number | undefined;
  y(value: number): number | undefined;
  readonly area: Area;
}

/** The scales of the chart around, as recharts has them; null until it has been laid out. */
export function useScales(): Scales | null {
  const x = useXAxisScale();
  const y = useYAxisScale();
  const area = usePlotArea();
  return useMemo(
    () => (x && y && area ? { x: (value) => x(value) ?? undefined, y: (value) => y(value) ?? undefined, area } : null),
    [x, y, area],
  );
}

interface CurveProps {
  points: readonly Point[];
  scales: Scales;
  colour: string;
  width: number;
  dash?: string;
  opacity?: number;
}

/** A line through the points, in order. Points without a place on the scales are left out; a single one is a dot. */
export function Curve({ points, scales, colour, width, dash, opacity }: CurveProps) {
  let path = '';
  let count = 0;
  for (const point of points) {
    const px = scales.x(point.x);
    const py = scales.y(point.y);
    if (!isFinitePixel(px) || !isFinitePixel(py)) continue;
    path += `${count === 0 ? 'M' : 'L'}${written(px)} ${written(py)}`;
    count += 1;
  }
  // A round end makes a dot of a line without a length.
  if (count === 1) path += 'h0';
  return (
    <path
      d={path}
      fill="none"
      stroke={colour}
      strokeWidth={count === 1 ? 2.5 * width : width}
      strokeDasharray={count === 1 ? undefined : dash}
      strokeOpacity={opacity}
      strokeLinejoin="round"
      strokeLinecap={count === 1 ? 'round' : undefined}
    />
  );
}

interface MeasuredProps {
  points: readonly MeasuredPoint[];
  scales: Scales;
  colour: string;
  width?: number;
  dash?: string;
}

/** Measurements with their errors, where those are known: dots, bars and a line. */
export function Measured({ points, scales, colour, width = 1.25, dash }: MeasuredProps) {
  const { x, y, area } = scales;
  let dots = '';
  let bars = '';
  for (const point of points) {
    const px = x(point.x);
    const py = y(point.y);
    if (!isFinitePixel(px) || !isFinitePixel(py)) continue;
    dots += `M${written(px - 3)} ${written(py)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0`;
    if (!Number.isFinite(point.error) || point.error === 0) continue;
    const top = y(point.y + point.error);
    // A bar that reaches 0 has no end on a logarithmic axis: it goes on to the edge.
    const end = y(point.y - point.error);
    const bottom = isFinitePixel(end) ? end : area.y + area.height;
    if (!isFinitePixel(top)) continue;
    const reach = Number(written(bottom)) - Number(written(top));
    bars += `M${written(px)} ${written(top)}v${written(reach)}m-3 0h6m0 ${written(-reach)}h-6`;
  }
  return (
    <g>
      <Curve points={points} scales={scales} colour={colour} width={width} dash={dash} />
      <path d={bars} stroke={colour} strokeWidth={1.25} fill="none" />
      <path d={dots} fill={colour} />
    </g>
  );
}

interface BandProps {
  points: readonly MeasuredPoint[];
  scales: Scales;
  colour: string;
}

/** The band of one error above and below a curve. */
export function Band({ points, scales, colour }: BandProps) {
  const edge = (side: 1 | -1) =>
    points.flatMap((point) => {
      const px = scales.x(point.x);
      const py = scales.y(point.y + side * point.error);
      return isFinitePixel(px) && isFinitePixel(py) ? [`${written(px)} ${written(py)}`] : [];
    });
  const corners = [...edge(1), ...edge(-1).reverse()];
  if (corners.length === 0) return null;
  return <path d={`M${corners.join('L')}Z`} fill={colour} fillOpacity={0.18} />;
}

/** A dashed line across the chart at the least loss that is possible; words at the edge where that is outside. */
export function Floor({ value, scales }: { value: number; scales: Scales }) {
  const { area } = scales;
  const y = scales.y(value);
  if (!isFinitePixel(y)) return null;
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

/** A pixel as it stands in a path. Far outside of every screen one is like the other, and numbers of paths have a largest. */
function written(pixel: number): string {
  return Math.min(1e5, Math.max(-1e5, pixel)).toFixed(1);
}
