/**
 * The frame of a live chart: axes and grid by recharts, drawn again only when a domain changes; the curves inside are
 * children that follow the live data themselves (`Curve`), so that a commit costs one path each.
 */
import { memo, type ReactNode } from 'react';
import { CartesianGrid, ComposedChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { compact } from '../format.ts';

interface LiveChartProps {
  height: number;
  /** Domains as separate numbers, so that an unchanged frame compares as equal. */
  xLow: number;
  xHigh: number;
  yLow: number;
  yHigh: number;
  logX?: boolean;
  xTitle?: string;
  yTitle?: string;
  /** About how many marks the y axis has. */
  yTicks?: number;
  yDigits?: number;
  /** Stable between renders, or the frame is drawn again. */
  children: ReactNode;
}

const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;
const title = { fontSize: 12, fill: 'var(--mantine-color-dimmed)' } as const;

export const LiveChart = memo(function LiveChart(props: LiveChartProps) {
  const { height, xLow, xHigh, yLow, yHigh, logX = false, xTitle, yTitle, yTicks = 5, yDigits, children } = props;
  // recharts wants data to lay out its axes: the corners of the frame.
  const corners = [
    { x: xLow, y: yLow },
    { x: xHigh, y: yHigh },
  ];
  return (
    <div style={{ height }}>
      <ResponsiveContainer width="100%" height="100%" debounce={50}>
        <ComposedChart
          data={corners}
          margin={{ top: 8, right: 14, bottom: xTitle ? 14 : 0, left: 6 }}
          accessibilityLayer={false}
        >
          <CartesianGrid stroke="var(--chart-grid)" vertical={false} />
          <XAxis
            {...axis}
            dataKey="x"
            type="number"
            scale={logX ? 'log' : 'linear'}
            domain={[xLow, xHigh]}
            allowDataOverflow
            ticks={logX ? powersOfTen(xHigh) : ticksOf(xLow, xHigh, 5)}
            interval="preserveStartEnd"
            tickFormatter={compact}
            label={xTitle ? { ...title, value: xTitle, position: 'insideBottom', offset: -10 } : undefined}
          />
          <YAxis
            {...axis}
            dataKey="y"
            width={46}
            domain={[yLow, yHigh]}
            allowDataOverflow
            ticks={ticksOf(yLow, yHigh, yTicks)}
            tickFormatter={(value: number) => (yDigits === undefined ? compact(value) : value.toFixed(yDigits))}
            label={
              yTitle
                ? { ...title, value: yTitle, angle: -90, position: 'insideLeft', style: { textAnchor: 'middle' } }
                : undefined
            }
          />
          {children}
        </ComposedChart>
      </ResponsiveContainer>
    </div>
  );
});

/** The least of a few round numbers that is not below `value`: an axis that ends there seldom has to change. */
export function roundUp(value: number): number {
  if (!(value > 0)) return 1;
  const scale = 10 ** Math.floor(Math.log10(value));
  const steps = [1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
  return scale * (steps.find((step) => step * scale >= value) ?? 10);
}

/** Multiples of a round step between two bounds, about `count` of them. */
export function ticksOf(low: number, high: number, count: number): number[] {
  const rough = (high - low) / count;
  const scale = 10 ** Math.floor(Math.log10(rough));
  const step = scale * ([1, 2, 2.5, 5, 10].find((candidate) => candidate * scale >= rough * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i += 1) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function powersOfTen(high: number): number[] {
  return Array.from({ length: Math.floor(Math.log10(high)) + 1 }, (_, power) => 10 ** power);
}
