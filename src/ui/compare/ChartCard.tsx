/** A chart with its title, its files, and the table behind it. */
import { Group, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { thinned, valueAt } from '../../store/compare/curves.ts';
import type { ChartCurve } from '../../store/compare/files.ts';
import { compact } from '../format.ts';
import { DataTable } from '../parts/DataTable.tsx';
import { TableSwitch } from '../parts/TableSwitch.tsx';
import { ChartMenu } from './ChartMenu.tsx';
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
  const { lines, curve, axis } = chart;
  const [asTable, setAsTable] = useState(false);
  const holder = useRef<HTMLDivElement>(null);
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
          <ChartMenu {...{ name, note, lines, curve, axis }} chart={holder} hasPicture={!asTable} />
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
          <ComparedChart name={name} {...chart} />
        )}
      </div>
    </div>
  );
}

function tableRows(lines: readonly DrawnLine[], curve: ChartCurve): string[][] {
  return thinned(placesOf(lines, curve), 40).map((place) => [
    compact(place),
    ...lines.map((line) => {
      const point = line[curve].find(({ x }) => x === place);
      if (point && point.error > 0) return `${point.y.toFixed(3)} ± ${point.error.toFixed(3)}`;
      return (point?.y ?? valueAt(line[curve], place))?.toFixed(3) ?? '';
    }),
  ]);
}
