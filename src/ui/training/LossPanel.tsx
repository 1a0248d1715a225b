/** Loss and validation in bits per character over steps, live; the smoothed curve over the raw trace. */
import { Group, NativeSelect, Switch } from '@mantine/core';
import { useState } from 'react';
import { type Measure, measureOf } from '../../config/objectives.ts';
import { live, lossSeries, type ValidationPoint } from '../../store/live.ts';
import { useRun } from '../../store/run.ts';
import { smoothed } from '../../store/series.ts';
import { whole } from '../format.ts';
import { useLive } from '../live.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { Panel } from '../parts/Panel.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { CurveKey } from './CurveKey.tsx';
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
  const measure = model && measureOf(model.experiment);
  const last = live.validation[live.validation.length - 1];
  return (
    <Panel
      title="Loss"
      note={
        last
          ? `Validation ${measure?.name ?? ''} ${last.bpc.toFixed(3)} ± ${last.standardError.toFixed(3)} at step ${whole(last.step)}${answered(last)}${trainingCurve(measure)}`
          : `${measure ? `${measure.name}: ${measure.about}` : 'In bits per character'}${trainingCurve(measure)}`
      }
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
        <>
          <LossChart decay={Number(decay)} floor={floor} logSteps={logSteps} />
          <CurveKey smoothed={decay !== '0'} floor={floor} />
        </>
      )}
    </Panel>
  );
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
      measured ? `${measured.bpc.toFixed(3)} ± ${measured.standardError.toFixed(3)}` : '',
    ];
  });
}
