/** A chart with its title, its files, and the table behind it. */
import { Group, Text } from '@mantine/core';
import { useMemo, useRef, useState } from 'react';
import { compact, measuredWords, three } from '../../base/format.ts';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { thinned, valueAt } from '../../store/compare/curves.ts';
import { type ChartCurve, chartCsv, chartJson } from '../../store/compare/files.ts';
import { leftOutOf, leftOutWords } from '../../store/compare/leftOut.ts';
import { Contained } from '../parts/Contained.tsx';
import { DataTable } from '../parts/DataTable.tsx';
import { ExportMenu } from '../parts/ExportMenu.tsx';
import { LeftOutNote } from '../parts/LeftOutNote.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { ComparedChart } from './ComparedChart.tsx';
import { placesOf } from './readings.ts';
import type { DrawnLine } from './useLines.ts';

interface ChartCardProps {
  name: string;
  note: string;
  lines: readonly DrawnLine[];
  curve: ChartCurve;
  axis: XAxisName;
  logX: boolean;
  logY: boolean;
  floors: readonly number[];
}

export function ChartCard({ name, note, ...chart }: ChartCardProps) {
  const { lines, curve, axis, logX, logY, floors } = chart;
  const [asTable, setAsTable] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
  const leftOut = useMemo(
    () => leftOutWords(leftOutOf(lines, curve, axis, { logX, logY }), xAxes[axis].title),
    [lines, curve, axis, logX, logY],
  );
  return (
    <div style={{ minWidth: 0 }}>
      <Group justify="space-between" gap="xs" mb={4} wrap="nowrap" align="flex-start">
        <div>
          <Text component="h3" fz={14} fw={600} m={0}>
            {name}
          </Text>
          <Text fz={12} c="dimmed">
            {note}
          </Text>
        </div>
        <Group gap={4} wrap="nowrap">
          <ExportMenu
            of={name}
            file={`compare-${curve}-by-${axis}`}
            picture={() => ({
              title: `${name} by ${xAxes[axis].title}`,
              note: `${note}. ${leftOut}`,
              key: [...lines, ...floors.map(floorKey)],
            })}
            chart={holder}
            hasPicture={!asTable}
            csv={() => chartCsv(lines, curve, axis)}
            json={() => chartJson(lines, curve, axis)}
          />
          <TableSwitch of={name} on={asTable} onChange={setAsTable} />
        </Group>
      </Group>
      <div ref={holder}>
        {asTable ? (
          <DataTable
            caption={`${name} in bits per character, ${note}`}
            columns={[xAxes[axis].title, ...lines.map(({ label }) => label)]}
            rows={tableRows(lines, curve)}
            maxHeight={300}
          />
        ) : (
          <Contained what="The chart" instead="Its table holds the same numbers; a run goes on.">
            <ComparedChart name={name} {...chart} />
            <LeftOutNote words={leftOut} />
          </Contained>
        )}
      </div>
    </div>
  );
}

const floorKey = (floor: number) => ({
  label: `entropy of the source ${three(floor)}`,
  colour: 'var(--mantine-color-dimmed)',
  dash: '4 3',
});

function tableRows(lines: readonly DrawnLine[], curve: ChartCurve): string[][] {
  return thinned(placesOf(lines, curve), 40).map((place) => [
    compact(place),
    ...lines.map((line) => {
      const point = line[curve].find(({ x }) => x === place);
      if (point && point.error > 0) return measuredWords(point.y, point.error);
      return (point?.y ?? valueAt(line[curve], place))?.toFixed(3) ?? '';
    }),
  ]);
}
