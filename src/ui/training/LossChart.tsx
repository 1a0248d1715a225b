/** The loss chart itself: at most a few hundred rows per commit, no animation (recharts draws SVG). */
import { memo } from 'react';
import {
  CartesianGrid,
  ComposedChart,
  ErrorBar,
  Line,
  ReferenceLine,
  ResponsiveContainer,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { ValidationPoint } from '../../store/live.ts';
import type { Point } from '../../store/series.ts';
import { compact, whole } from '../format.ts';

export interface LossRow {
  step: number;
  raw?: number;
  smooth?: number;
  validation?: number;
  standardError?: number;
}

/** One row per step that any curve has a point at, in order. */
export function lossRows(
  raw: readonly Point[],
  smooth: readonly Point[],
  validation: readonly ValidationPoint[],
): LossRow[] {
  const rows = new Map<number, LossRow>();
  const rowAt = (step: number): LossRow => {
    const row = rows.get(step) ?? { step };
    rows.set(step, row);
    return row;
  };
  for (const { x, y } of raw) rowAt(x).raw = y;
  for (const { x, y } of smooth) rowAt(x).smooth = y;
  for (const { step, bpc, standardError } of thinned(validation, 100)) {
    Object.assign(rowAt(step), { validation: bpc, standardError });
  }
  return [...rows.values()].sort((a, b) => a.step - b.step);
}

/** Every n-th point and the last, so that at most about `most` remain. */
function thinned<T>(points: readonly T[], most: number): T[] {
  const every = Math.ceil(points.length / most);
  return points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

interface LossChartProps {
  rows: LossRow[];
  floor: number | null;
  logSteps: boolean;
  showRaw: boolean;
}

const line = { isAnimationActive: false, dot: false, connectNulls: true, type: 'linear' } as const;
const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;

export const LossChart = memo(function LossChart({ rows, floor, logSteps, showRaw }: LossChartProps) {
  return (
    <div style={{ height: 320 }} data-testid="loss-chart">
      <ResponsiveContainer width="100%" height="100%" debounce={50}>
        <ComposedChart
          data={logSteps ? rows.filter((row) => row.step > 0) : rows}
          margin={{ top: 6, right: 12, bottom: 14, left: 6 }}
        >
          <CartesianGrid stroke="var(--chart-grid)" vertical={false} />
          <XAxis
            {...axis}
            dataKey="step"
            type="number"
            scale={logSteps ? 'log' : 'linear'}
            domain={logSteps ? ['dataMin', 'dataMax'] : [0, 'dataMax']}
            allowDataOverflow={logSteps}
            tickFormatter={compact}
            label={{
              value: 'step',
              position: 'insideBottom',
              offset: -10,
              fontSize: 12,
              fill: 'var(--mantine-color-dimmed)',
            }}
          />
          <YAxis
            {...axis}
            width={44}
            domain={[
              (low: number) => Math.floor(Math.min(low, floor ?? low) * 2) / 2,
              (high: number) => Math.ceil(high * 2) / 2,
            ]}
            tickFormatter={(value: number) => value.toFixed(1)}
            label={{
              value: 'bits per character',
              angle: -90,
              position: 'insideLeft',
              fontSize: 12,
              fill: 'var(--mantine-color-dimmed)',
              style: { textAnchor: 'middle' },
            }}
          />
          <Tooltip
            content={LossTooltip}
            isAnimationActive={false}
            cursor={{ stroke: 'var(--mantine-color-dimmed)', strokeDasharray: '3 3' }}
          />
          {floor !== null && <ReferenceLine y={floor} stroke="var(--mantine-color-dimmed)" strokeDasharray="4 3" />}
          {showRaw && <Line {...line} dataKey="raw" stroke="var(--chart-raw)" strokeWidth={1} activeDot={false} />}
          <Line {...line} dataKey={showRaw ? 'smooth' : 'raw'} stroke="var(--accent)" strokeWidth={2} />
          <Line
            {...line}
            dataKey="validation"
            stroke="var(--chart-validation)"
            strokeWidth={1.25}
            dot={{ r: 3, fill: 'var(--chart-validation)', strokeWidth: 0 }}
          >
            <ErrorBar
              dataKey="standardError"
              direction="y"
              width={4}
              stroke="var(--chart-validation)"
              isAnimationActive={false}
            />
          </Line>
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
});

interface LossTooltipProps {
  active?: boolean;
  payload?: readonly { payload?: LossRow }[];
}

function LossTooltip({ active, payload }: LossTooltipProps) {
  const row = payload?.[0]?.payload;
  if (!active || !row) return null;
  return (
    <div className="chart-tooltip tabular">
      <strong>step {whole(row.step)}</strong>
      {row.smooth !== undefined && <div>training, smoothed: {row.smooth.toFixed(3)}</div>}
      {row.raw !== undefined && <div>training: {row.raw.toFixed(3)}</div>}
      {row.validation !== undefined && (
        <div>
          validation: {row.validation.toFixed(3)} ± {(row.standardError ?? 0).toFixed(3)}
        </div>
      )}
    </div>
  );
}
