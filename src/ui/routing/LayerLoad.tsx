/** The load of one layer as bars in the experts' colours, with the mean. */
import { Bar, BarChart, Cell, LabelList, ReferenceLine, ResponsiveContainer, XAxis, YAxis } from 'recharts';
import { three } from '../../base/format.ts';
import { useRouting } from '../../store/routing.ts';
import type { RouteReport } from '../../worker/protocol.ts';
import { expertColour } from '../colours.ts';
import { Panel } from '../parts/Panel.tsx';
import { loadOfLayer } from './routes.ts';

const axis = { fontSize: 12, stroke: 'var(--mantine-color-dimmed)', tickLine: false } as const;

export function LayerLoad({ report }: { report: RouteReport }) {
  const layer = Math.min(
    useRouting((state) => state.layer),
    report.layers.length - 1,
  );
  const { experts } = report;
  const load = loadOfLayer(report, layer);
  const mean = load.reduce((sum, value) => sum + value, 0) / experts;
  const rows = load.map((tokens, expert) => ({ expert, tokens }));
  return (
    <Panel
      title={`Load of layer ${report.layers[layer]}`}
      note={`Mean ${three(mean)} tokens per expert (dashed), imbalance (MaxVio) ${three(report.maxVio[layer])}`}
    >
      <div
        style={{ height: 200 }}
        role="img"
        aria-label={`Tokens per expert: ${load.map((tokens, expert) => `expert ${expert} ${three(tokens)}`).join(', ')}`}
      >
        <ResponsiveContainer width="100%" height="100%" debounce={50}>
          <BarChart data={rows} margin={{ top: 18, right: 8, bottom: 16, left: 0 }} accessibilityLayer={false}>
            <XAxis
              {...axis}
              dataKey="expert"
              label={{
                value: 'expert',
                position: 'insideBottom',
                offset: -10,
                fontSize: 12,
                fill: 'var(--mantine-color-dimmed)',
              }}
            />
            <YAxis {...axis} width={36} domain={[0, 'auto']} tickCount={4} />
            <ReferenceLine zIndex={50} y={mean} stroke="var(--mantine-color-text)" strokeDasharray="4 3" />
            <Bar dataKey="tokens" isAnimationActive={false} maxBarSize={48}>
              {rows.map(({ expert }) => (
                <Cell key={expert} fill={expertColour(expert)} />
              ))}
              {experts <= 32 && (
                <LabelList dataKey="tokens" position="top" fontSize={12} fill="currentColor" className="over-lines" />
              )}
            </Bar>
          </BarChart>
        </ResponsiveContainer>
      </div>
    </Panel>
  );
}
