/** The chosen runs over each other: validation and training loss on the same x axis, with one key for both. */
import { SimpleGrid, Text } from '@mantine/core';
import { memo, useMemo } from 'react';
import { measureOf } from '../../config/objectives.ts';
import { hasAxis, xAxisNames } from '../../store/compare/axes.ts';
import { useComparison } from '../../store/compare/comparison.ts';
import type { ComparedRun } from '../../store/compare/groups.ts';
import { Panel } from '../parts/Panel.tsx';
import { ChartCard } from './ChartCard.tsx';
import { maxWithErrors } from './ChartLayers.tsx';
import { CurveControls } from './CurveControls.tsx';
import { Legend } from './Legend.tsx';
import { useEqual } from './useEqual.ts';
import { useLater } from './useLater.ts';
import { type DrawnLine, useLines } from './useLines.ts';

/** @param runs the chosen runs; keep the array while nothing changes */
export const CurvesPanel = memo(function CurvesPanel({ runs }: { runs: readonly ComparedRun[] }) {
  const { axis, logX, logY, byArm, reach } = useComparison();
  const lines = useLines(runs);
  const shown = useMemo(() => lines.filter(({ isHidden }) => !isHidden), [lines]);
  const floors = useEqual(floorsOf(runs));
  const axisNames = xAxisNames.filter((name) => name === axis || runs.some(({ record }) => hasAxis(record, name)));
  const drawn = useMemo(() => ({ lines: shown, axis, logX, logY, floors }), [shown, axis, logX, logY, floors]);
  const drawnLater = useLater(drawn);
  return (
    <Panel title="Curves" note={wordsFor(runs, lines.length)} actions={<CurveControls names={axisNames} />}>
      {runs.length === 0 ? (
        <Text size="sm" c="dimmed">
          Choose runs in the table below to see their curves over each other.
        </Text>
      ) : (
        <>
          <SimpleGrid cols={{ base: 1, lg: 2 }} spacing="lg">
            <ChartCard
              {...drawn}
              curve="validation"
              name="Validation loss"
              note={errorWords(byArm, lines, shown.length)}
            />
            <ChartCard
              {...drawnLater}
              curve="training"
              name="Training loss"
              note={`${reach > 0 ? `smoothed over ${100 * reach} % of a run${shown.length <= maxWithErrors ? ', raw traces faint' : ''}` : 'mean over the batches of each point'}${trainingWords(lines)}`}
            />
          </SimpleGrid>
          <Legend lines={lines} floors={floors} />
        </>
      )}
    </Panel>
  );
});

/** The entropies of the sources of the runs, each once. */
function floorsOf(runs: readonly ComparedRun[]): number[] {
  return [...new Set(runs.map(({ record }) => record.floorBpc).filter((floor) => floor !== null))];
}

function wordsFor(runs: readonly ComparedRun[], lines: number): string {
  const texts = new Set(runs.map(({ record }) => record.experiment.data.corpus));
  const counted = `${runs.length} ${runs.length === 1 ? 'run' : 'runs'}, ${lines} ${lines === 1 ? 'line' : 'lines'}`;
  return texts.size > 1 ? `${counted}. They learn from different texts: losses compare only within one text.` : counted;
}

/** Whose training curve is no estimate of what validation measures, and what it is instead. */
function trainingWords(lines: readonly DrawnLine[]): string {
  const labels = new Map<string, string[]>();
  for (const { shortLabel, runs } of lines) {
    const { training } = measureOf(runs[0].record.experiment);
    if (training !== null) labels.set(training, [...(labels.get(training) ?? []), shortLabel]);
  }
  return [...labels]
    .map(([training, of]) => {
      const whose = of.length === lines.length ? '' : ` of ${of.length > 3 ? `${of.length} lines` : of.join(', ')}`;
      return `; the training curve${whose} is ${training}: not what validation measures`;
    })
    .join('');
}

function errorWords(byArm: boolean, lines: readonly { errorKind: string }[], shown: number): string {
  const kinds = new Set(lines.map(({ errorKind }) => errorKind));
  const bars = [...kinds].map((kind) => (kind === 'seeds' ? 'over seeds' : 'over the held-out text')).join(' or ');
  const mean = byArm && kinds.has('seeds') ? 'mean of each arm ' : '';
  if (shown > maxWithErrors) return `${mean}; ${shown} lines, so their errors are in the table`.replace(/^; /, '');
  return `${mean}± 1 standard error ${bars}`;
}
