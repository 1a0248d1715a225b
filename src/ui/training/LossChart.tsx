/**
 * The loss chart: recharts draws the frame, the axes and the hover; the live curves are single SVG paths (`Curve`),
 * which keeps a commit cheap with hundreds of points.
 */
import { memo } from 'react';
import {
  CartesianGrid,
  ComposedChart,
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
import { Curve, Measured } from './Curve.tsx';

/** One row per point of the smoothed curve: what the hover reads. */
export interface LossRow {
  step: number;
  smooth: number;
}

interface LossChartProps {
  /** The raw trace; empty if only the smoothed curve is wanted. */
  raw: readonly Point[];
  rows: readonly LossRow[];
  validation: readonly ValidationPoint[];
  floor: number | null;
  logSteps: boolean;
}

const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;
const title = { fontSize: 12, fill: 'var(--mantine-color-dimmed)' } as const;

export const LossChart = memo(function LossChart({ raw, rows, validation, floor, logSteps }: LossChartProps) {
  const steps = stepDomain(rows, logSteps);
  return (
    <div style={{ height: 320 }} data-testid="loss-chart">
      <ResponsiveContainer width="100%" height="100%" debounce={50}>
        <ComposedChart data={rows as LossRow[]} margin={{ top: 6, right: 12, bottom: 14, left: 6 }}>
          <CartesianGrid stroke="var(--chart-grid)" vertical={false} />
          <XAxis
            {...axis}
            dataKey="step"
            type="number"
            scale={logSteps ? 'log' : 'linear'}
            domain={steps}
            allowDataOverflow
            tickFormatter={compact}
            label={{ ...title, value: 'step', position: 'insideBottom', offset: -10 }}
          />
          <YAxis
            {...axis}
            width={44}
            domain={lossDomain(raw, rows, validation, floor)}
            allowDataOverflow
            tickFormatter={(value: number) => value.toFixed(1)}
            label={{
              ...title,
              value: 'bits per character',
              angle: -90,
              position: 'insideLeft',
              style: { textAnchor: 'middle' },
            }}
          />
          <Tooltip
            content={(hover) => (
              <Hover row={hover.active ? hover.payload?.[0]?.payload : undefined} validation={validation} />
            )}
            isAnimationActive={false}
            cursor={{ stroke: 'var(--mantine-color-dimmed)', strokeDasharray: '3 3' }}
          />
          {floor !== null && <ReferenceLine y={floor} stroke="var(--mantine-color-dimmed)" strokeDasharray="4 3" />}
          <Curve points={raw} colour="var(--chart-raw)" width={1} />
          <Line
            dataKey="smooth"
            type="linear"
            stroke="var(--accent)"
            strokeWidth={2}
            dot={false}
            isAnimationActive={false}
          />
          <Measured points={validation} colour="var(--chart-validation)" />
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
});

function stepDomain(rows: readonly LossRow[], logSteps: boolean): [number, number] {
  const last = rows[rows.length - 1]?.step ?? 1;
  return logSteps ? [Math.max(1, rows[0]?.step ?? 1), Math.max(2, last)] : [0, last];
}

/** All curves with room to the next half bit. */
function lossDomain(
  raw: readonly Point[],
  rows: readonly LossRow[],
  validation: readonly ValidationPoint[],
  floor: number | null,
): [number, number] {
  const values = [
    ...raw.map((point) => point.y),
    ...rows.map((row) => row.smooth),
    ...validation.map((point) => point.bpc),
  ];
  if (floor !== null) values.push(floor);
  if (values.length === 0) return [0, 8];
  return [Math.floor(Math.min(...values) * 2) / 2, Math.ceil(Math.max(...values) * 2) / 2];
}

function Hover({ row, validation }: { row: LossRow | undefined; validation: readonly ValidationPoint[] }) {
  if (!row) return null;
  const measured = validation.findLast((point) => point.step <= row.step);
  return (
    <div className="chart-tooltip tabular">
      <strong>step {whole(row.step)}</strong>
      <div>training: {row.smooth.toFixed(3)}</div>
      {measured && (
        <div>
          validation at step {whole(measured.step)}: {measured.bpc.toFixed(3)} ± {measured.standardError.toFixed(3)}
        </div>
      )}
    </div>
  );
}
