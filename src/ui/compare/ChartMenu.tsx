/** A chart and its numbers as files. */
import { Button, Menu } from '@mantine/core';
import type { RefObject } from 'react';
import { type XAxisName, xAxes } from '../../store/compare/axes.ts';
import { type ChartCurve, chartCsv, chartJson } from '../../store/compare/files.ts';
import { download } from '../parts/download.ts';
import { pngOf, svgOf } from '../parts/picture.ts';
import type { DrawnLine } from './useLines.ts';

interface ChartMenuProps {
  /** What the chart shows, for names and titles. */
  name: string;
  note: string;
  lines: readonly DrawnLine[];
  curve: ChartCurve;
  axis: XAxisName;
  /** Holds the chart; empty while the table is on show. */
  chart: RefObject<HTMLElement | null>;
  hasPicture: boolean;
}

export function ChartMenu({ name, note, lines, curve, axis, chart, hasPicture }: ChartMenuProps) {
  const file = `compare-${curve}-by-${axis}`;
  const svg = () =>
    chart.current && svgOf(chart.current, { title: `${name} by ${xAxes[axis].title}`, note, key: lines });
  const savePicture = async (kind: 'svg' | 'png') => {
    const text = svg();
    if (!text) return;
    if (kind === 'svg') download(`${file}.svg`, text, 'image/svg+xml');
    else download(`${file}.png`, await pngOf(text));
  };
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button variant="subtle" color="gray" c="dimmed" size="compact-xs" aria-label={`Export ${name}`}>
          Export
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item disabled={!hasPicture} onClick={() => void savePicture('svg')}>
          Picture (SVG)
        </Menu.Item>
        <Menu.Item disabled={!hasPicture} onClick={() => void savePicture('png')}>
          Picture (PNG)
        </Menu.Item>
        <Menu.Item onClick={() => download(`${file}.csv`, chartCsv(lines, curve, axis), 'text/csv')}>
          Data (CSV)
        </Menu.Item>
        <Menu.Item onClick={() => download(`${file}.json`, chartJson(lines, curve, axis), 'application/json')}>
          Data (JSON)
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
