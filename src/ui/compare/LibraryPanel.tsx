/** What is kept on this machine: models of ended runs within a budget, and runs that can be continued. */
import { Button, Group, NumberInput, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { bytes, whole } from '../../base/format.ts';
import { setModelBudget } from '../../store/models.ts';
import { useRun } from '../../store/run.ts';
import { continueRun, forgetRun } from '../../store/session.ts';
import type { KeptSummary, Library, ModelSummary } from '../../worker/protocol.ts';
import { Help } from '../parts/Help.tsx';
import { Panel } from '../parts/Panel.tsx';
import { ModelActions } from './ModelActions.tsx';

const megabyte = 1e6;

export function LibraryPanel() {
  const library = useRun((run) => run.library);
  if (!library) return null;
  const { models, states, used } = library;
  return (
    <Panel
      title="Models on this machine"
      note={`${models.length} kept, ${bytes(used)} used`}
      actions={
        <Group gap={4} wrap="nowrap">
          <Budget library={library} />
          <Help
            topic="Models on this machine"
            text="A run that ends leaves its weights here, so that it can be decoded with, looked into or started from. When they take more than the budget, the oldest that are not pinned are removed, and you are told."
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
      {states.map((state) => (
        <Unfinished key={state.id} state={state} />
      ))}
    </Panel>
  );
}

function Models({ models }: { models: readonly ModelSummary[] }) {
  return (
    <Table.ScrollContainer minWidth={420}>
      <Table fz="sm" verticalSpacing={4} className="tabular" aria-label="Kept models">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Model</Table.Th>
            <Table.Th ta="right">Steps</Table.Th>
            <Table.Th ta="right">Size</Table.Th>
            <Table.Th>Ended</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {models.map((model) => (
            <Table.Tr key={model.id} data-testid="kept-model">
              <Table.Td>
                {model.name}
                {model.isPinned && (
                  <Text span size="xs" c="var(--accent)" ml={8}>
                    pinned
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">{whole(model.step)}</Table.Td>
              <Table.Td ta="right">{bytes(model.bytes)}</Table.Td>
              <Table.Td>{dateOf(model.savedAt)}</Table.Td>
              <Table.Td>
                <ModelActions model={model} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Unfinished({ state }: { state: KeptSummary }) {
  const { id, name, step, steps, savedAt, bytes: size } = state;
  return (
    <Group gap={8} mt="xs">
      <Text size="sm">
        {name} was left at step {whole(step)} of {whole(steps)} ({dateOf(savedAt)}, {bytes(size)}).
      </Text>
      <Button size="compact-xs" variant="light" aria-label={`Continue ${name}`} onClick={() => void continueRun(id)}>
        Continue
      </Button>
      <Button
        size="compact-xs"
        variant="subtle"
        color="gray"
        c="dimmed"
        aria-label={`Give ${name} up`}
        onClick={() => void forgetRun(id)}
      >
        Give it up
      </Button>
    </Group>
  );
}

function Budget({ library }: { library: Library }) {
  const [megabytes, setMegabytes] = useState<string | number>(library.budget / megabyte);
  const take = () => {
    const next = Number(megabytes) * megabyte;
    if (Number.isFinite(next) && next !== library.budget) void setModelBudget(next);
  };
  return (
    <NumberInput
      size="xs"
      w={116}
      aria-label="Budget for models, in megabytes"
      suffix=" MB"
      min={1}
      step={64}
      hideControls
      value={megabytes}
      onChange={setMegabytes}
      onBlur={take}
      onKeyDown={(event) => event.key === 'Enter' && take()}
    />
  );
}

function dateOf(milliseconds: number): string {
  return new Date(milliseconds).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}
