/** Tokens per call and what is left hidden, a row per call; the row of the call on show is marked, and a row shows its call. */
import { ScrollArea, Table, UnstyledButton } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import { scrub, useDecode } from '../../store/decode.ts';
import { Panel } from '../parts/Panel.tsx';
import { type CallRow, callRows } from './callRows.ts';

const columns = { revealed: 'Revealed', edited: 'Edited', hiddenAgain: 'Hidden again', left: 'Left hidden' } as const;
type Column = keyof typeof columns;

export function CallsPanel() {
  const { frames, reasons, position, used } = useDecode();
  const rows = useMemo(() => callRows(frames, reasons), [frames, reasons]);
  const shown = Math.min(position, frames.length - 1);
  const viewport = useRef<HTMLDivElement>(null);
  useEffect(() => keepInSight(viewport.current, shown), [shown]);
  const isRead: Record<Column, boolean> = {
    revealed: true,
    edited: used.revision === 'edit',
    hiddenAgain: used.revision === 'remask',
    left: true,
  };
  const names = (Object.keys(columns) as Column[]).filter((name) => isRead[name]);
  return (
    <Panel title="Calls" note="Choose a call to show it.">
      <ScrollArea
        h={240}
        type="auto"
        viewportRef={viewport}
        viewportProps={{ tabIndex: 0, 'aria-label': 'Calls', role: 'group' }}
      >
        <Table fz="sm" verticalSpacing={2} className="calls-table tabular" stickyHeader>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Call</Table.Th>
              {names.map((name) => (
                <Table.Th key={name} scope="col">
                  {columns[name]}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a row is its place among the steps.
              <Row key={index} index={index} row={row} names={names} isShown={index === shown} most={rows[0].left} />
            ))}
          </Table.Tbody>
        </Table>
      </ScrollArea>
    </Panel>
  );
}

/** Scrolls the list, and only the list, where the row on show has left it. */
function keepInSight(list: HTMLDivElement | null, shown: number): void {
  const row = list?.querySelectorAll<HTMLElement>('tbody tr')[shown];
  if (!list || !row) return;
  const [top, bottom] = [row.offsetTop - list.scrollTop, row.offsetTop + row.offsetHeight - list.scrollTop];
  // The head of the table covers its first rows.
  if (top < row.offsetHeight || bottom > list.clientHeight) list.scrollTop = row.offsetTop - list.clientHeight / 2;
}

interface RowProps {
  index: number;
  row: CallRow;
  names: readonly Column[];
  isShown: boolean;
  /** Hidden at the start: the length of a whole bar. */
  most: number;
}

function Row({ index, row, names, isShown, most }: RowProps) {
  return (
    <Table.Tr data-shown={isShown || undefined}>
      <Table.Td>
        <UnstyledButton
          className="call-button"
          aria-label={`Show call ${row.call}`}
          aria-current={isShown || undefined}
          onClick={() => scrub(index)}
        >
          {row.call}
        </UnstyledButton>
      </Table.Td>
      {names.map((name) => (
        <Table.Td key={name}>
          <span className="call-figure">{row[name]}</span>
          <span
            className="call-bar"
            aria-hidden="true"
            style={{ width: `calc((100% - 3em) * ${most > 0 ? row[name] / most : 0})` }}
          />
        </Table.Td>
      ))}
    </Table.Tr>
  );
}
