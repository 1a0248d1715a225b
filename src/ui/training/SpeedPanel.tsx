/** Throughput over steps, live. */
import { Line, LineChart, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { speedSeries } from '../../store/live.ts';
import { useRun } from '../../store/run.ts';
import { smoothed } from '../../store/series.ts';
import { compact } from '../format.ts';
import { useLive } from '../live.ts';
import { Panel } from '../parts/Panel.tsx';

const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;

export function SpeedPanel() {
  useLive();
  const backend = useRun((run) => run.status?.backend ?? run.backend);
  const rows = smoothed(speedSeries, 120, 0.8);
  return (
    <Panel title="Throughput" note={`Tokens per second on the ${backend === 'gpu' ? 'GPU' : 'CPU'}`}>
      <div style={{ height: 96 }}>
        <ResponsiveContainer width="100%" height="100%" debounce={50}>
          <LineChart data={rows} margin={{ top: 4, right: 12, bottom: 0, left: 6 }} accessibilityLayer={false}>
            <XAxis {...axis} dataKey="x" type="number" domain={[0, 'dataMax']} tickFormatter={compact} />
            <YAxis {...axis} width={44} domain={[0, 'auto']} tickCount={3} tickFormatter={compact} />
            <Line
              dataKey="y"
              type="linear"
              stroke="var(--accent)"
              strokeWidth={1.5}
              dot={false}
              isAnimationActive={false}
            />
          </LineChart>
        </ResponsiveContainer>
      </div>
    </Panel>
  );
}
