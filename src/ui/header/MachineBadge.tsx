/** The machine in one word; on click what it offers, how fast it is, and the choice between GPU and CPU. */
import { Button, Popover, SegmentedControl, Spoiler, Stack, Table, Text } from '@mantine/core';
import { compact, three } from '../../base/format.ts';
import { useRun } from '../../store/run.ts';
import { switchBackend } from '../../store/session.ts';
import type { BackendKind, MachineReport } from '../../worker/protocol.ts';

export function MachineBadge() {
  const machine = useRun((run) => run.machine);
  const backend = useRun((run) => run.backend);
  const openFailed = useRun((run) => run.openFailed);
  if (openFailed) return null;
  if (!machine || !backend) {
    return (
      <Button size="xs" variant="default" loading aria-label="Measuring this machine">
        Machine
      </Button>
    );
  }
  return (
    <Popover width={360} position="bottom-end" shadow="md" withArrow trapFocus>
      <Popover.Target>
        <Button size="xs" variant="default" fw={500} data-testid="machine-badge" maw={220}>
          {badgeText(machine, backend)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="This machine">
        <Details machine={machine} backend={backend} />
      </Popover.Dropdown>
    </Popover>
  );
}

function badgeText({ adapter }: MachineReport, backend: BackendKind): string {
  if (!adapter) return 'CPU, no WebGPU';
  if (backend === 'cpu') return 'CPU';
  return adapter.isSoftware ? 'GPU, software' : `GPU, ${adapter.vendor || 'unnamed'}`;
}

function Details({ machine, backend }: { machine: MachineReport; backend: BackendKind }) {
  const { adapter, whyNoGpu, gflops, chosen } = machine;
  return (
    <Stack gap="sm">
      {adapter ? (
        <div>
          <Text fw={600} size="sm">
            {adapter.description ||
              [adapter.vendor, adapter.architecture].filter(Boolean).join(' ') ||
              'Unnamed adapter'}
          </Text>
          <Text size="xs" c="dimmed">
            {adapter.description && `${adapter.vendor} ${adapter.architecture} · `}
            {adapter.isSoftware ? 'a software adapter: it runs on the processor' : 'a hardware adapter'}
          </Text>
        </div>
      ) : (
        <div>
          <Text fw={600} size="sm">
            This browser offers no WebGPU adapter
          </Text>
          <Text size="sm">{whyNoGpu}</Text>
          <Text size="sm" mt={4}>
            Training and decoding run on the processor instead.
          </Text>
        </div>
      )}
      <SegmentedControl
        aria-label="Backend"
        fullWidth
        size="xs"
        value={backend}
        onChange={(value) => void switchBackend(value as BackendKind)}
        data={[
          { value: 'gpu', label: `GPU ${speedOf(gflops.gpu)}`, disabled: !adapter },
          { value: 'cpu', label: `CPU ${speedOf(gflops.cpu)}` },
        ]}
      />
      <Text size="xs" c="dimmed">
        Measured on a small matrix product, in billions of operations per second. {chosen.toUpperCase()} was the faster
        one and is used unless you switch.
      </Text>
      {adapter && (
        <Spoiler maxHeight={0} showLabel="Features and limits" hideLabel="Hide features and limits" fz="sm">
          <Text size="xs" mb={4}>
            Features: {adapter.features.join(', ') || 'none'}
          </Text>
          <Table fz="xs" verticalSpacing={2} className="tabular">
            <Table.Tbody>
              {Object.entries(adapter.limits).map(([name, value]) => (
                <Table.Tr key={name}>
                  <Table.Th scope="row" fw={400}>
                    {name}
                  </Table.Th>
                  <Table.Td ta="right">{compact(value)}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Spoiler>
      )}
    </Stack>
  );
}

function speedOf(gflops: number | undefined): string {
  return gflops === undefined ? '' : `· ${three(gflops)} GFLOP/s`;
}
