/**
 * The frame of a chart: axes and grid by recharts, drawn again only when a domain changes; the curves inside are
 * children (`Curve`) that may follow live data themselves, so that a commit costs one path each.
 */
import { memo, type ReactNode } from 'react';
import { CartesianGrid, ComposedChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { compact } from '../../base/format.ts';
import { digitsOf, logTicksOf, soundBounds, ticksOf } from './ticks.ts';

interface ChartFrameProps {
  height: number;
  /**
   * Domains as separate numbers, so that an unchanged frame compares as equal. What is no domain (not finite, no stretch,
   * not above 0 on a logarithmic axis) gives way to the nearest one.
   */
  xLow: number;
  xHigh: number;
  yLow: number;
  yHigh: number;
  logX?: boolean;
  logY?: boolean;
  xTitle?: string;
  yTitle?: string;
  /** About how many marks the y axis has. */
  yTicks?: number;
  /** Stable between renders, or the frame is drawn again. */
  children: ReactNode;
}

const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;
const title = { fontSize: 12, fill: 'var(--mantine-color-dimmed)' } as const;

export const ChartFrame = memo(function ChartFrame(props: ChartFrameProps) {
  const { height, logX = false, logY = false, children } = props;
  const [xLow, xHigh] = soundBounds(props.xLow, props.xHigh, logX);
  const [yLow, yHigh] = soundBounds(props.yLow, props.yHigh, logY);
  const { xTitle, yTitle, yTicks = 5 } = props;
  const marks = logY ? logTicksOf(yLow, yHigh, yTicks) : ticksOf(yLow, yHigh, yTicks);
  const yDigits = digitsOf(marks);
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
            ticks={logX ? logTicksOf(xLow, xHigh, 5) : ticksOf(xLow, xHigh, 5)}
            interval="preserveStartEnd"
            tickFormatter={compact}
            label={xTitle ? { ...title, value: xTitle, position: 'insideBottom', offset: -10 } : undefined}
          />
          <YAxis
            {...axis}
            dataKey="y"
            width={yTitle ? 54 : 46}
            scale={logY ? 'log' : 'linear'}
            domain={[yLow, yHigh]}
            allowDataOverflow
            // All of them: they are few, and to measure which would overlap takes a layout each.
            interval={0}
            ticks={marks}
            tickFormatter={(value: number) => (yDigits > 0 ? value.toFixed(yDigits) : compact(value))}
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
