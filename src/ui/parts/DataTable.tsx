/** The table behind a picture: the same numbers, for screen readers and for people who want to read them. */
import { ScrollArea, Table } from '@mantine/core';

interface DataTableProps {
  /** What the table shows, said before it. */
  caption: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  maxHeight?: number;
}

export function DataTable({ caption, columns, rows, maxHeight = 280 }: DataTableProps) {
  return (
    <ScrollArea.Autosize
      mah={maxHeight}
      type="auto"
      viewportProps={{ tabIndex: 0, 'aria-label': caption, role: 'group' }}
    >
      <Table fz="xs" verticalSpacing={3} horizontalSpacing="xs" className="tabular" stickyHeader captionSide="top">
        <Table.Caption mt={0} mb={4} ta="left">
          {caption}
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            {columns.map((column) => (
              <Table.Th key={column} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.join('\n')}>
              {row.map((value, column) => (
                <Table.Td key={columns[column]}>{value}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
