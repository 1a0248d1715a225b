/** Throughput over steps, live. */
import { Group } from '@mantine/core';
import { useRef, useState } from 'react';
import { compact, whole } from '../../base/format.ts';
import { leftOutWords } from '../../store/compare/leftOut.ts';
import { speedSeries } from '../../store/live.ts';
import { useRun } from '../../store/run.ts';
import { leftOutOfSeries, smoothed } from '../../store/series.ts';
import { speedCsv } from '../../store/trainFiles.ts';
import { useLive } from '../live.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { Contained } from '../parts/Contained.tsx';
import { Curve, useScales } from '../parts/Curve.tsx';
import { DataTable } from '../parts/DataTable.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { extentOf } from '../parts/extent.ts';
import { LeftOutNote } from '../parts/LeftOutNote.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { roundUp } from '../parts/ticks.ts';

export function SpeedPanel() {
  useLive();
  const [asTable, setAsTable] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const backend = useRun((run) => run.status?.backend ?? run.backend);
  const last = smoothed(speedSeries, 150, 0.8).at(-1);
  const now = last ? `${compact(last.y)} tokens` : 'Tokens';
  return (
    <Panel
      title="Throughput"
      note={`${now} per second on the ${backend === 'gpu' ? 'GPU' : 'CPU'}`}
      actions={
        <Group gap={4} wrap="nowrap">
          <ExportMenu
            of="Throughput"
            file="throughput"
            picture={picture}
            chart={holder}
            hasPicture={!asTable}
            csv={csv}
          />
          <TableSwitch of="Throughput" on={asTable} onChange={setAsTable} />
        </Group>
      }
    >
      {asTable ? (
        <DataTable
          caption="Tokens per second, smoothed"
          columns={['Step', 'Tokens per second']}
          rows={smoothed(speedSeries, 40, 0.8).map(({ x, y }) => [whole(x), compact(y)])}
          maxHeight={110}
        />
      ) : (
        <div ref={holder}>
          <Contained what="The chart" instead="Its table holds the same numbers; the run goes on.">
            <SpeedChart />
          </Contained>
        </div>
      )}
    </Panel>
  );
}

function SpeedChart() {
  useLive();
  const points = smoothed(speedSeries, 150, 0.8);
  const extent = extentOf(points.map(({ y }) => y));
  return (
    <>
      <ChartFrame
        height={110}
        xLow={0}
        xHigh={roundUp(Math.max(2, points.at(-1)?.x ?? 10))}
        yLow={0}
        yHigh={roundUp(extent?.[1] ?? 0)}
        yTicks={3}
      >
        {layer}
      </ChartFrame>
      <LeftOutNote words={leftOutWords({ ...leftOutOfSeries(speedSeries), notAbove0: 0 })} />
    </>
  );
}

function SpeedCurve() {
  useLive();
  const scales = useScales();
  if (!scales) return null;
  return <Curve points={smoothed(speedSeries, 150, 0.8)} scales={scales} colour="var(--accent)" width={1.5} />;
}

const picture = () => ({ title: 'Throughput by step', note: 'tokens per second', key: [] });
const csv = () => speedCsv(speedSeries);
const layer = <SpeedCurve />;
