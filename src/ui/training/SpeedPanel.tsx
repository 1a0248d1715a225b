/** Throughput over steps, live. */
import { useRef } from 'react';
import { compact } from '../../base/format.ts';
import { speedSeries } from '../../store/live.ts';
import { useRun } from '../../store/run.ts';
import { smoothed } from '../../store/series.ts';
import { speedCsv } from '../../store/trainFiles.ts';
import { useLive } from '../live.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { Curve } from '../parts/Curve.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { Panel } from '../parts/Panel.tsx';
import { roundUp } from '../parts/ticks.ts';

export function SpeedPanel() {
  useLive();
  const holder = useRef<HTMLDivElement>(null);
  const backend = useRun((run) => run.status?.backend ?? run.backend);
  const points = smoothed(speedSeries, 150, 0.8);
  const highest = points.reduce((most, point) => Math.max(most, point.y), 0);
  const now = points.length > 0 ? `${compact(points[points.length - 1].y)} tokens` : 'Tokens';
  return (
    <Panel
      title="Throughput"
      note={`${now} per second on the ${backend === 'gpu' ? 'GPU' : 'CPU'}`}
      actions={<ExportMenu of="Throughput" file="throughput" picture={picture} chart={holder} hasPicture csv={csv} />}
    >
      <div ref={holder}>
        <ChartFrame
          height={110}
          xLow={0}
          xHigh={roundUp(Math.max(2, points[points.length - 1]?.x ?? 10))}
          yLow={0}
          yHigh={roundUp(highest)}
          yTicks={3}
        >
          {layer}
        </ChartFrame>
      </div>
    </Panel>
  );
}

function SpeedCurve() {
  useLive();
  return <Curve points={smoothed(speedSeries, 150, 0.8)} colour="var(--accent)" width={1.5} />;
}

const picture = () => ({ title: 'Throughput by step', note: 'tokens per second', key: [] });
const csv = () => speedCsv(speedSeries);
const layer = <SpeedCurve />;
