/** What is kept on this machine: models of ended runs within a budget, and runs that can be continued. */
import { Group, Table, Text } from '@mantine/core';
import { bytes, dateOf, whole } from '../../base/format.ts';
import { runRef } from '../../config/modelRef.ts';
import { useConfiguration } from '../../store/configuration.ts';
import { useRun } from '../../store/run.ts';
import type { Library, ModelSummary } from '../../worker/protocol.ts';
import { Help } from '../parts/Help.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ModelActions } from './ModelActions.tsx';
import { ModelBudget } from './ModelBudget.tsx';
import { UnfinishedRuns } from './UnfinishedRuns.tsx';

export function LibraryPanel() {
  const library = useRun((run) => run.library);
  if (!library) return null;
  const { models, states, budget } = library;
  return (
    <Panel
      title="Models on this machine"
      note={wordsFor(library)}
      actions={
        <Group gap={4} wrap="nowrap">
          <ModelBudget budget={budget} taken={takenBy(models)} />
          <Help
            topic="Models on this machine"
            text="A run that ends leaves its weights here, so that it can be decoded with, looked into or started from. When they take more than their room, the oldest that are not pinned are removed, and you are told."
          />
        </Group>
      }
    >
      {models.length === 0 && states.length === 0 && (
        <Text size="sm" c="dimmed">
          None yet. A run that ends leaves its model here.
        </Text>
      )}
      {models.length > 0 && <Models models={models} />}
      {states.length > 0 && <UnfinishedRuns states={states} />}
    </Panel>
  );
}

/** On a phone steps and date stand under the name, so that the menu of each model is within reach. */
function Models({ models }: { models: readonly ModelSummary[] }) {
  return (
    <Table fz="sm" verticalSpacing={4} horizontalSpacing={8} className="tabular" aria-label="Kept models">
      <Table.Thead>
        <Table.Tr>
          <Table.Th scope="col">Model</Table.Th>
          <Table.Th scope="col" ta="right" visibleFrom="sm">
            Steps
          </Table.Th>
          <Table.Th scope="col" ta="right">
            Size
          </Table.Th>
          <Table.Th scope="col" visibleFrom="sm">
            Ended
          </Table.Th>
          <Table.Td />
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {models.map((model) => (
          <ModelRow key={model.id} model={model} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function ModelRow({ model }: { model: ModelSummary }) {
  const { id, name, step, savedAt, isPinned } = model;
  const isStart = useConfiguration(({ from }) => from === runRef(id));
  const marks = [isPinned && 'pinned', isStart && 'the next run starts from it'].filter(Boolean);
  return (
    <Table.Tr data-testid="kept-model">
      <Table.Td className="models-name">
        <Text size="sm" truncate title={name}>
          {name}
        </Text>
        <Text size="xs" c="dimmed" hiddenFrom="sm">
          {whole(step)} steps, {dateOf(savedAt)}
        </Text>
        {marks.length > 0 && (
          <Text size="xs" c="var(--accent)">
            {marks.join(', ')}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right" className="runs-cell" visibleFrom="sm">
        {whole(step)}
      </Table.Td>
      <Table.Td ta="right" className="runs-cell">
        {bytes(model.bytes)}
      </Table.Td>
      <Table.Td className="runs-cell" visibleFrom="sm">
        {dateOf(savedAt)}
      </Table.Td>
      <Table.Td w={44}>
        <ModelActions model={model} />
      </Table.Td>
    </Table.Tr>
  );
}

function wordsFor({ models, budget, used }: Library): string {
  const taken = takenBy(models);
  const words = `${models.length} kept, ${bytes(taken)} of ${bytes(budget)}`;
  return used > taken ? `${words}; runs to go on with, ${bytes(used - taken)}` : words;
}

const takenBy = (models: readonly ModelSummary[]): number => models.reduce((sum, { bytes }) => sum + bytes, 0);
