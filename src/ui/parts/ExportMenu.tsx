/** A chart and its numbers as files: a picture (SVG, PNG) of the chart in an element, and the data behind it. */
import { Button, Menu } from '@mantine/core';
import { memo, type RefObject } from 'react';
import { addProblem } from '../../store/run.ts';
import { download } from './download.ts';
import { type PictureText, pngOf, svgOf } from './picture.ts';

interface ExportMenuProps {
  /** What the chart shows, for the name of the button. */
  of: string;
  /** Name of the files without an ending. */
  file: string;
  /** What stands around the chart; this and the data are asked for when a person wants the file. */
  picture(): PictureText;
  /** Holds the chart. */
  chart: RefObject<HTMLElement | null>;
  /** False while a table stands in the place of the chart. */
  hasPicture: boolean;
  csv(): string;
  json?(): string;
}

/** Stays as it is beside a chart that follows a run, as long as its functions are the same. */
export const ExportMenu = memo(function ExportMenu(props: ExportMenuProps) {
  const { of, file, picture, chart, hasPicture, csv, json } = props;
  const savePicture = async (kind: 'svg' | 'png') => {
    if (!chart.current) return;
    try {
      const text = svgOf(chart.current, picture());
      if (kind === 'svg') download(`${file}.svg`, text, 'image/svg+xml');
      else download(`${file}.png`, await pngOf(text));
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The picture of ${of} could not be made: ${reason}`;
      addProblem({ kind: 'internal', message, action: 'The data behind it can be saved as CSV.' });
    }
  };
  return (
    <Menu position="bottom-end" withArrow>
      <Menu.Target>
        <Button variant="subtle" color="gray" c="dimmed" size="compact-xs" aria-label={`Export ${of}`}>
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
        <Menu.Item onClick={() => download(`${file}.csv`, csv(), 'text/csv')}>Data (CSV)</Menu.Item>
        {json && (
          <Menu.Item onClick={() => download(`${file}.json`, json(), 'application/json')}>Data (JSON)</Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
});
