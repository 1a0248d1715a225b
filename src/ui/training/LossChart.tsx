/** The loss chart's layers: raw trace, smoothed curve, validation, floor, and the hover that reads them. */

import { type PointerEvent, useMemo, useState } from 'react';
import { usePlotArea, useXAxisInverseScale, useXAxisScale } from 'recharts';
import { whole } from '../../base/format.ts';
import { thinned } from '../../store/compare/curves.ts';
import { type LeftOut, leftOutWords } from '../../store/compare/leftOut.ts';
import { live, lossSeries, type ValidationPoint } from '../../store/live.ts';
import { leftOutOfSeries, type Point, smoothed, trace } from '../../store/series.ts';
import { useLive } from '../live.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { Curve, Floor, Measured, useScales } from '../parts/Curve.tsx';
import { extentOf } from '../parts/extent.ts';
import { LeftOutNote } from '../parts/LeftOutNote.tsx';
import { roundUp } from '../parts/ticks.ts';

interface LossChartProps {
  /** Share of the past that the smoothed curve keeps per step; 0 draws the raw trace only. */
  decay: number;
  floor: number | null;
  logSteps: boolean;
}

export function LossChart({ decay, floor, logSteps }: LossChartProps) {
  useLive();
  const raw = trace(lossSeries, 400);
  const [yLow, yHigh] = heightOf([...raw.map(({ y }) => y), ...live.validation.map(({ bpc }) => bpc)], floor);
  const layers = useMemo(() => <Layers decay={decay} floor={floor} />, [decay, floor]);
  return (
    <div data-testid="loss-chart" data-points={lossSeries.total}>
      <ChartFrame
        height={320}
        xLow={logSteps ? 1 : 0}
        xHigh={roundUp(Math.max(2, raw[raw.length - 1]?.x ?? 10))}
        yLow={yLow}
        yHigh={yHigh}
        logX={logSteps}
        xTitle="step"
        yTitle="bits per character"
      >
        {layers}
      </ChartFrame>
      <LeftOutNote words={leftOutWords(leftOut(logSteps))} />
    </div>
  );
}

/** Halves around losses and the floor: an axis that ends there seldom has to change. */
export function heightOf(losses: readonly number[], floor: number | null): [number, number] {
  const extent = extentOf(losses);
  if (!extent) return [0, 8];
  const low = Math.floor(2 * Math.min(extent[0], floor ?? extent[0])) / 2;
  const high = Math.ceil(2 * Math.max(extent[1], floor ?? extent[1])) / 2;
  return [low, high > low ? high : low + 0.5];
}

/** What the chart has no place for; validation begins at step 0, which no logarithmic axis has. */
function leftOut(logSteps: boolean): LeftOut {
  const { notNumbers } = leftOutOfSeries(lossSeries);
  const isKnown = live.validation.map(({ step, bpc }) => Number.isFinite(step) && Number.isFinite(bpc));
  return {
    notNumbers: notNumbers + isKnown.filter((known) => !known).length,
    notAbove0: logSteps ? live.validation.filter(({ step }, i) => isKnown[i] && step <= 0).length : 0,
    errors: live.validation.filter(({ standardError }, i) => isKnown[i] && !Number.isFinite(standardError)).length,
  };
}

/** Inside the chart, where its scales are known. */
function Layers({ decay, floor }: Omit<LossChartProps, 'logSteps'>) {
  useLive();
  const scales = useScales();
  if (!scales) return null;
  const raw = trace(lossSeries, 400);
  const main = decay === 0 ? raw : smoothed(lossSeries, 200, decay);
  const validation = thinned(live.validation, 100);
  return (
    <g>
      {floor !== null && <Floor value={floor} scales={scales} />}
      {decay > 0 && <Curve points={raw} scales={scales} colour="var(--chart-raw)" width={1} />}
      <Curve points={main} scales={scales} colour="var(--accent)" width={2} />
      <Measured points={validation.map(asMeasured)} scales={scales} colour="var(--chart-validation)" />
      <Hover main={main} validation={validation} />
    </g>
  );
}

/** Reads the curves at the pointer. The same numbers stand in the table behind the chart. */
function Hover({ main, validation }: { main: readonly Point[]; validation: readonly ValidationPoint[] }) {
  const [step, setStep] = useState<number | null>(null);
  const area = usePlotArea();
  const stepAt = useXAxisInverseScale();
  const xOf = useXAxisScale();
  if (!area || !stepAt || !xOf) return null;
  const follow = (event: PointerEvent<SVGRectElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    setStep(Number(stepAt(area.x + event.clientX - box.left)));
  };
  const point = step === null ? undefined : main.findLast(({ x }) => x <= step);
  const measured = point && validation.findLast((candidate) => candidate.step <= point.x);
  const x = point && xOf(point.x);
  const lines = point && [
    `step ${whole(point.x)}`,
    `training ${point.y.toFixed(3)}`,
    ...(measured ? [`validation ${measured.bpc.toFixed(3)} at ${whole(measured.step)}`] : []),
  ];
  return (
    <g data-export="skip">
      {lines && x !== undefined && <Readout x={x} lines={lines} area={area} />}
      <rect {...area} fill="transparent" onPointerMove={follow} onPointerLeave={() => setStep(null)} />
    </g>
  );
}

interface ReadoutProps {
  x: number;
  lines: readonly string[];
  area: { x: number; y: number; width: number; height: number };
}

function Readout({ x, lines, area }: ReadoutProps) {
  const width = 186;
  const left = x + width + 12 > area.x + area.width ? x - width - 8 : x + 8;
  return (
    <g fontSize={12}>
      <line
        x1={x}
        x2={x}
        y1={area.y}
        y2={area.y + area.height}
        stroke="var(--mantine-color-dimmed)"
        strokeDasharray="3 3"
      />
      <rect
        x={left}
        y={area.y + 4}
        width={width}
        height={lines.length * 18 + 10}
        rx={6}
        fill="var(--mantine-color-body)"
        stroke="var(--page-line)"
      />
      {lines.map((line, row) => (
        <text key={line} x={left + 10} y={area.y + 22 + row * 18} fill="currentColor" className="tabular">
          {line}
        </text>
      ))}
    </g>
  );
}

function asMeasured({ step, bpc, standardError }: ValidationPoint) {
  return { x: step, y: bpc, error: standardError };
}
