/** The settings in which the chosen runs differ: one column per configuration, what is unlike the first one marked. */
import { ScrollArea, Table, Text } from '@mantine/core';
import { memo } from 'react';
import { differencesAmong } from '../../store/compare/differences.ts';
import { type ComparedRun, groupRuns } from '../../store/compare/groups.ts';
import { Panel } from '../parts/Panel.tsx';

/** Drawn again only when the choice changes: a configuration does not, while its run goes on. */
export const DifferencesPanel = memo(
  function DifferencesPanel({ runs }: { runs: readonly ComparedRun[] }) {
    // Seeds of one configuration have the same settings: one column for all of them.
    const groups = groupRuns(runs, true);
    if (groups.length < 2) return null;
    const differences = differencesAmong(groups.map((group) => group.runs[0].record));
    return (
      <Panel
        title="What differs"
        note="Settings that are not the same in all chosen runs; marked where unlike the first"
      >
        {differences.length === 0 ? (
          <Text size="sm" c="dimmed">
            Nothing but the seed: the chosen runs have the same configuration.
          </Text>
        ) : (
          <ScrollArea.Autosize
            mah={340}
            type="auto"
            viewportProps={{ tabIndex: 0, 'aria-label': 'What differs', role: 'group' }}
          >
            <Table fz="xs" verticalSpacing={4} horizontalSpacing="xs" className="tabular runs-table" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">Setting</Table.Th>
                  {groups.map(({ key, label }) => (
                    <Table.Th key={key} scope="col">
                      {label}
                    </Table.Th>
                  ))}
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {differences.map(({ path, label, values }) => (
                  <Table.Tr key={path}>
                    <Table.Th scope="row" fw={500} title={path}>
                      {label}
                    </Table.Th>
                    {values.map((value, i) => (
                      <Table.Td key={groups[i].key} data-differs={value !== values[0] || undefined}>
                        {value}
                      </Table.Td>
                    ))}
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
      </Panel>
    );
  },
  (before, after) => namesOf(before.runs) === namesOf(after.runs),
);

function namesOf(runs: readonly ComparedRun[]): string {
  return runs.map(({ key, label }) => `${key} ${label}`).join('\n');
}
