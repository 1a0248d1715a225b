/** Global norm of the gradient over steps, live, on a logarithmic axis; the smoothed curve over the raw trace. */

import { Group } from '@mantine/core';
import { useCallback, useMemo, useRef, useState } from 'react';
import { three, whole } from '../../base/format.ts';
import { leftOutWords } from '../../store/compare/leftOut.ts';
import { gradientSeries } from '../../store/live.ts';
import { useRun } from '../../store/run.ts';
import { leftOutOfSeries, type Point, smoothed, trace } from '../../store/series.ts';
import { gradientCsv } from '../../store/trainFiles.ts';
import { useLive } from '../live.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { Contained } from '../parts/Contained.tsx';
import { Curve, useScales } from '../parts/Curve.tsx';
import { DataTable } from '../parts/DataTable.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { extentOf } from '../parts/extent.ts';
import { Help } from '../parts/Help.tsx';
import { LeftOutNote } from '../parts/LeftOutNote.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { logBounds, roundUp } from '../parts/ticks.ts';

/** Share of the past that the smoothed curve keeps per step. */
const decay = 0.9;

const help =
  'Length of the gradient over all weights, before clipping; steps above the dashed line are scaled down to it. A norm that grows for long, or leaps, warns of a loss that is about to diverge: lower the learning rate, or warm up longer.';

export function GradientPanel() {
  useLive();
  const [asTable, setAsTable] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const clip = useRun((run) => run.model?.experiment.training.clipNorm ?? null);
  const picture = useCallback(() => ({ title: 'Gradient norm by step', note: clipped(clip), key: [] }), [clip]);
  const now = Number.isFinite(gradientSeries.last) ? `${three(gradientSeries.last)}; ` : '';
  return (
    <Panel
      title="Gradient norm"
      note={`${now}${clipped(clip)}`}
      actions={
        <Group gap={4} wrap="nowrap">
          <ExportMenu
            of="Gradient norm"
            file="gradient-norm"
            picture={picture}
            chart={holder}
            hasPicture={!asTable}
            csv={csv}
          />
          <TableSwitch of="Gradient norm" on={asTable} onChange={setAsTable} />
          <Help topic="Gradient norm" text={help} />
        </Group>
      }
    >
      {asTable ? (
        <DataTable
          caption="Global norm of the gradient before clipping"
          columns={['Step', 'Gradient norm, smoothed']}
          rows={smoothed(gradientSeries, 40, decay).map(({ x, y }) => [whole(x), three(y)])}
          maxHeight={110}
        />
      ) : (
        <div ref={holder}>
          <Contained what="The chart" instead="Its table holds the same numbers; the run goes on.">
            <GradientChart clip={clip} />
          </Contained>
        </div>
      )}
    </Panel>
  );
}

function GradientChart({ clip }: { clip: number | null }) {
  useLive();
  const drawn = drawable(trace(gradientSeries, 300));
  const extent = extentOf(drawn.map(({ y }) => y));
  const [yLow, yHigh] = extent ? logBounds(extent[0], extent[1]) : [0.1, 10];
  const xHigh = roundUp(Math.max(2, drawn[drawn.length - 1]?.x ?? 10));
  const line = clip !== null && clip >= yLow && clip <= yHigh ? clip : null;
  const layers = useMemo(() => <Layers line={line} xHigh={xHigh} />, [line, xHigh]);
  return (
    <>
      <ChartFrame height={110} xLow={0} xHigh={xHigh} yLow={yLow} yHigh={yHigh} logY yTicks={3}>
        {layers}
      </ChartFrame>
      <LeftOutNote words={leftOutWords(leftOutOfSeries(gradientSeries))} />
    </>
  );
}

/** Inside the chart, where its scales are known; `line` is where gradients are clipped. */
function Layers({ line, xHigh }: { line: number | null; xHigh: number }) {
  useLive();
  const scales = useScales();
  if (!scales) return null;
  const across = line === null ? [] : [0, xHigh].map((x) => ({ x, y: line }));
  return (
    <g>
      <Curve points={across} scales={scales} colour="var(--mantine-color-dimmed)" width={1} dash="4 3" />
      <Curve points={drawable(trace(gradientSeries, 300))} scales={scales} colour="var(--chart-raw)" width={1} />
      <Curve
        points={drawable(smoothed(gradientSeries, 150, decay))}
        scales={scales}
        colour="var(--accent)"
        width={1.5}
      />
    </g>
  );
}

/** What a logarithmic axis has a place for. */
function drawable(points: readonly Point[]): Point[] {
  return points.filter(({ y }) => y > 0);
}

function clipped(clip: number | null): string {
  return clip === null ? 'before clipping' : `clipped above ${three(clip)}`;
}

const csv = () => gradientCsv(gradientSeries);
