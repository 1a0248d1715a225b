/** The loss chart's layers: raw trace, smoothed curve, validation, floor, and the hover that reads them. */

import { type PointerEvent, useMemo, useState } from 'react';
import { usePlotArea, useXAxisInverseScale, useXAxisScale } from 'recharts';
import { whole } from '../../base/format.ts';
import { greatest, least } from '../../base/numbers.ts';
import { thinned } from '../../store/compare/curves.ts';
import { live, lossSeries, type ValidationPoint } from '../../store/live.ts';
import { type Point, smoothed, trace } from '../../store/series.ts';
import { useLive } from '../live.ts';
import { ChartFrame } from '../parts/ChartFrame.tsx';
import { Curve, Floor, Measured } from '../parts/Curve.tsx';
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
  const values = [...raw.map((point) => point.y), ...live.validation.map((point) => point.bpc)];
  const isEmpty = values.length === 0;
  if (floor !== null) values.push(floor);
  const [low, high] = isEmpty ? [0, 8] : [least(values), greatest(values)];
  const layers = useMemo(() => <Layers decay={decay} floor={floor} />, [decay, floor]);
  return (
    <div data-testid="loss-chart" data-points={lossSeries.total}>
      <ChartFrame
        height={320}
        xLow={logSteps ? 1 : 0}
        xHigh={roundUp(Math.max(2, raw[raw.length - 1]?.x ?? 10))}
        yLow={Math.floor(low * 2) / 2}
        yHigh={Math.ceil(high * 2) / 2}
        logX={logSteps}
        xTitle="step"
        yTitle="bits per character"
      >
        {layers}
      </ChartFrame>
    </div>
  );
}

/** Inside the chart, where its scales are known. */
function Layers({ decay, floor }: Omit<LossChartProps, 'logSteps'>) {
  useLive();
  const raw = trace(lossSeries, 400);
  const main = decay === 0 ? raw : smoothed(lossSeries, 200, decay);
  const validation = thinned(live.validation, 100);
  return (
    <g>
      {floor !== null && <Floor value={floor} />}
      {decay > 0 && <Curve points={raw} colour="var(--chart-raw)" width={1} />}
      <Curve points={main} colour="var(--accent)" width={2} />
      <Measured points={validation.map(asMeasured)} colour="var(--chart-validation)" />
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
