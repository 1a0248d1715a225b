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
            {columns.map((column, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name.
              <Table.Th key={i} scope="col">
                {column}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: two rows may be the same.
            <Table.Tr key={i}>
              {row.map((value, column) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two columns may have the same name.
                <Table.Td key={column}>{value}</Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </ScrollArea.Autosize>
  );
}
