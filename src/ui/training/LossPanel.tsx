/** Loss and validation in bits per character over steps, live; the smoothed curve over the raw trace. */
import { Group, NativeSelect, Switch } from '@mantine/core';
import { useCallback, useMemo, useRef, useState } from 'react';
import { measuredWords, whole } from '../../base/format.ts';
import { type Measure, measureOf } from '../../config/objectives.ts';
import { live, lossSeries, type ValidationPoint } from '../../store/live.ts';
import { type Run, useRun } from '../../store/run.ts';
import { smoothed } from '../../store/series.ts';
import { lossCsv } from '../../store/trainFiles.ts';
import { useLive } from '../live.ts';
import { Contained } from '../parts/Contained.tsx';
import { DataTable } from '../parts/DataTable.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { CurveKey, curveEntries } from './CurveKey.tsx';
import { LossChart } from './LossChart.tsx';

const smoothings = [
  { value: '0', label: 'Raw' },
  { value: '0.9', label: 'Smooth' },
  { value: '0.98', label: 'Smoother' },
];

export function LossPanel() {
  useLive();
  const [decay, setDecay] = useState('0.9');
  const [logSteps, setLogSteps] = useState(false);
  const [asTable, setAsTable] = useState(false);
  const model = useRun((run) => run.model);
  const floor = model?.floorBpc ?? null;
  const holder = useRef<HTMLDivElement>(null);
  const entries = useMemo(() => curveEntries(decay !== '0', floor), [decay, floor]);
  const picture = useCallback(() => ({ title: 'Loss by step', note: noteOf(model), key: entries }), [model, entries]);
  const csv = useCallback(() => lossCsv(lossSeries, Number(decay), live.validation), [decay]);
  return (
    <Panel
      title="Loss"
      note={noteOf(model)}
      actions={
        <Group gap="xs">
          <NativeSelect
            size="xs"
            aria-label="Smoothing"
            data={smoothings}
            value={decay}
            onChange={(event) => setDecay(event.currentTarget.value)}
          />
          <Switch
            size="xs"
            label="Log steps"
            checked={logSteps}
            onChange={(event) => setLogSteps(event.currentTarget.checked)}
          />
          <ExportMenu of="Loss" file="loss" picture={picture} chart={holder} hasPicture={!asTable} csv={csv} />
          <TableSwitch of="Loss" on={asTable} onChange={setAsTable} />
        </Group>
      }
    >
      {asTable ? (
        <DataTable
          caption="Loss in bits per character; validation with one standard error"
          columns={['Step', 'Training, smoothed', 'Validation']}
          rows={tableRows(Number(decay))}
        />
      ) : (
        <div ref={holder}>
          <Contained what="The chart" instead="Its table holds the same numbers; the run goes on.">
            <LossChart decay={Number(decay)} floor={floor} logSteps={logSteps} />
          </Contained>
          <CurveKey entries={entries} />
        </div>
      )}
    </Panel>
  );
}

/** The last validation and what it is. */
function noteOf(model: Run['model']): string {
  const measure = model && measureOf(model.experiment);
  const last = live.validation[live.validation.length - 1];
  return last
    ? `Validation ${measure?.name ?? ''} ${measuredWords(last.bpc, last.standardError)} at step ${whole(last.step)}${answered(last)}${trainingCurve(measure)}`
    : `${measure ? `${measure.name}: ${measure.about}` : 'In bits per character'}${trainingCurve(measure)}`;
}

/** Where the curve of training is not an estimate of what validation measures. */
function trainingCurve(measure: Measure | null): string {
  return measure?.training ? `; the training curve is ${measure.training}` : '';
}

/** Beside the bound, where the text is prompts with answers: how many of the held-out ones are answered exactly. */
function answered({ answers }: ValidationPoint): string {
  return answers ? `; ${(100 * answers.accuracy).toFixed(1)} % of ${answers.pairs} answers exactly right` : '';
}

function tableRows(decay: number): string[][] {
  const validation = new Map(live.validation.map((point) => [point.step, point]));
  const loss = new Map(smoothed(lossSeries, 40, decay).map((point) => [point.x, point.y]));
  const steps = [...new Set([...validation.keys(), ...loss.keys()])].sort((a, b) => a - b);
  return steps.map((step) => {
    const measured = validation.get(step);
    return [
      whole(step),
      loss.get(step)?.toFixed(3) ?? '',
      measured ? measuredWords(measured.bpc, measured.standardError) : '',
    ];
  });
}
