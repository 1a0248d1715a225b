/** The machine in one word; on click what it offers, how fast it is, and the choice between GPU and CPU. */
import { Button, Popover, SegmentedControl, Spoiler, Stack, Table, Text } from '@mantine/core';
import { compact, duration, sentence, three } from '../../base/format.ts';
import { useRun } from '../../store/run.ts';
import { switchBackend } from '../../store/session.ts';
import type { BackendKind, MachineReport, StepsPerSecond } from '../../worker/protocol.ts';

export function MachineBadge() {
  const machine = useRun((run) => run.machine);
  const backend = useRun((run) => run.backend);
  const openFailed = useRun((run) => run.openFailed);
  if (openFailed) return null;
  if (!machine || !backend) {
    return (
      <Button size="xs" variant="default" loading aria-label="Opening the engine">
        Machine
      </Button>
    );
  }
  return (
    <Popover width={360} position="bottom-end" shadow="md" withArrow trapFocus>
      <Popover.Target>
        <Button
          size="xs"
          px="sm"
          variant="default"
          fw={500}
          data-testid="machine-badge"
          miw={0}
          maw={260}
          style={{ flexShrink: 1 }}
          styles={{ label: { display: 'block', height: 'auto', textOverflow: 'ellipsis' } }}
        >
          {badgeText(machine, backend)}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label="This machine">
        <Details machine={machine} backend={backend} />
      </Popover.Dropdown>
    </Popover>
  );
}

function badgeText({ adapter, stepsPerSecond }: MachineReport, backend: BackendKind): string {
  const speed = stepsPerSecond[backend];
  const words = speed ? `, ${speedWords(speed)}` : '';
  if (!adapter) return `CPU, no WebGPU${words}`;
  if (backend === 'cpu') return `CPU${words}`;
  return `${adapter.isSoftware ? 'GPU, software' : `GPU, ${adapter.vendor || 'unnamed'}`}${words}`;
}

function Details({ machine, backend }: { machine: MachineReport; backend: BackendKind }) {
  const { adapter, whyNoGpu, stepsPerSecond, chosen } = machine;
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
          { value: 'gpu', label: optionText('GPU', stepsPerSecond.gpu), disabled: !adapter },
          { value: 'cpu', label: optionText('CPU', stepsPerSecond.cpu) },
        ]}
      />
      <Text size="xs" c="dimmed">
        Measured on whole training steps of the small preset. {reasonWords(machine)} {chosen.toUpperCase()} is used
        unless you switch.
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

function optionText(name: string, speed: StepsPerSecond | undefined): string {
  return speed ? `${name} · ${speedWords(speed)}` : name;
}

/** "43 steps/s", or why there is no such number. */
function speedWords(speed: StepsPerSecond): string {
  if (speed.kind === 'measured') return `${three(speed.stepsPerSecond)} steps/s`;
  switch (speed.why) {
    case 'not yet':
      return 'measuring';
    case 'stopped':
      return 'not measured';
    case 'clock stands still':
      return 'no clock to measure with';
    case 'took too long':
      return `no step within ${duration(speed.seconds)}`;
    case 'failed':
      return 'failed';
    default:
      return speed satisfies never;
  }
}

/** Which of the two was faster, where both are measured; what failed, in its own words. */
function reasonWords({ stepsPerSecond: { gpu, cpu } }: MachineReport): string {
  if (gpu?.kind === 'unmeasured' && gpu.why === 'failed') return `The GPU failed: ${sentence(gpu.message)}`;
  if (gpu?.kind !== 'measured' || cpu?.kind !== 'measured') return '';
  return `The ${gpu.stepsPerSecond >= cpu.stepsPerSecond ? 'GPU' : 'CPU'} was the faster one.`;
}
